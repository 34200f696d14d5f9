//! Series as lines, with a mark at each point and a whisker over what the rounds have measured.

use plotters::prelude::*;

use super::chart::{Chart, Side, area, chart, whisker};
use super::palette::Paint;
use super::ruler::Ruler;
use super::{Drawn, Plot, Series};
use crate::report::Point;

const HEIGHT: u32 = 400;
/// Draws `plot` into `svg`; the height of the picture.
pub(super) fn draw(plot: &Plot, svg: &mut String) -> Drawn<u32> {
    let points = || plot.series.iter().flat_map(|series| &series.points);
    let x = Ruler::over(&plot.x.scale, points().map(|point| point.x));
    let y = Ruler::over(
        &plot.y.scale,
        points().flat_map(|point| [point.y.least(), point.y.median(), point.y.most()]),
    );
    let area = area(svg, HEIGHT);
    let across = |place: &f64| x.label(*place);
    let upwards = |place: &f64| y.label(*place);
    let across =
        Side { axis: x.axis(), name: &plot.x.name, label: &across, letters: 0, grid: true };
    let letters = y.label_letters_max();
    let upwards = Side { axis: y.axis(), name: &plot.y.name, label: &upwards, letters, grid: true };
    let chart = chart(&area, across, upwards, 24)?;
    for (at, series) in plot.series.iter().enumerate() {
        Line { series, paint: Paint::of(at), x: &x, y: &y }.draw(&chart)?;
    }
    area.present()?;
    Ok(HEIGHT)
}

/// A series between two axes.
struct Line<'a> {
    series: &'a Series,
    paint: Paint,
    x: &'a Ruler,
    y: &'a Ruler,
}

impl Line<'_> {
    fn draw(&self, chart: &Chart<'_, '_>) -> Drawn<()> {
        let colour = self.paint.colour;
        let area = chart.plotting_area();
        let mut places = Vec::new();
        for point in &self.series.points {
            if let Some(place) = self.place(point) {
                let end = |figure| (place.0, self.y.place_or_begin(figure));
                whisker(chart, [end(point.y.least()), end(point.y.most())], (3, 0), &colour)?;
                places.push(place);
            }
        }
        area.draw(&PathElement::new(places.clone(), colour.stroke_width(2)))?;
        for place in places {
            let mark = Polygon::new(self.paint.mark, colour.filled());
            area.draw(&(EmptyElement::at(place) + mark))?;
        }
        Ok(())
    }

    fn place(&self, point: &Point) -> Option<(f64, f64)> {
        Some((self.x.place(point.x)?, self.y.place(point.y.median())?))
    }
}
