//! Series as groups of bars that lie, a group for each name.

use plotters::prelude::*;

use super::axis::Axis;
use super::chart::{Chart, LETTERS_MAX, Side, area, beside, chart, whisker};
use super::palette::{INK, Paint};
use super::ruler::Ruler;
use super::{Drawn, Plot};
use crate::measure::number::short;
use crate::report::{Point, Scale};

/// How high a bar is, and what is left free between two groups, in pixels.
const BAR: usize = 16;
const GAP: usize = 14;
/// What the axis below and the names of both take.
const AROUND: usize = 82;
/// Room for the figure behind the longest bar.
const FIGURE: u32 = 56;

/// Draws `plot` into `svg`, with these names on its first axis; the height of the picture.
pub(super) fn draw(plot: &Plot, names: &[String], svg: &mut String) -> Drawn<u32> {
    let group = plot.series.len().max(1) * BAR + GAP;
    let height = (names.len() * group + AROUND) as u32;
    let values = values(plot);
    let across = Ruler::over(&plot.y.scale, values.iter().copied());
    let rows = Rows { names, group: group as f64 };
    let area = area(svg, height);
    let labels = |place: &f64| across.label(*place);
    let name = |place: &f64| rows.name(*place);
    let below =
        Side { axis: across.axis(), name: &plot.y.name, label: &labels, letters: 0, grid: true };
    let letters = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let left = Side { axis: rows.axis(), name: &plot.x.name, label: &name, letters, grid: false };
    let chart = chart(&area, below, left, FIGURE)?;
    for (at, series) in plot.series.iter().enumerate() {
        for point in &series.points {
            let bar = Bar { point, paint: Paint::of(at), top: rows.top(point.x, at) };
            bar.draw(&chart, &across)?;
        }
    }
    area.present()?;
    Ok(height)
}

/// What the axis of the bars has to reach. Among powers of ten a bar needs some length even where it is
/// the shortest.
fn values(plot: &Plot) -> Vec<f64> {
    let points = plot.series.iter().flat_map(|series| &series.points);
    let values = points.flat_map(|point| [point.y.median(), point.y.least(), point.y.most()]);
    match plot.y.scale {
        Scale::Logarithmic => values.flat_map(|value| [value / 2.0, value]).collect(),
        Scale::Linear | Scale::Names(_) => values.collect(),
    }
}

/// The groups of bars, from the top down: the axis counts pixels below its zero.
struct Rows<'a> {
    names: &'a [String],
    group: f64,
}

impl Rows<'_> {
    fn axis(&self) -> Axis {
        let middles = (0..self.names.len()).map(|row| -(row as f64 + 0.5) * self.group);
        let length = self.names.len().max(1) as f64 * self.group;
        Axis { ends: (-length, 0.0), marks: middles.collect(), between: Vec::new() }
    }

    /// The name of the row with that middle, as far as there is room for it.
    fn name(&self, middle: f64) -> String {
        let row = (-middle / self.group) as usize;
        let name = self.names.get(row).map_or("", String::as_str);
        match name.char_indices().nth(LETTERS_MAX) {
            Some((end, _)) => format!("{}…", &name[..end]),
            None => name.to_owned(),
        }
    }

    /// Where the bar of a series begins in a row.
    fn top(&self, row: f64, series: usize) -> f64 {
        -(row * self.group + (GAP / 2 + series * BAR) as f64)
    }
}

/// A bar with its whisker, and its figure behind it.
struct Bar<'a> {
    point: &'a Point,
    paint: Paint,
    top: f64,
}

impl Bar<'_> {
    fn draw(&self, chart: &Chart<'_, '_>, across: &Ruler) -> Drawn<()> {
        let spread = &self.point.y;
        let Some(end) = across.place(spread.median()) else { return Ok(()) };
        let area = chart.plotting_area();
        let bottom = self.top - BAR as f64 + 2.0;
        let corners = [(across.ground(), self.top), (end, bottom)];
        area.draw(&Rectangle::new(corners, self.paint.colour.filled()))?;
        let middle = f64::midpoint(self.top, bottom);
        let [least, most] = [spread.least(), spread.most()].map(|end| across.place_or_begin(end));
        whisker(chart, [(least, middle), (most, middle)], (0, 3), &INK)?;
        let figure = Text::new(short(spread.median()), (6, 0), beside());
        area.draw(&(EmptyElement::at((most.max(across.ground()), middle)) + figure))?;
        Ok(())
    }
}
