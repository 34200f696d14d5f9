//! What lines and bars have in common: the area, its axes, its grid.

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;
use super::palette::{FAINT, GRID, INK};
use super::{Drawn, WIDTH};

/// The size of text. The page's style says the family.
const TEXT: (&str, i32) = ("sans-serif", 16);
/// How wide a letter of that size is, on the average.
const LETTER_WIDTH: f64 = 6.8;
/// What stands between a label and its axis, and on its other side.
const LABEL_MARGIN: f64 = 16.0;
/// What the longest label may have.
pub(super) const LETTERS_MAX: usize = 44;

/// An area with axes, of a picture that is a string.
pub(super) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

/// An axis, its name, and how its marks are labelled.
pub(super) struct Side<'a> {
    pub(super) axis: Axis,
    pub(super) name: &'a str,
    pub(super) label: &'a dyn Fn(&f64) -> String,
    /// The letters of the longest label.
    pub(super) letters: usize,
    /// Whether a line goes through the chart at each mark.
    pub(super) grid: bool,
}

pub(super) type Area<'b> = DrawingArea<SVGBackend<'b>, Shift>;

/// The area of a picture of that height.
pub(super) fn area(svg: &mut String, height: u32) -> Area<'_> {
    SVGBackend::with_string(svg, (WIDTH, height)).into_drawing_area()
}

/// Draws the axes and the grid. `right` is left free to the right of them.
pub(super) fn chart<'a, 'b>(
    area: &'a Area<'b>,
    across: Side<'_>,
    upwards: Side<'_>,
    right: u32,
) -> Drawn<Chart<'a, 'b>> {
    let letters = upwards.letters.min(LETTERS_MAX) as f64;
    let labels = (letters * LETTER_WIDTH + LABEL_MARGIN) as u32;
    let mut chart = ChartBuilder::on(area)
        .margin_top(30)
        .margin_right(right)
        .margin_left(4)
        .margin_bottom(4)
        .x_label_area_size(48)
        .y_label_area_size(labels)
        .build_cartesian_2d(across.axis, upwards.axis)?;
    let mut mesh = chart.configure_mesh();
    if !upwards.grid {
        mesh.disable_y_mesh();
    }
    mesh.axis_style(GRID)
        .bold_line_style(GRID)
        .light_line_style(FAINT)
        .label_style(text())
        .axis_desc_style(text())
        .x_label_formatter(across.label)
        .y_label_formatter(upwards.label)
        .x_desc(across.name)
        .draw()?;
    // Lying above its axis, a name is read more easily than standing beside it.
    area.draw(&Text::new(upwards.name.to_owned(), (6, 6), text()))?;
    Ok(chart)
}

/// Ordinary text.
pub(super) fn text() -> TextStyle<'static> {
    TEXT.into_text_style(&(WIDTH, WIDTH)).color(&INK)
}

/// Text that begins at its point and is as high above it as below.
pub(super) fn beside() -> TextStyle<'static> {
    text().pos(Pos::new(HPos::Left, VPos::Center))
}

/// A line between two places, with a short one across at both; `across` is half of that, in pixels.
/// Nothing where both are the same.
pub(super) fn whisker(
    chart: &Chart<'_, '_>,
    ends: [(f64, f64); 2],
    across: (i32, i32),
    colour: &RGBColor,
) -> Drawn<()> {
    if ends[0] == ends[1] {
        return Ok(());
    }
    let area = chart.plotting_area();
    area.draw(&PathElement::new(ends, colour))?;
    for end in ends {
        let (x, y) = across;
        area.draw(&(EmptyElement::at(end) + PathElement::new([(-x, -y), (x, y)], colour)))?;
    }
    Ok(())
}
