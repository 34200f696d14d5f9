//! The colours and marks that tell series apart, also for those who see few colours and on paper.

use plotters::style::RGBColor;

/// Each colour on a light page, and what it becomes on a dark one. They differ in lightness as well as in
/// hue: the first seven are those of Okabe and Ito, without the yellow, which white paper swallows.
const COLOURS: [(RGBColor, RGBColor); 9] = [
    (RGBColor(0x00, 0x72, 0xB2), RGBColor(0x4F, 0xB0, 0xF0)),
    (RGBColor(0xD5, 0x5E, 0x00), RGBColor(0xFF, 0x8B, 0x3E)),
    (RGBColor(0x00, 0x9E, 0x73), RGBColor(0x32, 0xCB, 0x9C)),
    (RGBColor(0xCC, 0x79, 0xA7), RGBColor(0xEE, 0xA3, 0xCE)),
    (RGBColor(0xE6, 0x9F, 0x00), RGBColor(0xFF, 0xC9, 0x4A)),
    (RGBColor(0x56, 0xB4, 0xE9), RGBColor(0x9A, 0xDA, 0xFF)),
    (RGBColor(0x5B, 0x5B, 0x5B), RGBColor(0xC4, 0xC4, 0xC4)),
    (RGBColor(0x33, 0x22, 0x88), RGBColor(0xA8, 0x9B, 0xFF)),
    (RGBColor(0x88, 0x22, 0x55), RGBColor(0xE0, 0x6A, 0x9C)),
];

/// Text and whiskers.
pub(super) const INK: RGBColor = RGBColor(0x33, 0x3B, 0x44);
/// Lines of a grid that have a label.
pub(super) const GRID: RGBColor = RGBColor(0xD9, 0xDE, 0xE3);
/// Lines of a grid between those.
pub(super) const FAINT: RGBColor = RGBColor(0xEE, 0xF1, 0xF3);

const BACKGROUND: [(RGBColor, RGBColor); 3] = [
    (INK, RGBColor(0xC9, 0xD1, 0xD9)),
    (GRID, RGBColor(0x3A, 0x42, 0x4B)),
    (FAINT, RGBColor(0x25, 0x2B, 0x32)),
];

/// The outlines of the marks, in pixels around a point.
const MARKS: [&[(i32, i32)]; 4] = [
    &[(-2, -4), (2, -4), (4, -2), (4, 2), (2, 4), (-2, 4), (-4, 2), (-4, -2)],
    &[(-4, -4), (4, -4), (4, 4), (-4, 4)],
    &[(0, -5), (5, 4), (-5, 4)],
    &[(0, -6), (5, 0), (0, 6), (-5, 0)],
];

/// How a series is drawn.
#[derive(Clone, Copy)]
pub(in crate::report) struct Paint {
    pub(super) colour: RGBColor,
    pub(super) mark: &'static [(i32, i32)],
}

impl Paint {
    /// Of the series with that number. There are 36 that differ: nine colours with four marks.
    pub(in crate::report) fn of(series: usize) -> Self {
        let (colour, _) = COLOURS[series % COLOURS.len()];
        Self { colour, mark: MARKS[series % MARKS.len()] }
    }

    /// What stands for the series of a plot of lines in its legend.
    pub(in crate::report) fn line_key(self) -> String {
        let colour = hex(self.colour);
        let points = self.mark.iter().map(|(x, y)| format!("{x},{y} ")).collect::<String>();
        format!(
            "<svg class=\"key\" viewBox=\"-12 -7 24 14\" aria-hidden=\"true\">\
             <line x1=\"-12\" x2=\"12\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <polygon points=\"{}\" fill=\"{colour}\"/></svg>",
            points.trim_end()
        )
    }

    /// What stands for the series of a plot of bars in its legend.
    pub(in crate::report) fn bar_key(self) -> String {
        let colour = hex(self.colour);
        format!(
            "<svg class=\"key\" viewBox=\"-12 -7 24 14\" aria-hidden=\"true\">\
             <rect x=\"-7\" y=\"-6\" width=\"14\" height=\"12\" fill=\"{colour}\"/></svg>"
        )
    }
}

/// The rules of CSS that give every plot the colours of a dark page.
pub(in crate::report) fn dark_style() -> String {
    let rules = COLOURS.iter().chain(&BACKGROUND).map(|(light, dark)| {
        let (light, dark) = (hex(*light), hex(*dark));
        format!(
            "svg [fill=\"{light}\"] {{ fill: {dark} }} svg [stroke=\"{light}\"] {{ stroke: {dark} }}\n"
        )
    });
    rules.collect()
}

/// As the pictures have it.
fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn thirty_six_series_can_be_told_apart() {
        let paints = (0..36).map(|series| {
            let Paint { colour, mark } = Paint::of(series);
            (hex(colour), mark)
        });
        assert_eq!(paints.collect::<HashSet<_>>().len(), 36);
    }

    #[test]
    fn every_colour_has_another_on_a_dark_page() {
        let style = dark_style();
        for series in 0..COLOURS.len() {
            let colour = hex(Paint::of(series).colour);
            assert!(style.contains(&format!("[fill=\"{colour}\"]")), "{colour}");
            assert!(style.contains(&format!("[stroke=\"{colour}\"]")), "{colour}");
        }
    }
}
