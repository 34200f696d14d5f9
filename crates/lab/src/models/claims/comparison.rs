//! Whether one thing is more than another, as far as the rounds can tell.

use crate::measure::spread::Spread;

/// A difference that is smaller than this is none, however often it is measured.
const NOTICEABLE: f64 = 1.05;

/// How two figures stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The first one is larger in every round.
    More,
    /// The second one is.
    Less,
    /// The rounds disagree, or the difference is not worth the name.
    Alike,
}

impl Order {
    /// Of `one` to `other`, round by round.
    pub(super) fn of(one: &Spread, other: &Spread) -> Self {
        match one.ratio(other) {
            Some(ratio) if ratio.least() > 1.0 && ratio.median() >= NOTICEABLE => Self::More,
            Some(ratio) if ratio.most() < 1.0 && ratio.median() <= 1.0 / NOTICEABLE => Self::Less,
            _ => Self::Alike,
        }
    }
}

/// Whether `one` is at least `factor` times `other` in every round.
pub(super) fn is_times(one: &Spread, other: &Spread, factor: f64) -> bool {
    one.ratio(other).is_some_and(|ratio| ratio.least() >= factor)
}

/// How many times `other` is `one`, in words.
pub(super) fn times(one: &Spread, other: &Spread) -> String {
    one.ratio(other).map_or("an unknown number of".to_owned(), |ratio| format!("{ratio:.2}"))
        + " times"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(one: &[f64], other: &[f64]) -> Order {
        let spread = |rounds: &[f64]| Spread::of(rounds.iter().copied()).unwrap();
        Order::of(&spread(one), &spread(other))
    }

    #[test]
    fn a_difference_in_every_round_counts() {
        assert_eq!(order(&[20.0, 30.0], &[10.0, 20.0]), Order::More);
        assert_eq!(order(&[10.0, 20.0], &[20.0, 30.0]), Order::Less);
    }

    #[test]
    fn rounds_that_disagree_tell_nothing() {
        assert_eq!(order(&[20.0, 10.0], &[10.0, 20.0]), Order::Alike);
    }

    #[test]
    fn a_difference_that_nobody_would_notice_is_none() {
        assert_eq!(order(&[10.1, 10.2], &[10.0, 10.0]), Order::Alike);
        assert_eq!(order(&[10.0, 10.0], &[10.1, 10.2]), Order::Alike);
    }

    #[test]
    fn what_costs_nothing_cannot_be_compared_with() {
        assert_eq!(order(&[1.0], &[0.0]), Order::Alike);
        let (one, nothing) = (Spread::of([1.0]).unwrap(), Spread::of([0.0]).unwrap());
        assert!(!is_times(&one, &nothing, 2.0));
        assert_eq!(times(&one, &nothing), "an unknown number of times");
    }

    #[test]
    fn a_factor_has_to_be_there_in_every_round() {
        let spread = |rounds: [f64; 2]| Spread::of(rounds).unwrap();
        assert!(is_times(&spread([20.0, 30.0]), &spread([10.0, 10.0]), 2.0));
        assert!(!is_times(&spread([20.0, 30.0]), &spread([10.0, 16.0]), 2.0));
        assert_eq!(
            times(&spread([20.0, 30.0]), &spread([10.0, 10.0])),
            "2.50 (2.00 to 3.00) times"
        );
    }
}
