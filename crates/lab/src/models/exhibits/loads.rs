//! Loads: requests a second, what they cost, and how long they wait.

use larder_server::model::ModelName;

use super::{Heights, bars, cell, columns, text};
use crate::models::figures::{Figures, Load};
use crate::models::plan::{Plan, Shape};
use crate::report::{Cell, Part, Table};

/// A generator that is busier than this may be what sets the rate.
const BUSY: f64 = 0.95;

pub(super) fn parts(plan: &Plan, figures: &Figures) -> Vec<Part> {
    let mut parts = vec![Part::Text(generator(plan, figures))];
    parts.extend(rates(plan, figures));
    parts.extend(latencies(plan, figures));
    parts.push(Part::Table(table(plan, figures)));
    parts.extend(refusals(plan, figures));
    parts
}

fn generator(plan: &Plan, figures: &Figures) -> String {
    let loads = plan.models.iter().flat_map(|model| figures.of(*model).loads.values().flatten());
    let busy = loads.clone().filter(|load| load.generator_busy > BUSY).count();
    let all = loads.count();
    format!(
        "In {busy} of {all} loads the generator's threads were busy for more than {:.0} % of the time: there \
         requests/s may be theirs rather than the server's, and models are told apart by the CPU time of a \
         request.",
        BUSY * 100.0
    )
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

fn row(model: ModelName, shape: Shape, figures: &Figures) -> Vec<Cell> {
    let absent = match figures.of(model) {
        of_model if of_model.failed.contains_key(&shape) => "failed",
        of_model if of_model.refused.contains_key(&shape.connections) => "refused",
        of_model if of_model.unserved.is_some() => "does not serve",
        _ => "not measured",
    };
    let figure = |figure: fn(&Load) -> f64, decimals| {
        cell(figures.load(model, shape, figure), decimals, absent)
    };
    let active = format!("{} ({} %)", shape.active, shape.percent());
    vec![
        text(model),
        text(shape.connections),
        text(active),
        text(shape.depth),
        figure(|load| load.per_second, 0),
        figure(|load| load.cpu_us, 2),
        figure(|load| load.latency.p50, 0),
        figure(|load| load.latency.p99, 0),
        figure(|load| load.latency.p999, 0),
    ]
}

/// Bars for each depth of the busiest of small loads, which every model can bear.
fn rates(plan: &Plan, figures: &Figures) -> Option<Part> {
    let heights = plan.counted().into_iter().map(|shape| -> Heights<'_> {
        let height = move |model| figures.load(model, shape, |load| load.per_second);
        (format!("depth {}", shape.depth), Box::new(height))
    });
    let shape = plan.counted().first().copied()?;
    let title = format!("Requests a second, {} connections, all active", shape.connections);
    bars(&title, "requests/s", &plan.models, heights.collect())
}

fn latencies(plan: &Plan, figures: &Figures) -> Option<Part> {
    let shape = plan.counted().into_iter().min_by_key(|shape| shape.depth)?;
    let percentile = |name: &str, figure: fn(&Load) -> f64| -> Heights<'_> {
        (name.to_owned(), Box::new(move |model| figures.load(model, shape, figure)))
    };
    let heights = vec![
        percentile("p50", |load| load.latency.p50),
        percentile("p99", |load| load.latency.p99),
        percentile("p99.9", |load| load.latency.p999),
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
            let refused =
                refused.map(|(count, words)| row(model, format!("{count} connections"), words));
            let failed = of_model.failed.iter();
            let failed = failed.map(|(shape, words)| row(model, shape.to_string(), words));
            unserved.chain(refused).chain(failed).collect::<Vec<_>>()
        })
        .collect();
    let title = "What was refused, and what failed".to_owned();
    let columns = columns(&["model", "asked for", "what came of it"]);
    (!rows.is_empty()).then_some(Part::Table(Table { title, columns, rows }))
}
