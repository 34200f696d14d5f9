//! Whether one thing is more than another, as far as the rounds can tell.

use std::ops::RangeInclusive;

use super::{judgement, untold, verdict};
use crate::measure::spread::Spread;
use crate::report::Claim;

/// A difference that is smaller than this is none, however often it is measured.
const NOTICEABLE: f64 = 1.05;

/// How many times another figure one is: noticeably more.
pub(super) const MORE: RangeInclusive<f64> = NOTICEABLE..=f64::INFINITY;

/// Noticeably less.
pub(super) const LESS: RangeInclusive<f64> = f64::NEG_INFINITY..=1.0 / NOTICEABLE;

/// Less, or no more than nobody would notice.
pub(super) const NOT_MORE: RangeInclusive<f64> = f64::NEG_INFINITY..=NOTICEABLE;

/// What the rounds say of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// It is so in every round.
    So,
    /// It is not so in any round.
    NotSo,
    /// It is so in some rounds, and in others not.
    RoundsDisagree,
    /// No round measured both of what is compared.
    NothingInCommon,
}

impl Finding {
    /// Whether `one` is so many times `other`, round by round.
    pub(super) fn of(one: &Spread, other: &Spread, times: RangeInclusive<f64>) -> Self {
        let Some(ratio) = one.ratio(other) else { return Self::NothingInCommon };
        let is_so = |ratio: &&f64| times.contains(*ratio);
        match ratio.rounds().iter().filter(is_so).count() {
            0 => Self::NotSo,
            count if count == ratio.rounds().len() => Self::So,
            _ => Self::RoundsDisagree,
        }
    }

    /// Whether both are so. One that is not is enough to say no.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::NotSo, _) | (_, Self::NotSo) => Self::NotSo,
            (Self::So, other) => other,
            (unclear, _) => unclear,
        }
    }

    /// The claim that it is so; `figures` are those that were compared.
    pub(super) fn judged(self, claim: &str, figures: String) -> Claim {
        match self {
            Self::So | Self::NotSo => judgement(claim, figures, verdict(self == Self::So)),
            Self::RoundsDisagree => untold(claim, figures + " The rounds disagree."),
            Self::NothingInCommon => untold(claim, figures + " No round has a figure of both."),
        }
    }
}

/// From so many times on.
pub(super) fn at_least(factor: f64) -> RangeInclusive<f64> {
    factor..=f64::INFINITY
}

/// How many times `other` is `one`, in words.
pub(super) fn times(one: &Spread, other: &Spread) -> String {
    one.ratio(other).map_or("an unknown number of".to_owned(), |ratio| format!("{ratio:.2}"))
        + " times"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verdict;

    fn spread(rounds: &[f64]) -> Spread {
        Spread::of(rounds.iter().copied()).unwrap()
    }

    fn finding(one: &[f64], other: &[f64], times: RangeInclusive<f64>) -> Finding {
        Finding::of(&spread(one), &spread(other), times)
    }

    #[test]
    fn a_difference_in_every_round_counts() {
        assert_eq!(finding(&[20.0, 30.0], &[10.0, 20.0], MORE), Finding::So);
        assert_eq!(finding(&[20.0, 30.0], &[10.0, 20.0], LESS), Finding::NotSo);
        assert_eq!(finding(&[10.0, 20.0], &[20.0, 30.0], LESS), Finding::So);
        assert_eq!(finding(&[10.0, 20.0], &[20.0, 30.0], NOT_MORE), Finding::So);
    }

    #[test]
    fn rounds_that_disagree_tell_nothing() {
        assert_eq!(finding(&[20.0, 10.0], &[10.0, 20.0], MORE), Finding::RoundsDisagree);
        assert_eq!(finding(&[11.2, 11.2], &[13.2, 11.5], LESS), Finding::RoundsDisagree);
        assert_eq!(finding(&[0.99, 1.06, 1.12], &[1.0; 3], NOT_MORE), Finding::RoundsDisagree);
    }

    #[test]
    fn a_difference_that_nobody_would_notice_is_none() {
        assert_eq!(finding(&[10.1, 10.2], &[10.0, 10.0], MORE), Finding::NotSo);
        assert_eq!(finding(&[10.1, 10.2], &[10.0, 10.0], NOT_MORE), Finding::So);
        assert_eq!(finding(&[10.0, 10.0], &[10.1, 10.2], LESS), Finding::NotSo);
    }

    #[test]
    fn a_factor_has_to_be_there_in_every_round() {
        assert_eq!(finding(&[20.0, 30.0], &[10.0, 10.0], at_least(2.0)), Finding::So);
        assert_eq!(finding(&[20.0, 30.0], &[10.0, 16.0], at_least(2.0)), Finding::RoundsDisagree);
        assert_eq!(
            times(&spread(&[20.0, 30.0]), &spread(&[10.0, 10.0])),
            "2.50 (2.00 to 3.00) times"
        );
    }

    #[test]
    fn what_costs_nothing_cannot_be_compared_with() {
        assert_eq!(finding(&[1.0], &[0.0], MORE), Finding::NothingInCommon);
        assert_eq!(times(&spread(&[1.0]), &spread(&[0.0])), "an unknown number of times");
    }

    #[test]
    fn one_that_is_not_so_outweighs_those_that_nobody_can_tell() {
        use Finding::{NotSo, NothingInCommon, RoundsDisagree, So};
        assert_eq!(So.and(So), So);
        assert_eq!(RoundsDisagree.and(NotSo), NotSo);
        assert_eq!(NotSo.and(NothingInCommon), NotSo);
        assert_eq!(So.and(RoundsDisagree), RoundsDisagree);
        assert_eq!(NothingInCommon.and(So), NothingInCommon);
    }

    #[test]
    fn what_cannot_be_told_says_why() {
        let judged = |finding: Finding| finding.judged("It is.", "1 and 2.".to_owned());
        assert_eq!(judged(Finding::So).verdict, Verdict::Holds);
        assert_eq!(judged(Finding::NotSo).verdict, Verdict::DoesNotHold);
        let disagree = judged(Finding::RoundsDisagree);
        assert_eq!(disagree.verdict, Verdict::NotOnThisMachine);
        assert_eq!(disagree.figures, "1 and 2. The rounds disagree.");
        let apart = judged(Finding::NothingInCommon);
        assert_eq!(apart.verdict, Verdict::NotOnThisMachine);
        assert_eq!(apart.figures, "1 and 2. No round has a figure of both.");
    }
}
