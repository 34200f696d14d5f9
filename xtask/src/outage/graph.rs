//! The outage as a picture.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use super::Story;
use super::samples::Sample;
use crate::failure::{Failure, Result};

const SIZE: (u32, u32) = (900, 620);
const AWAY: RGBColor = RGBColor(246, 222, 222);
const LINE: RGBColor = RGBColor(38, 84, 124);

/// Draws it into an SVG file: writes acknowledged, records pending and the age of the oldest, over
/// time; the time without database is shaded.
pub(super) fn draw(file: &Path, story: &Story) -> Result<()> {
    drawn(file, story).map_err(|error| Failure::new(format!("{}: {error}", file.display())))
}

fn drawn(file: &Path, story: &Story) -> std::result::Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let parts = area.split_evenly((3, 1));
    let rates = rates(&story.samples);
    let pending = story.samples.iter().map(|sample| (seconds(sample), sample.pending as f64));
    let oldest =
        story.samples.iter().map(|sample| (seconds(sample), sample.oldest_ms as f64 / 1000.0));
    let panels: [(&str, Vec<(f64, f64)>); 3] = [
        ("writes acknowledged per second", rates),
        ("records pending", pending.collect()),
        ("age of the oldest, seconds", oldest.collect()),
    ];
    for (part, (title, points)) in parts.iter().zip(&panels) {
        panel(part, title, points, story)?;
    }
    area.present()?;
    Ok(())
}

fn panel(
    part: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    title: &str,
    points: &[(f64, f64)],
    story: &Story,
) -> std::result::Result<(), Box<dyn Error>> {
    let right = points.last().map_or(1.0, |(at, _)| *at);
    let top = points.iter().map(|(_, value)| *value).fold(1.0, f64::max) * 1.1;
    let mut chart = ChartBuilder::on(part)
        .caption(title, ("sans-serif", 16))
        .margin(8)
        .x_label_area_size(24)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..right, 0.0..top)?;
    let (gone, back) = (story.away.0.as_secs_f64(), story.away.1.as_secs_f64());
    chart.draw_series([Rectangle::new([(gone, 0.0), (back, top)], AWAY.filled())])?;
    chart.configure_mesh().disable_x_mesh().light_line_style(TRANSPARENT).x_labels(12).draw()?;
    chart.draw_series(LineSeries::new(points.iter().copied(), &LINE))?;
    Ok(())
}

/// Acknowledged writes per second, from sample to sample.
fn rates(samples: &[Sample]) -> Vec<(f64, f64)> {
    let rate = |pair: &[Sample]| {
        let lasted = seconds(&pair[1]) - seconds(&pair[0]);
        (seconds(&pair[1]), pair[1].written as f64 / lasted)
    };
    samples.windows(2).map(rate).collect()
}

fn seconds(sample: &Sample) -> f64 {
    sample.at.as_secs_f64()
}
