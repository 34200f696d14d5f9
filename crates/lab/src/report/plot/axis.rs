//! An axis as the library that draws knows it.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// An axis whose marks are given, not chosen by the library.
#[derive(Clone)]
pub(super) struct Axis {
    pub(super) ends: (f64, f64),
    /// Where there are lines with a label.
    pub(super) marks: Vec<f64>,
    /// Where there are lines without.
    pub(super) between: Vec<f64>,
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, place: &f64, (first, last): (i32, i32)) -> i32 {
        let share = (place - self.ends.0) / (self.ends.1 - self.ends.0);
        first + (f64::from(last - first) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.weight().allow_light_points() {
            true => self.between.clone(),
            false => self.marks.clone(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.ends.0..self.ends.1
    }
}
