//! Loads: requests a second, what they cost, and how long they wait.

use larder_server::model::ModelName;

use super::{Heights, bars, cell, columns, text};
use crate::measure::number::counted;
use crate::models::figures::{BUSY, Figures, LAG_US_MAX, Latency, Load, UNSENT_SHARE_MAX};
use crate::models::plan::{Plan, Shape};
use crate::report::{Cell, Part, Table};

pub(super) fn parts(plan: &Plan, figures: &Figures) -> Vec<Part> {
    let mut parts =
        vec![Part::Text(generator(plan, figures)), Part::Text(open_loops(plan, figures))];
    parts.extend(slow(plan, figures));
    parts.extend(rates(plan, figures));
    parts.extend(latencies(plan, figures));
    parts.push(Part::Table(table(plan, figures)));
    parts.extend(refusals(plan, figures));
    parts
}

fn generator(plan: &Plan, figures: &Figures) -> String {
    let busy = loads(plan, figures).filter(|load| load.is_generators()).count();
    let all = loads(plan, figures).count();
    format!(
        "In {busy} of {all} loads the generator's threads were busy for more than {:.0} % of the time: there \
         requests/s may be theirs rather than the server's, and models are told apart by the CPU time of a \
         request.",
        BUSY * 100.0
    )
}

/// What is to be known of latencies before they are believed.
fn open_loops(plan: &Plan, figures: &Figures) -> String {
    let behind = loads(plan, figures).filter(|load| load.is_behind()).count();
    let late = loads(plan, figures).filter(|load| load.is_late()).count();
    format!(
        "In {behind} of them the server did not keep up when latencies were measured: beside every hundred \
         requests that were answered, {unsent:.0} or more were due and never sent, and latencies would be \
         longer still. In {late} the generator sent one request in a hundred more than {lag:.0} ms late, \
         which is in the latencies. A percentile is told where ten requests or more are beyond it.",
        unsent = UNSENT_SHARE_MAX * 100.0,
        lag = LAG_US_MAX / 1e3,
    )
}

fn loads<'a>(plan: &'a Plan, figures: &'a Figures) -> impl Iterator<Item = &'a Load> {
    let rounds = plan.models.iter().flat_map(|model| figures.of(*model).loads.values());
    rounds.flat_map(|rounds| rounds.values())
}

/// Which loads were left out, because others like them took too long.
fn slow(plan: &Plan, figures: &Figures) -> Option<Part> {
    let of_model = |model: &ModelName| {
        let slow = figures.of(*model).slow.iter();
        let told = |(connections, words): (&usize, &String)| {
            format!("{model} with {} connections, {words}", counted(*connections as u64))
        };
        slow.map(told).collect::<Vec<_>>()
    };
    let slow: Vec<_> = plan.models.iter().flat_map(of_model).collect();
    let told = format!(
        "Loaded in one round, and at one depth for each share of active connections, since more would take \
         too long: {}.",
        slow.join("; ")
    );
    (!slow.is_empty()).then_some(Part::Text(told))
}

fn table(plan: &Plan, figures: &Figures) -> Table {
    let rows = plan
        .models
        .iter()
        .flat_map(|model| plan.shapes.iter().map(|shape| row(*model, *shape, figures)));
    Table {
        title: "Every load".to_owned(),
        columns: columns(&[
            "model",
            "connections",
            "active",
            "depth",
            "requests/s",
            "CPU, µs a request",
            "p50, µs",
            "p99, µs",
            "p99.9, µs",
        ]),
        rows: rows.collect(),
    }
}

/// Where a load came to something, but not to this.
const TOO_FEW: &str = "too few";

fn row(model: ModelName, shape: Shape, figures: &Figures) -> Vec<Cell> {
    let absent = match figures.of(model) {
        of_model if of_model.loads.contains_key(&shape) => TOO_FEW,
        of_model if of_model.failed.contains_key(&shape) => "failed",
        of_model if of_model.refused.contains_key(&shape.connections) => "refused",
        of_model if of_model.unserved.is_some() => "does not serve",
        of_model if of_model.slow.contains_key(&shape.connections) => "too slow",
        _ => "not measured",
    };
    let figure = |figure: fn(&Load) -> f64, decimals| {
        cell(figures.load(model, shape, figure), decimals, absent)
    };
    let latency = |percentile: fn(&Latency) -> Option<f64>| {
        cell(figures.latency(model, shape, percentile), 0, absent)
    };
    let active = format!("{} ({} %)", counted(shape.active as u64), shape.percent());
    vec![
        text(model),
        text(counted(shape.connections as u64)),
        text(active),
        text(shape.depth),
        figure(|load| load.per_second, 0),
        figure(|load| load.cpu_us, 2),
        latency(|latency| Some(latency.p50)),
        latency(|latency| latency.p99),
        latency(|latency| latency.p999),
    ]
}

/// Bars for each depth of the busiest of small loads, which every model can bear.
fn rates(plan: &Plan, figures: &Figures) -> Option<Part> {
    let heights = plan.counted().into_iter().map(|shape| -> Heights<'_> {
        let height = move |model| figures.load(model, shape, |load| load.per_second);
        (format!("depth {}", shape.depth), Box::new(height))
    });
    let shape = plan.counted().first().copied()?;
    let title =
        format!("Requests a second, {} connections, all active", counted(shape.connections as u64));
    bars(&title, "requests/s", &plan.models, heights.collect())
}

fn latencies(plan: &Plan, figures: &Figures) -> Option<Part> {
    let shape = plan.counted().into_iter().min_by_key(|shape| shape.depth)?;
    let percentile = |name: &str, figure: fn(&Latency) -> Option<f64>| -> Heights<'_> {
        (name.to_owned(), Box::new(move |model| figures.latency(model, shape, figure)))
    };
    let heights = vec![
        percentile("p50", |latency| Some(latency.p50)),
        percentile("p99", |latency| latency.p99),
        percentile("p99.9", |latency| latency.p999),
    ];
    let title = format!("Latency, {shape}");
    bars(&title, "µs", &plan.models, heights)
}

/// What a model said, where it refused.
fn refusals(plan: &Plan, figures: &Figures) -> Option<Part> {
    let row =
        |model: &ModelName, asked: String, words: &str| vec![text(model), text(asked), text(words)];
    let rows: Vec<_> = plan
        .models
        .iter()
        .flat_map(|model| {
            let of_model = figures.of(*model);
            let unserved =
                of_model.unserved.iter().map(|words| row(model, "to serve".to_owned(), words));
            let refused = of_model.refused.iter();
            let refused = refused.map(|(count, words)| {
                row(model, format!("{} connections", counted(*count as u64)), words)
            });
            let failed = of_model.failed.iter();
            let failed = failed.map(|(shape, words)| row(model, shape.to_string(), words));
            unserved.chain(refused).chain(failed).collect::<Vec<_>>()
        })
        .collect();
    let title = "What was refused, and what failed".to_owned();
    let columns = columns(&["model", "asked for", "what came of it"]);
    (!rows.is_empty()).then_some(Part::Table(Table { title, columns, rows }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::exhibits::tests::{figures, plan};

    #[test]
    fn loads_whose_latencies_are_doubtful_are_counted() {
        let mut figures = figures();
        let loads = &mut figures.of_mut(ModelName::Epoll).loads;
        let rounds = loads.get_mut(&plan().shapes[0]).unwrap();
        rounds.get_mut(&0).unwrap().unsent_share = 0.5;
        for load in rounds.values_mut() {
            load.lag_us = 5_000.0;
        }
        let told = open_loops(&plan(), &figures);
        assert!(told.starts_with("In 1 of them the server did not keep up"), "{told}");
        assert!(told.contains("In 2 the generator sent"), "{told}");
    }

    #[test]
    fn a_percentile_without_requests_enough_has_a_cell_that_says_so() {
        let row = row(ModelName::Epoll, plan().shapes[0], &figures());
        assert!(matches!(&row[7], Cell::Measured(..)), "{row:?}");
        assert!(matches!(&row[8], Cell::Absent(words) if words == TOO_FEW), "{row:?}");
    }

    #[test]
    fn loads_that_were_left_out_are_named_with_the_reason() {
        assert!(slow(&plan(), &figures()).is_none());
        let mut figures = figures();
        let pool = figures.of_mut(ModelName::Pool);
        pool.refused.clear();
        pool.slow.insert(100, "opened in 14 s".to_owned());
        let Some(Part::Text(told)) = slow(&plan(), &figures) else { panic!("it is not told") };
        assert!(told.ends_with("pool with 100 connections, opened in 14 s."), "{told}");
        let row = row(ModelName::Pool, plan().shapes[0], &figures);
        assert!(matches!(&row[4], Cell::Absent(words) if words == "too slow"), "{row:?}");
    }
}
