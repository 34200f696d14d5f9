//! Where an axis begins and ends, and where it has marks.

use super::axis::Axis;
use crate::measure::number::short;
use crate::report::Scale;

/// About as many steps as an axis should have.
const STEPS: f64 = 5.0;
/// More decades than this, and only some of them have a label.
const DECADES_LABELLED_MAX: i32 = 8;
/// Up to as many decades there are labels within them too, at two and at five.
const DECADES_DIVIDED_MAX: f64 = 2.2;
/// What rounding may take from a power of ten.
const SLACK: f64 = 1e-9;

/// How values become places along an axis: themselves, or their exponents.
pub(super) struct Ruler {
    logarithmic: bool,
    /// The places at its ends.
    ends: (f64, f64),
    /// The places with a label.
    marks: Vec<f64>,
    /// The places of lines between them.
    between: Vec<f64>,
}

impl Ruler {
    /// Over all of `values` that have a place on an axis of that scale.
    pub(super) fn over(scale: &Scale, values: impl Iterator<Item = f64>) -> Self {
        match scale {
            Scale::Logarithmic => Self::logarithmic(values.filter(|value| *value > 0.0)),
            Scale::Linear | Scale::Names(_) => Self::linear(values),
        }
    }

    fn linear(values: impl Iterator<Item = f64>) -> Self {
        let (least, most) = values.fold((0.0, 0.0), |(least, most): (f64, f64), value| {
            (least.min(value), most.max(value))
        });
        let most = if least == most { 1.0 } else { most };
        let step = even_step((most - least) / STEPS);
        let (first, last) = ((least / step).floor() as i64, (most / step).ceil() as i64);
        let marks: Vec<_> = (first..=last).map(|at| at as f64 * step).collect();
        let ends = (first as f64 * step, last as f64 * step);
        Self { logarithmic: false, ends, marks, between: Vec::new() }
    }

    fn logarithmic(values: impl Iterator<Item = f64>) -> Self {
        let exponents: Vec<_> = values.map(f64::log10).collect();
        let least = exponents.iter().copied().reduce(f64::min).unwrap_or(0.0);
        let most = exponents.iter().copied().reduce(f64::max).unwrap_or(1.0);
        let low = divided(least, &[5.0, 2.0, 1.0]).find(|at| *at <= least + SLACK);
        let high = divided(most, &[1.0, 2.0, 5.0, 10.0]).find(|at| *at > most.max(least + SLACK));
        let ends = (low.unwrap_or(least.floor()), high.unwrap_or(most.floor() + 1.0));
        let marks = labelled(ends);
        let is_new = |at: &f64| marks.iter().all(|mark| (mark - at).abs() > SLACK);
        let between = within(ends, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
        let between = between.into_iter().filter(is_new).collect();
        Self { logarithmic: true, ends, marks, between }
    }

    /// Where `value` is; `None` when it has no place. What lies beyond an end is at the end.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let place = match self.logarithmic {
            true if value > 0.0 => value.log10(),
            true => return None,
            false => value,
        };
        Some(place.clamp(self.ends.0, self.ends.1))
    }

    /// Where `value` is, or the beginning of the axis.
    pub(super) fn place_or_begin(&self, value: f64) -> f64 {
        self.place(value).unwrap_or(self.ends.0)
    }

    /// The place that bars grow from.
    pub(super) fn ground(&self) -> f64 {
        if self.logarithmic { self.ends.0 } else { 0.0 }
    }

    /// The axis for the library that draws.
    pub(super) fn axis(&self) -> Axis {
        let (marks, between) = (self.marks.clone(), self.between.clone());
        Axis { ends: self.ends, marks, between }
    }

    /// What is written at a place.
    pub(super) fn label(&self, place: f64) -> String {
        short(if self.logarithmic { 10_f64.powf(place) } else { place })
    }

    /// The letters of the longest label.
    pub(super) fn label_letters_max(&self) -> usize {
        self.marks.iter().map(|mark| self.label(*mark).len()).max().unwrap_or(0)
    }
}

/// The next of 1, 2, 2.5, 5 and 10 times a power of ten.
fn even_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let factors = [1.0, 2.0, 2.5, 5.0];
    let factor = factors.into_iter().find(|factor| factor * power >= step * (1.0 - SLACK));
    factor.unwrap_or(10.0) * power
}

/// The exponents of `factors` in the decade that `exponent` is in.
fn divided(exponent: f64, factors: &[f64]) -> impl Iterator<Item = f64> {
    let decade = (exponent + SLACK).floor();
    factors.iter().map(move |factor| decade + factor.log10())
}

/// The exponents of `factors` times any power of ten, as far as they are within `ends`.
fn within(ends: (f64, f64), factors: &[f64]) -> Vec<f64> {
    let decades = ends.0.floor() as i32..=ends.1.floor() as i32;
    let all = decades.flat_map(|decade| divided(f64::from(decade), factors));
    all.filter(|at| (ends.0 - SLACK..=ends.1 + SLACK).contains(at)).collect()
}

fn labelled(ends: (f64, f64)) -> Vec<f64> {
    if ends.1 - ends.0 <= DECADES_DIVIDED_MAX {
        return within(ends, &[1.0, 2.0, 5.0]);
    }
    let decades = within(ends, &[1.0]);
    let every = decades.len().div_ceil(DECADES_LABELLED_MAX as usize);
    decades.into_iter().step_by(every).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, values: &[f64]) -> Vec<String> {
        let ruler = Ruler::over(&scale, values.iter().copied());
        ruler.marks.iter().map(|mark| ruler.label(*mark)).collect()
    }

    #[test]
    fn equal_steps_begin_at_zero_and_end_past_the_largest() {
        assert_eq!(labels(Scale::Linear, &[3.0, 11.0]), ["0", "2.5", "5", "7.5", "10", "12.5"]);
        assert_eq!(labels(Scale::Linear, &[100_000.0]), ["0", "20k", "40k", "60k", "80k", "100k"]);
        assert_eq!(labels(Scale::Linear, &[-1.0, 3.0]), ["-1", "0", "1", "2", "3"]);
    }

    #[test]
    fn an_axis_of_nothing_goes_to_one() {
        assert_eq!(labels(Scale::Linear, &[]).last().unwrap(), "1");
        assert_eq!(labels(Scale::Linear, &[0.0]).last().unwrap(), "1");
        assert_eq!(labels(Scale::Logarithmic, &[0.0]), ["1", "2", "5", "10", "20"]);
    }

    #[test]
    fn powers_of_ten_have_a_label_each() {
        assert_eq!(labels(Scale::Logarithmic, &[1.0, 9_000.0]), ["1", "10", "100", "1k", "10k"]);
    }

    #[test]
    fn few_decades_are_divided_and_many_are_thinned_out() {
        assert_eq!(labels(Scale::Logarithmic, &[30.0, 70.0]), ["20", "50", "100"]);
        assert!(labels(Scale::Logarithmic, &[1e-6, 1e9]).len() <= 8);
    }

    #[test]
    fn a_power_of_ten_alone_is_within_its_axis() {
        let ruler = Ruler::over(&Scale::Logarithmic, std::iter::once(1_000.0));
        assert!(ruler.ends.0 <= 3.0 && ruler.ends.1 > 3.0, "{:?}", ruler.ends);
    }

    #[test]
    fn zero_has_no_place_among_powers_of_ten() {
        let ruler = Ruler::over(&Scale::Logarithmic, [0.0, 10.0, 100.0].into_iter());
        assert_eq!(ruler.place(0.0), None);
        assert_eq!(ruler.place_or_begin(0.0), ruler.place(10.0).unwrap());
    }
}
