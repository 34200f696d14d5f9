//! What the report of the run shows: how it was measured, the claims, the tables and the plots.

mod connections;
mod kernel;
mod loads;
mod pollers;

use larder_server::model::ModelName;

use super::claims;
use super::figures::Figures;
use super::gets::VALUE_BYTES;
use super::plan::Plan;
use super::visit::LATENCY_SHARE;
use crate::measure::number::counted;
use crate::measure::spread::Spread;
use crate::report::{Axis, Cell, Part, Plot, Point, Scale, Series};

/// All of them, in order.
pub(super) fn parts(plan: &Plan, figures: &Figures) -> Vec<Part> {
    let mut parts = vec![
        Part::Text(method(plan, figures)),
        Part::Heading("The claims".to_owned()),
        Part::Claims(claims::judged(figures)),
        Part::Heading("Loads".to_owned()),
    ];
    parts.extend(loads::parts(plan, figures));
    parts.push(Part::Heading("Connections".to_owned()));
    parts.extend(connections::parts(plan, figures));
    parts.push(Part::Heading("One active connection among many".to_owned()));
    parts.extend(pollers::parts(plan, figures));
    parts.push(Part::Heading("Work in the kernel".to_owned()));
    parts.extend(kernel::parts(plan, figures));
    parts
}

fn method(plan: &Plan, figures: &Figures) -> String {
    let Plan { lasting, warm_up, keys, descriptors, .. } = plan;
    format!(
        "Each model serves GETs that hit: {keys} keys, values of {VALUE_BYTES} bytes, keys drawn evenly. \
         Rounds: {rounds}; in each, every model has its turn with a larder started anew. A load lasts \
         {lasting} s after {warm_up} s that do not count. Requests/s and CPU time are those of a closed loop: \
         a connection asks again when it is answered. Latencies are those of an open loop of requests that \
         come at random, at {share:.0} % of that rate, each counted from when it was due. CPU time is that \
         of larder's processes alone. Generator and server share this machine. A process may have {limit} \
         descriptors. Figures are medians of the rounds, with the least and the most of them.",
        keys = counted(*keys),
        rounds = figures.rounds,
        lasting = lasting.as_secs_f64(),
        warm_up = warm_up.as_secs_f64(),
        share = LATENCY_SHARE * 100.0,
        limit = counted(*descriptors as u64),
    )
}

/// A figure, or why there is none.
fn cell(spread: Option<Spread>, decimals: usize, absent: &str) -> Cell {
    match spread {
        Some(spread) => Cell::Measured(spread, decimals),
        None => Cell::Absent(absent.to_owned()),
    }
}

fn text(words: impl ToString) -> Cell {
    Cell::Text(words.to_string())
}

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Of one colour of bars: the height over each model.
type Heights<'a> = (String, Box<dyn Fn(ModelName) -> Option<Spread> + 'a>);

/// Bars by model. `None` when there is nothing to draw.
fn bars(title: &str, y: &str, models: &[ModelName], heights: Vec<Heights<'_>>) -> Option<Part> {
    let series = heights.into_iter().map(|(name, height)| {
        let places = models.iter().enumerate();
        let point = |(place, model): (usize, &ModelName)| {
            Some(Point { x: place as f64, y: height(*model)? })
        };
        Series { name, points: places.filter_map(point).collect() }
    });
    let names = models.iter().map(ModelName::to_string).collect();
    let x = Axis { name: "model".to_owned(), scale: Scale::Names(names) };
    let y = Axis { name: y.to_owned(), scale: Scale::Linear };
    plot(title, x, y, series.collect())
}

/// `None` when there is nothing to draw.
fn plot(title: &str, x: Axis, y: Axis, series: Vec<Series>) -> Option<Part> {
    let series: Vec<_> = series.into_iter().filter(|series| !series.points.is_empty()).collect();
    (!series.is_empty()).then(|| Part::Plot(Plot { title: title.to_owned(), x, y, series }))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::measure::spread::Spread;
    use crate::models::figures::made_up;
    use crate::models::plan::Shape;

    pub(in crate::models) fn plan() -> Plan {
        use std::time::Duration;
        Plan {
            models: vec![ModelName::Epoll, ModelName::Pool],
            shapes: vec![Shape { connections: 100, active: 100, depth: 1 }],
            scanned: vec![1, 100],
            rounds: 2,
            warm_up: Duration::from_millis(100),
            lasting: Duration::from_secs(1),
            probed_max: None,
            keys: 10,
            descriptors: 1_024,
        }
    }

    /// `epoll` was measured, `pool` refused.
    pub(in crate::models) fn figures() -> Figures {
        let mut figures = Figures::default();
        let epoll = figures.of_mut(ModelName::Epoll);
        epoll.loads.insert(plan().shapes[0], made_up::loads_of_cpu(&[5.0, 6.0]));
        epoll.idle.insert(100, made_up::idle(100, &[2_000.0, 3_000.0]));
        epoll.arrivals = made_up::arrivals(&[40.0, 50.0]);
        epoll.scans.extend([(1, made_up::rounds([4.0])), (100, made_up::rounds([4.5]))]);
        let pool = figures.of_mut(ModelName::Pool);
        pool.refused.insert(100, "after 64 connections: all are taken".to_owned());
        figures
    }

    #[test]
    fn every_model_has_a_row_for_every_load_and_refusals_are_told() {
        let shown = format!("{:?}", parts(&plan(), &figures()));
        assert!(shown.contains("after 64 connections: all are taken"), "{shown}");
        let tables = parts(&plan(), &figures());
        let rows = tables.iter().find_map(|part| match part {
            Part::Table(table) if table.columns.iter().any(|name| name == "requests/s") => {
                Some(&table.rows)
            }
            _ => None,
        });
        assert_eq!(rows.unwrap().len(), 2);
        for part in &tables {
            let Part::Table(table) = part else { continue };
            assert!(
                table.rows.iter().all(|row| row.len() == table.columns.len()),
                "{}",
                table.title
            );
        }
    }

    #[test]
    fn a_run_that_measured_nothing_still_has_its_tables() {
        let shown = parts(&plan(), &Figures::default());
        assert!(shown.iter().all(|part| !matches!(part, Part::Plot(_))));
        assert!(shown.iter().any(|part| matches!(part, Part::Table(_))));
    }

    #[test]
    fn bars_stand_over_the_models_that_were_measured() {
        let height = |model| (model == ModelName::Pool).then(|| Spread::of([3.0])).flatten();
        let heights: Vec<Heights<'_>> = vec![("one".to_owned(), Box::new(height))];
        let drawn = bars("title", "y", &plan().models, heights);
        let Some(Part::Plot(plot)) = drawn else { panic!("{drawn:?}") };
        assert_eq!(plot.series[0].points.len(), 1);
        assert_eq!(plot.series[0].points[0].x, 1.0);
    }
}
