//! What a grid is shown as.

use super::claims::claims;
use super::figures::Figures;
use super::grid::{self, Grid};
use super::model::Model;
use super::point::{POINTS, Point};
use crate::measure::number::counted;
use crate::report::{self, Axis, Cell, Part, Plot, Scale, Series, Table};

/// The figures of all points, one point after the other, and the claims.
pub(super) fn parts(grid: &Grid, parties: &[usize]) -> Vec<Part> {
    let mut parts_of_report = vec![Part::Text(INTRODUCTION.to_owned())];
    if let Some(few) = parties.first() {
        parts_of_report.push(Part::Table(overview(grid, *few)));
        parts_of_report.push(Part::Plot(plot_of_points(grid, *few)));
    }
    parts_of_report.push(Part::Heading("The claims".to_owned()));
    parts_of_report.push(Part::Claims(claims(grid, parties)));
    for point in POINTS {
        parts_of_report.extend(parts_of(point, grid, parties));
    }
    parts_of_report
}

const INTRODUCTION: &str = "\
A switch is measured from one party to the next, where parties are kernel threads (1:1), tasks that share \
one thread (N:1, tokio's runtime of the current thread), or tasks on a thread for each core (M:N, tokio's \
work-stealing runtime). Threads are measured on one core, where a switch is nothing but a switch, and on \
all cores, where the kernel may wake the next one on another core, which first has to wake itself. N:1 keeps \
to one core too. M:N decides for itself on which thread a task goes on; the last column of each table says how \
often it was another one. CPU time and kernel switches are those of the whole process, as the operating \
system counts them: a thread that waits gives its core up, and one that is preempted or yields loses it.";

/// The points side by side, with the fewest parties.
fn overview(grid: &Grid, parties: usize) -> Table {
    let row = |point: &&'static Point| {
        let mut row = vec![Cell::Text(point.name.to_owned())];
        row.extend(Model::ALL.map(|model| cell_of(grid, point, model, parties)));
        row
    };
    let mut columns = vec!["switch at".to_owned()];
    columns.extend(Model::ALL.map(|model| model.name().to_owned()));
    Table {
        title: format!("Nanoseconds a switch between {parties} parties"),
        columns,
        rows: POINTS.iter().map(row).collect(),
    }
}

fn cell_of(grid: &Grid, point: &Point, model: Model, parties: usize) -> Cell {
    let measured = grid.spread(point, model, parties, nanoseconds);
    let reason = || model.pointless(point).unwrap_or("refused").to_owned();
    measured.map_or_else(|| Cell::Absent(reason()), |spread| Cell::Measured(spread, 0))
}

fn nanoseconds(figures: &Figures) -> Option<f64> {
    Some(figures.nanoseconds)
}

fn plot_of_points(grid: &Grid, parties: usize) -> Plot {
    let series = |model: Model| {
        let points = POINTS.iter().enumerate().filter_map(|(index, point)| {
            let y = grid.spread(point, model, parties, nanoseconds)?;
            Some(report::Point { x: index as f64, y })
        });
        Series { name: model.name().to_owned(), points: points.collect() }
    };
    let names = POINTS.iter().map(|point| point.name.to_owned()).collect();
    plot(
        format!("A switch between {parties} parties"),
        Axis { name: "switch at".to_owned(), scale: Scale::Names(names) },
        Model::ALL.map(series).into(),
    )
}

fn plot_of_numbers(grid: &Grid, point: &Point, parties: &[usize]) -> Plot {
    let series = |model: Model| {
        let points = parties.iter().enumerate().filter_map(|(index, parties)| {
            let y = grid.spread(point, model, *parties, nanoseconds)?;
            Some(report::Point { x: index as f64, y })
        });
        Series { name: model.name().to_owned(), points: points.collect() }
    };
    let names = parties.iter().map(|parties| counted(*parties as u64)).collect();
    let measured = Model::ALL.into_iter().filter(|model| model.pointless(point).is_none());
    plot(
        format!("A switch at {}, by the number of parties", point.name),
        Axis { name: "parties".to_owned(), scale: Scale::Names(names) },
        measured.map(series).collect(),
    )
}

/// Tasks and threads lie too far apart for equal steps.
fn plot(title: String, x: Axis, series: Vec<Series>) -> Plot {
    let y = Axis { name: "ns a switch".to_owned(), scale: Scale::Logarithmic };
    Plot { title, x, y, series }
}

fn parts_of(point: &'static Point, grid: &Grid, parties: &[usize]) -> Vec<Part> {
    let cells: Vec<_> = grid.cells.iter().filter(|cell| cell.point.name == point.name).collect();
    let mut parts = vec![
        Part::Heading(point.name.to_owned()),
        Part::Text(point.measured.to_owned()),
        Part::Text(format!("Where the comparison limps: {}", point.limps)),
        Part::Table(table(point, &cells)),
        Part::Plot(plot_of_numbers(grid, point, parties)),
    ];
    parts.extend(cells.into_iter().filter_map(refusal));
    parts
}

fn refusal(cell: &grid::Cell) -> Option<Part> {
    let reason = cell.refused.as_ref()?;
    let grid::Cell { model, parties, .. } = cell;
    Some(Part::Text(format!("{} with {parties} parties could not run: {reason}", model.name())))
}

/// A column of a point's table.
struct Column {
    name: &'static str,
    decimals: usize,
    figure: fn(&Figures) -> Option<f64>,
    /// What stands where it does not apply.
    otherwise: &'static str,
}

const COLUMNS: [Column; 5] = [
    Column { name: "ns a switch", decimals: 0, figure: nanoseconds, otherwise: "" },
    Column {
        name: "CPU ns",
        decimals: 0,
        figure: |figures| figures.cpu_nanoseconds,
        otherwise: "computes on",
    },
    Column { name: "waits", decimals: 2, figure: |figures| Some(figures.waits), otherwise: "" },
    Column {
        name: "preempted or yielded",
        decimals: 2,
        figure: |figures| Some(figures.preemptions),
        otherwise: "",
    },
    Column {
        name: "% to another thread",
        decimals: 0,
        figure: |figures| figures.percent_across_threads,
        otherwise: "not followed",
    },
];

fn table(point: &Point, cells: &[&grid::Cell]) -> Table {
    let mut columns = vec!["model".to_owned(), "parties".to_owned()];
    columns.extend(COLUMNS.map(|column| column.name.to_owned()));
    Table {
        title: format!("{}: of a switch", point.name),
        columns,
        rows: cells.iter().map(|cell| row(cell)).collect(),
    }
}

fn row(cell: &grid::Cell) -> Vec<Cell> {
    let mut row =
        vec![Cell::Text(cell.model.name().to_owned()), Cell::Text(counted(cell.parties as u64))];
    row.extend(COLUMNS.iter().map(|column| match cell.spread(column.figure) {
        Some(spread) => Cell::Measured(spread, column.decimals),
        None if cell.refused.is_some() => Cell::Absent("refused".to_owned()),
        None => Cell::Absent(column.otherwise.to_owned()),
    }));
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switches::grid::tests::made_up;

    fn tables(parts: &[Part]) -> impl Iterator<Item = &Table> {
        parts.iter().filter_map(|part| match part {
            Part::Table(table) => Some(table),
            _ => None,
        })
    }

    #[test]
    fn every_point_has_its_table_and_every_row_its_cells() {
        let grid = made_up(&[2, 100], |_, _, parties, _| parties as f64, |_, _| 1.0);
        let parts = parts(&grid, &[2, 100]);
        assert_eq!(tables(&parts).count(), 1 + POINTS.len());
        for table in tables(&parts) {
            assert!(
                table.rows.iter().all(|row| row.len() == table.columns.len()),
                "{}",
                table.title
            );
        }
        let rows: usize = tables(&parts).skip(1).map(|table| table.rows.len()).sum();
        assert_eq!(rows, grid.cells.len());
    }

    #[test]
    fn what_could_not_run_says_why() {
        let mut grid = made_up(&[2], |_, _, _, _| 1.0, |_, _| 1.0);
        grid.cells[0].rounds.clear();
        grid.cells[0].refused = Some("a thread: no more".to_owned());
        let parts = parts(&grid, &[2]);
        let told = parts.iter().any(|part| {
            matches!(part, Part::Text(text) if text.ends_with("could not run: a thread: no more"))
        });
        assert!(told);
        let first = tables(&parts).next().unwrap();
        assert!(matches!(&first.rows[0][1], Cell::Absent(why) if why == "refused"));
    }
}
