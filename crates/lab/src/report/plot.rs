//! A plot as SVG.
//!
//! Lines go over an axis of numbers. Over an axis of names there are bars, which lie, so that a name of any
//! length can be read beside them. The legend is not in the picture: the page sets it, as text that can
//! wrap.

mod axis;
mod bars;
mod chart;
mod lines;
mod palette;
mod ruler;

use super::{Plot, Scale, Series};
use crate::failure::{Failure, Result};
use crate::measure::number::short;

pub(super) use palette::{Paint, dark_style};

/// The width of every plot, in pixels of its own.
const WIDTH: u32 = 880;

/// What drawing comes to; what can fail is the library's.
type Drawn<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The elements of the picture of `plot`, without the SVG element around them, and the picture's height.
fn elements(plot: &Plot) -> Drawn<(String, u32)> {
    let mut svg = String::new();
    let height = match &plot.x.scale {
        Scale::Names(names) => bars::draw(plot, names, &mut svg)?,
        Scale::Linear | Scale::Logarithmic => lines::draw(plot, &mut svg)?,
    };
    // The root that the library writes has a fixed size and no description.
    let inside = svg.split_once('>').map_or("", |(_, rest)| rest);
    let inside = inside.trim().trim_end_matches("</svg>");
    Ok((inside.trim().to_owned(), height))
}

/// The picture of `plot`, with a title and a description for those who do not see it; `id` is the plot's
/// alone on the page, and `escape` makes text of any string.
pub(super) fn picture(plot: &Plot, id: &str, escape: fn(&str) -> String) -> Result<String> {
    let failed = |error| Failure::run(format!("the plot {:?}: {error}", plot.title));
    let (elements, height) = elements(plot).map_err(failed)?;
    let (title, description) = (escape(&plot.title), escape(&description(plot)));
    Ok(format!(
        "<svg role=\"img\" viewBox=\"0 0 {WIDTH} {height}\" aria-labelledby=\"{id}-title\" \
         aria-describedby=\"{id}-about\">\n<title id=\"{id}-title\">{title}</title>\n\
         <desc id=\"{id}-about\">{description}</desc>\n{elements}\n</svg>\n"
    ))
}

fn description(plot: &Plot) -> String {
    let series = plot.series.iter().map(|series| {
        let range = range(series).map_or("nothing measured".to_owned(), |(least, most)| {
            format!("{} to {}", short(least), short(most))
        });
        format!("{}: {range}", series.name)
    });
    let series = series.collect::<Vec<_>>().join("; ");
    format!("{} over {}. {series}.", plot.y.name, plot.x.name)
}

/// The smallest and the largest median.
fn range(series: &Series) -> Option<(f64, f64)> {
    let medians = || series.points.iter().map(|point| point.y.median());
    Some((medians().reduce(f64::min)?, medians().reduce(f64::max)?))
}

/// How many points of a plot have no place on its axes: a power of ten is never zero.
pub(super) fn left_out(plot: &Plot) -> usize {
    let has_place = |scale: &Scale, at: f64| *scale != Scale::Logarithmic || at > 0.0;
    let points = plot.series.iter().flat_map(|series| &series.points);
    let lost = points.filter(|point| {
        !has_place(&plot.x.scale, point.x) || !has_place(&plot.y.scale, point.y.median())
    });
    lost.count()
}
