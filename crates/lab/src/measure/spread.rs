//! Figures of several rounds.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::measure::number::grouped;

/// What several rounds measured of one thing, and what lies in their middle.
///
/// Prints as `median (least to most)`, and as the figure alone after a single round; the precision is the
/// number of decimals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    median: f64,
    least: f64,
    most: f64,
    rounds: Vec<f64>,
    /// Which rounds those are, counted from zero. Empty when they are the first ones, without a gap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    numbers: Vec<usize>,
}

impl Spread {
    /// The spread of what the rounds measured, in their order; `None` when nothing was measured, or when
    /// something is no finite number, which has no place in an order.
    pub fn of(rounds: impl IntoIterator<Item = f64>) -> Option<Self> {
        Self::of_rounds(rounds.into_iter().enumerate())
    }

    /// Likewise, where some rounds measured nothing: each figure comes with the number of its round.
    pub fn of_rounds(rounds: impl IntoIterator<Item = (usize, f64)>) -> Option<Self> {
        let (mut numbers, rounds): (Vec<_>, Vec<_>) = rounds.into_iter().unzip();
        if numbers.iter().copied().eq(0..rounds.len()) {
            numbers.clear();
        }
        if !rounds.iter().all(|figure| figure.is_finite()) {
            return None;
        }
        let mut sorted = rounds.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let lower = if sorted.len().is_multiple_of(2) { sorted[middle - 1] } else { upper };
        let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
        Some(Self { median: f64::midpoint(lower, upper), least, most, rounds, numbers })
    }

    /// The middle one, or the mean of the two in the middle.
    pub fn median(&self) -> f64 {
        self.median
    }

    /// The smallest.
    pub fn least(&self) -> f64 {
        self.least
    }

    /// The largest.
    pub fn most(&self) -> f64 {
        self.most
    }

    /// What each round measured.
    pub fn rounds(&self) -> &[f64] {
        &self.rounds
    }

    /// The ratios of this to `other`, round by round: what both suffered in a round cancels out.
    pub fn ratio(&self, other: &Self) -> Option<Self> {
        self.paired(other, |one, other| one / other)
    }

    /// What `figure` makes of this and `other`, in each round that has both.
    pub fn paired(&self, other: &Self, figure: impl Fn(f64, f64) -> f64) -> Option<Self> {
        let of_other: BTreeMap<_, _> = other.numbered().collect();
        let pairs = self.numbered();
        Self::of_rounds(
            pairs.filter_map(|(round, one)| Some((round, figure(one, *of_other.get(&round)?)))),
        )
    }

    /// What `figure` makes of what each round measured.
    pub fn each(&self, figure: impl Fn(f64) -> f64) -> Option<Self> {
        Self::of_rounds(self.numbered().map(|(round, measured)| (round, figure(measured))))
    }

    /// What each round measured, with the number of the round.
    fn numbered(&self) -> impl Iterator<Item = (usize, f64)> {
        let figures = self.rounds.iter().copied().enumerate();
        figures.map(|(place, figure)| (self.numbers.get(place).copied().unwrap_or(place), figure))
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(0);
        let shown = |figure| grouped(figure, digits);
        f.write_str(&shown(self.median))?;
        match self.rounds.len() {
            1 => Ok(()),
            _ => write!(f, " ({} to {})", shown(self.least), shown(self.most)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_is_between_two() {
        let spread = Spread::of([4.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!(format!("{spread:.1}"), "2.5 (1.0 to 4.0)");
        assert_eq!(spread.rounds(), [4.0, 1.0, 2.0, 3.0]);
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn a_single_round_has_no_spread_to_show() {
        assert_eq!(Spread::of([12_345.6]).unwrap().to_string(), "12,346");
    }

    #[test]
    fn what_is_no_finite_number_was_not_measured() {
        assert_eq!(Spread::of([1.0, f64::NAN]), None);
        let (one, nothing) = (Spread::of([1.0]).unwrap(), Spread::of([0.0]).unwrap());
        assert_eq!(one.ratio(&nothing), None);
    }

    #[test]
    fn a_ratio_is_taken_within_each_round() {
        let one = Spread::of([200.0, 150.0, 400.0]).unwrap();
        let other = Spread::of([100.0, 50.0, 100.0]).unwrap();
        assert_eq!(one.ratio(&other).unwrap().rounds(), [2.0, 3.0, 4.0]);
    }

    #[test]
    fn only_figures_of_the_same_round_are_compared() {
        let all = Spread::of([100.0, 50.0, 100.0]).unwrap();
        let without_first = Spread::of_rounds([(1, 150.0), (2, 400.0)]).unwrap();
        assert_eq!(
            without_first.ratio(&all).unwrap(),
            Spread::of_rounds([(1, 3.0), (2, 4.0)]).unwrap()
        );
        assert_eq!(all.ratio(&Spread::of_rounds([(7, 1.0)]).unwrap()), None);
    }

    #[test]
    fn a_report_tells_which_rounds_are_missing_and_else_nothing_of_them() {
        let json = |spread: &Spread| serde_json::to_string(spread).unwrap();
        let (all, some) = (Spread::of([1.0, 2.0]).unwrap(), Spread::of_rounds([(1, 2.0)]).unwrap());
        assert!(!json(&all).contains("numbers"));
        assert_eq!(serde_json::from_str::<Spread>(&json(&all)).unwrap(), all);
        assert_eq!(serde_json::from_str::<Spread>(&json(&some)).unwrap(), some);
    }
}
