//! Connections: what one takes of memory while it is idle, and what it costs to have one.

use larder_server::model::ModelName;

use super::{Heights, bars, cell, columns, text};
use crate::measure::number::counted;
use crate::models::figures::{Arrival, Figures, Idle};
use crate::models::plan::Plan;
use crate::report::{Cell, Part, Table};

pub(super) fn parts(plan: &Plan, figures: &Figures) -> Vec<Part> {
    let mut parts = vec![Part::Text(METHOD.to_owned())];
    parts.extend(memory(plan, figures));
    parts.extend(costs(plan, figures));
    parts.push(Part::Table(table(plan, figures)));
    parts
}

const METHOD: &str = "An idle connection was answered once and asks nothing more. Its memory is how much \
    larder's processes have grown, pages that several share counted once (PSS), by connection; and of the \
    kernel, how much its small objects and the buffers of TCP have grown on the whole machine, halved because \
    the other side of each connection is on it too, and stacks of threads and page tables. That half understates \
    process and thread, whose other small objects, those of a process and of a thread, are larder's alone. The \
    cost of a \
    connection is that of opening it, asking once and closing it, one after the other.";

fn table(plan: &Plan, figures: &Figures) -> Table {
    Table {
        title: "A connection".to_owned(),
        columns: columns(&[
            "model",
            "held",
            "processes",
            "threads",
            "descriptors each",
            "larder, bytes",
            "kernel, bytes",
            "10,000 idle, MB",
            "open, ask, close, µs",
            "its CPU, µs",
        ]),
        rows: plan.models.iter().map(|model| row(*model, figures)).collect(),
    }
}

fn row(model: ModelName, figures: &Figures) -> Vec<Cell> {
    let idle = |figure: fn(&Idle) -> f64, decimals| {
        cell(figures.idle(model, figure), decimals, "not measured")
    };
    let arrival =
        |figure: fn(&Arrival) -> f64| cell(figures.arrival(model, figure), 1, "not measured");
    vec![
        text(model),
        idle(|idle| idle.held as f64, 0),
        idle(|idle| idle.processes as f64, 0),
        idle(|idle| idle.threads as f64, 0),
        idle(|idle| idle.descriptors, 2),
        idle(|idle| idle.process_bytes, 0),
        idle(|idle| idle.kernel_bytes, 0),
        cell(figures.ten_thousand_idle_mb(model), 1, &absent_ten_thousand(model, figures)),
        arrival(|arrival| arrival.elapsed_us),
        arrival(|arrival| arrival.cpu_us),
    ]
}

/// Why nothing is known of 10,000 connections.
fn absent_ten_thousand(model: ModelName, figures: &Figures) -> String {
    match figures.of(model).limit() {
        Some(limit) => format!("{} at most", counted(limit as u64)),
        None => "not measured".to_owned(),
    }
}

fn memory(plan: &Plan, figures: &Figures) -> Option<Part> {
    let of = |name: &str, figure: fn(&Idle) -> f64| -> Heights<'_> {
        (name.to_owned(), Box::new(move |model| figures.idle(model, figure)))
    };
    let heights =
        vec![of("larder", |idle| idle.process_bytes), of("kernel", |idle| idle.kernel_bytes)];
    bars("Memory of an idle connection", "bytes", &plan.models, heights)
}

fn costs(plan: &Plan, figures: &Figures) -> Option<Part> {
    let of = |name: &str, figure: fn(&Arrival) -> f64| -> Heights<'_> {
        (name.to_owned(), Box::new(move |model| figures.arrival(model, figure)))
    };
    let heights = vec![
        of("elapsed", |arrival| arrival.elapsed_us),
        of("CPU of larder", |arrival| arrival.cpu_us),
    ];
    bars("A connection: open, ask once, close", "µs", &plan.models, heights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::figures::made_up;

    #[test]
    fn a_model_that_refuses_ten_thousand_connections_says_how_many_it_has() {
        let mut figures = Figures::default();
        let pool = figures.of_mut(ModelName::Pool);
        pool.idle.insert(19_800, made_up::idle(64, &[8e3]));
        pool.is_limited = true;
        let row = row(ModelName::Pool, &figures);
        assert!(matches!(&row[7], Cell::Absent(words) if words == "64 at most"), "{row:?}");
    }
}
