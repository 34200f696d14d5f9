//! The figures in rows: a row for each strategy.

use super::application::{REFERENCE, Strategy};
use super::crash::Losses;
use super::evidence::{READ_P50, WRITE_P50};
use super::observer::Sightings;
use super::results::{Metric, Results, Trying, milliseconds};
use super::workload::{READ_MOSTLY, WRITE_HEAVY};
use crate::measure::number::counted;
use crate::measure::spread::Spread;
use crate::report::{Cell, Table};
use crate::workload::Workload;

/// A column of the tables of workloads: its head, its figure, the decimals, and why there may be none.
type Column = (&'static str, Metric, usize, &'static str);

const COLUMNS: [Column; 11] = [
    ("requests/s", |sample| Some(sample.rate), 0, NOTHING),
    ("read p50, us", READ_P50, 0, "no reads"),
    ("read p99, us", |sample| Some(sample.reads?.p99), 0, "no reads"),
    ("write p50, us", WRITE_P50, 0, "no writes"),
    ("write p99, us", |sample| Some(sample.writes?.p99), 0, "no writes"),
    ("hits, %", |sample| Some(sample.hit_ratio? * 100.0), 1, "no cache"),
    ("source queries a request", |sample| Some(sample.source_reads), 3, NOTHING),
    ("rows written a request", |sample| Some(sample.source_writes), 3, NOTHING),
    ("stale reads, %", |sample| Some(sample.sightings.share()? * 100.0), 3, "no reads"),
    ("stale at worst, ms", |sample| Some(milliseconds(sample.sightings.worst)), 1, NOTHING),
    ("database behind, %", |sample| Some(sample.outside.share()? * 100.0), 0, "no writes"),
];

const NOTHING: &str = "not measured";

/// Why there is no figure of what failed each time.
const FAILED: &str = "failed";

/// The table of the textbooks, with what was measured beside what is said.
pub(super) fn textbook(results: &Results) -> Table {
    let columns = [
        "strategy",
        "read, as said",
        "read p50 beside the database alone",
        "write, as said",
        "write p50 beside the database alone",
        "consistency, as said",
        "stale reads, %",
        "stale at worst, ms",
        "database behind at worst, ms",
        "lost in crashes",
        "complexity, as said",
        "for, as said",
    ];
    Table {
        title: format!("What textbooks say, and what was measured ({READ_MOSTLY}, {WRITE_HEAVY})"),
        columns: columns.map(str::to_owned).into(),
        rows: results.strategies().filter_map(|strategy| textbook_row(results, strategy)).collect(),
    }
}

fn textbook_row(results: &Results, strategy: &'static Strategy) -> Option<Vec<Cell>> {
    let said = strategy.said.as_ref()?;
    let beside = |workload, metric| {
        let why = why(results, Trying::Workload(workload), strategy, NOTHING);
        measured(results.beside_reference(workload, strategy, metric), 2, why)
    };
    let over_all = |metric: fn(&Sightings) -> Option<f64>, seen: Sightings, decimals| {
        measured(metric(&seen).and_then(|figure| Spread::of([figure])), decimals, NOTHING)
    };
    let seen = results.sightings(strategy);
    Some(vec![
        text(strategy.name),
        text(said.read.word()),
        beside(READ_MOSTLY, READ_P50),
        text(said.write.word()),
        beside(WRITE_HEAVY, WRITE_P50),
        text(said.consistency.words()),
        over_all(|seen| Some(seen.share()? * 100.0), seen, 3),
        over_all(worst, seen, 1),
        over_all(worst, results.outside(strategy), 0),
        lost(results, strategy),
        text(said.complexity),
        text(said.serves),
    ])
}

fn worst(seen: &Sightings) -> Option<f64> {
    (seen.reads > 0).then(|| milliseconds(seen.worst))
}

/// The figures of one workload.
pub(super) fn workload(results: &Results, workload: &'static Workload) -> Table {
    let row = |strategy: &'static Strategy| {
        let figures = COLUMNS.map(|(_, metric, decimals, otherwise)| {
            let trying = Trying::Workload(workload.name);
            let has_figures = results.spread(workload.name, strategy, COLUMNS[0].1).is_some();
            let why = match has_figures {
                true => otherwise,
                false => why(results, trying, strategy, NOTHING),
            };
            measured(results.spread(workload.name, strategy, metric), decimals, why)
        });
        [text(strategy.name)].into_iter().chain(figures).collect()
    };
    Table {
        title: format!("{}: {}", workload.name, workload.purpose),
        columns: heads(COLUMNS.map(|(head, ..)| head)),
        rows: results.strategies().map(row).collect(),
    }
}

/// What readers see of somebody who writes past the cache.
pub(super) fn bypassed(results: &Results) -> Table {
    let row = |strategy: &'static Strategy| {
        let rounds = results.bypassed(strategy);
        let shares = Spread::of(rounds.iter().filter_map(|seen| Some(seen.share()? * 100.0)));
        let worst = Spread::of(rounds.iter().map(|seen| milliseconds(seen.worst)));
        let why = why(results, Trying::Bypass, strategy, NOTHING);
        vec![text(strategy.name), measured(shares, 1, why), measured(worst, 0, why)]
    };
    Table {
        title: "Where somebody writes past the cache".to_owned(),
        columns: heads(["stale reads, %", "stale at worst, ms"]),
        rows: results.strategies().map(row).collect(),
    }
}

/// What crashes cost.
pub(super) fn crashed(results: &Results) -> Table {
    let row = |strategy: &'static Strategy| {
        let crashes = results.crashes(strategy);
        let acknowledged = counted(Losses::sum(&crashes).acknowledged as u64);
        vec![text(strategy.name), text(acknowledged), lost(results, strategy)]
    };
    let has_larder = |strategy: &&'static Strategy| strategy.name != REFERENCE.name;
    Table {
        title: "Writes lost when larder is killed (SIGKILL) and started again".to_owned(),
        columns: heads(["acknowledged writes", "lost"]),
        rows: results.killed().filter(has_larder).map(row).collect(),
    }
}

fn heads<const COUNT: usize>(heads: [&str; COUNT]) -> Vec<String> {
    ["strategy"].into_iter().chain(heads).map(str::to_owned).collect()
}

fn lost(results: &Results, strategy: &'static Strategy) -> Cell {
    let crashes = results.crashes(strategy);
    match crashes.is_empty() {
        true => Cell::Absent(why(results, Trying::Crash, strategy, NOTHING).to_owned()),
        false => text(counted(Losses::sum(&crashes).lost as u64)),
    }
}

/// Why there is no figure.
fn why(
    results: &Results,
    trying: Trying,
    strategy: &Strategy,
    otherwise: &'static str,
) -> &'static str {
    if results.has_failed(trying, strategy) { FAILED } else { otherwise }
}

fn measured(spread: Option<Spread>, decimals: usize, why: &str) -> Cell {
    spread.map_or_else(|| Cell::Absent(why.to_owned()), |spread| Cell::Measured(spread, decimals))
}

fn text(words: impl Into<String>) -> Cell {
    Cell::Text(words.into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::application::chosen;
    use super::super::results::sample;
    use super::*;

    fn results() -> Results {
        let mut results = Results::new(chosen(&["write-behind".to_owned()]).unwrap(), Vec::new());
        let behind = results.strategies().last().unwrap();
        for round in [1.0, 2.0, 3.0] {
            results.add(READ_MOSTLY, REFERENCE, sample(round, 100.0, 100.0));
            results.add(READ_MOSTLY, behind, sample(2.0 * round, 40.0, 10.0));
        }
        let seen =
            Sightings { reads: 4, stale: 1, worst: Duration::from_millis(7), after_complete: 1 };
        results.add_bypassed(behind, seen);
        results.add_crashed(behind, Losses { acknowledged: 1_000, lost: 3 });
        results.add_crashed(behind, Losses { acknowledged: 1_000, lost: 0 });
        results
    }

    fn shown(cell: &Cell) -> String {
        match cell {
            Cell::Text(text) | Cell::Absent(text) => text.clone(),
            Cell::Measured(spread, decimals) => format!("{spread:.decimals$}"),
        }
    }

    fn row(table: &Table, strategy: &str) -> Vec<String> {
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
        let row = table.rows.iter().find(|row| shown(&row[0]) == strategy).unwrap();
        row.iter().map(shown).collect()
    }

    #[test]
    fn the_textbook_stands_beside_the_figures() {
        let row = row(&textbook(&results()), "write-behind");
        assert_eq!(row[1], "fast");
        assert!(row[2].starts_with("0.40"), "{row:?}");
        assert_eq!(row[3..5], ["very fast", "not measured"]);
        assert_eq!(row[9], "3");
    }

    #[test]
    fn a_workload_has_a_row_for_each_strategy() {
        let of_workload = Workload::named(READ_MOSTLY).unwrap();
        let table = workload(&results(), of_workload);
        assert_eq!(table.rows.len(), 2);
        assert_eq!(row(&table, "write-behind")[1], "4 (2 to 6)");
        assert_eq!(row(&table, "database-alone")[6], "no cache");
    }

    #[test]
    fn what_failed_is_no_figure() {
        let mut results = Results::new(chosen(&["write-behind".to_owned()]).unwrap(), Vec::new());
        let behind = results.strategies().last().unwrap();
        let failed = || crate::failure::Failure::run("out of sorts");
        results.add_tried(READ_MOSTLY, behind, Err(failed()));
        results.add_failed(Trying::Bypass, behind, &failed());
        results.add_failed(Trying::Crash, behind, &failed());
        let table = workload(&results, Workload::named(READ_MOSTLY).unwrap());
        assert!(row(&table, "write-behind")[1..].iter().all(|cell| cell == "failed"));
        assert_eq!(row(&bypassed(&results), "write-behind")[1..], ["failed", "failed"]);
        assert_eq!(row(&crashed(&results), "write-behind")[2], "failed");
        let textbook = textbook(&results);
        assert_eq!(row(&textbook, "write-behind")[2], "failed");
        assert_eq!(row(&textbook, "write-behind")[4], "not measured");
    }

    #[test]
    fn what_was_seen_beside_the_cache_and_after_crashes_is_told() {
        assert_eq!(row(&bypassed(&results()), "write-behind")[1], "25.0");
        assert_eq!(row(&crashed(&results()), "write-behind")[1..], ["2,000", "3"]);
    }
}
