//! The kernel: how often a request enters it, and how often threads are switched.

use larder_server::model::ModelName;

use super::{cell, columns, text};
use crate::measure::number::counted;
use crate::measure::spread::Spread;
use crate::models::figures::Figures;
use crate::models::plan::{Plan, Shape};
use crate::report::{Cell, Part, Table};

const NOT_PERMITTED: &str = "not permitted here";

pub(super) fn parts(plan: &Plan, figures: &Figures) -> Vec<Part> {
    let way = match figures.calls_way {
        Some(way) => format!("System calls are {way}, in a run of its own."),
        None => "System calls could not be counted: neither the kernel's counters nor ptrace are permitted \
                 here."
            .to_owned(),
    };
    let switches = " Switches are those of all threads of larder, given and taken.";
    vec![Part::Text(way + switches), Part::Table(table(plan, figures))]
}

fn table(plan: &Plan, figures: &Figures) -> Table {
    let shapes = plan.counted();
    let rows = plan
        .models
        .iter()
        .flat_map(|model| shapes.iter().map(|shape| row(*model, *shape, figures)));
    Table {
        title: "For one request".to_owned(),
        columns: columns(&[
            "model",
            "connections",
            "depth",
            "system calls",
            "switches of a thread",
        ]),
        rows: rows.collect(),
    }
}

fn row(model: ModelName, shape: Shape, figures: &Figures) -> Vec<Cell> {
    let calls = figures.of(model).calls.get(&shape).and_then(|calls| Spread::of([*calls]));
    let no_calls = match figures.calls_way {
        Some(_) => "not counted",
        None => NOT_PERMITTED,
    };
    vec![
        text(model),
        text(counted(shape.connections as u64)),
        text(shape.depth),
        cell(calls, 2, no_calls),
        cell(figures.switches(model, shape), 3, "not measured"),
    ]
}
