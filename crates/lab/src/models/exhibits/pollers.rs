//! Pollers: what a request costs the only active connection, by how many others there are.

use super::{cell, columns, plot, text};
use crate::models::figures::Figures;
use crate::models::plan::Plan;
use crate::models::visit::POLLERS;
use crate::report::{Axis, Part, Point, Scale, Series, Table};

pub(super) fn parts(plan: &Plan, figures: &Figures) -> Vec<Part> {
    let mut parts = Vec::from_iter(drawn(plan, figures));
    parts.push(Part::Table(table(plan, figures)));
    parts
}

fn drawn(plan: &Plan, figures: &Figures) -> Option<Part> {
    let series = POLLERS.iter().map(|model| {
        let point = |connections: &usize| {
            Some(Point { x: *connections as f64, y: figures.scan(*model, *connections)? })
        };
        Series { name: model.to_string(), points: plan.scanned.iter().filter_map(point).collect() }
    });
    let x =
        Axis { name: "open connections, one of them active".to_owned(), scale: Scale::Logarithmic };
    let y = Axis { name: "CPU, µs a request".to_owned(), scale: Scale::Linear };
    plot("What idle connections cost the active one", x, y, series.collect())
}

fn table(plan: &Plan, figures: &Figures) -> Table {
    let rows = plan.scanned.iter().map(|connections| {
        let cells =
            POLLERS.iter().map(|model| cell(figures.scan(*model, *connections), 1, "not measured"));
        std::iter::once(text(connections)).chain(cells).collect()
    });
    let names = POLLERS.iter().map(|model| format!("{model}: CPU, µs a request"));
    Table {
        title: "One active connection, depth 1".to_owned(),
        columns: columns(&["open connections"]).into_iter().chain(names).collect(),
        rows: rows.collect(),
    }
}
