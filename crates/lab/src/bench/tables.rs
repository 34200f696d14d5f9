//! Rounds as tables.

use hdrhistogram::Histogram;

use super::Round;
use super::options::Plan;
use crate::generator::{Outcome, Pace};
use crate::measure::number::counted;
use crate::report::{Cell, Part, Spread, Table};

/// The part of the requests that is faster, and what the columns call it.
const QUANTILES: [(f64, &str); 5] =
    [(0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9"), (1.0, "max")];

pub(super) fn parts(plan: &Plan, rounds: &[Round]) -> Vec<Part> {
    let mut parts = vec![
        Part::Text(introduction(plan, rounds.len())),
        Part::Table(costs(rounds)),
        Part::Table(latencies(plan, rounds)),
    ];
    if plan.load.pace == Pace::Closed {
        parts.push(Part::Text(CLOSED.to_owned()));
    }
    parts.extend(warnings(rounds).map(Part::Text));
    parts
}

const CLOSED: &str = "In a closed loop a server that stalls is asked less, so that few requests see the \
                      stall. For latencies as users have them give a --rate that the server can keep.";

fn introduction(plan: &Plan, rounds: usize) -> String {
    let (load, ready) = (&plan.load, &plan.workload);
    let pace = match load.pace {
        Pace::Closed => "as fast as they are answered".to_owned(),
        Pace::Open { per_second } => format!("{per_second} requests a second, evenly"),
        Pace::Poisson { per_second } => format!("{per_second} requests a second, at random"),
    };
    let warm_up = match load.warm_up.is_zero() {
        true => String::new(),
        false => format!(", each after {:?} that do not count", load.warm_up),
    };
    format!(
        "{}: {}, {}% reads, values of {} bytes. {} with {} in flight at most, on {}, {pace}. {} of {:?}\
         {warm_up}.",
        ready.workload.name,
        number_of(ready.keys() as usize, "key"),
        ready.read_share * 100.0,
        plan.requests.value_bytes(),
        number_of(load.connections, "connection"),
        number_of(load.pipeline, "request"),
        number_of(load.threads.min(load.connections), "thread"),
        number_of(rounds, "round"),
        load.lasting,
    )
}

fn number_of(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", counted(number as u64))
}

fn costs(rounds: &[Round]) -> Table {
    let outcomes = |figure: fn(&Outcome) -> f64, decimals| {
        measured(rounds.iter().map(|round| figure(&round.outcome)), decimals)
    };
    let server: Option<Vec<_>> = rounds.iter().map(server_cpu_us).collect();
    let server = match server {
        Some(figures) => measured(figures, 2),
        None => Cell::Absent("not known".to_owned()),
    };
    Table {
        title: "Requests, and what one costs".to_owned(),
        columns: [
            "requests/s",
            "errors",
            "server, CPU-us per request",
            "generator, CPU-us per request",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: vec![vec![
            outcomes(Outcome::per_second, 0),
            outcomes(|outcome| outcome.errors as f64, 0),
            server,
            outcomes(Outcome::cpu_us_per_request, 2),
        ]],
    }
}

/// What a request cost the server.
pub(super) fn server_cpu_us(round: &Round) -> Option<f64> {
    let cpu = round.server_cpu?.as_secs_f64();
    Some(cpu * 1e6 / round.outcome.requests.max(1) as f64)
}

fn latencies(plan: &Plan, rounds: &[Round]) -> Table {
    let since = match plan.load.pace {
        Pace::Closed => "sent",
        Pace::Open { .. } | Pace::Poisson { .. } => "due",
    };
    let heads = ["us"].into_iter().chain(QUANTILES.map(|(_, name)| name));
    let reads = row("reads", rounds, |outcome| &outcome.reads);
    let writes = row("writes", rounds, |outcome| &outcome.writes);
    Table {
        title: format!("Latency, in microseconds from when a request was {since}"),
        columns: heads.map(str::to_owned).collect(),
        rows: [reads, writes].into_iter().flatten().collect(),
    }
}

/// The latencies of one kind; `None` if there was none in any round.
fn row(name: &str, rounds: &[Round], of: fn(&Outcome) -> &Histogram<u64>) -> Option<Vec<Cell>> {
    let histograms: Vec<_> =
        rounds.iter().map(|round| of(&round.outcome)).filter(|all| !all.is_empty()).collect();
    if histograms.is_empty() {
        return None;
    }
    let cell = |(quantile, _)| {
        measured(histograms.iter().map(|all| all.value_at_quantile(quantile) as f64 / 1e3), 0)
    };
    Some([Cell::Text(name.to_owned())].into_iter().chain(QUANTILES.map(cell)).collect())
}

fn measured(rounds: impl IntoIterator<Item = f64>, decimals: usize) -> Cell {
    match Spread::of(rounds) {
        Some(spread) => Cell::Measured(spread, decimals),
        None => Cell::Absent("not measured".to_owned()),
    }
}

fn warnings(rounds: &[Round]) -> impl Iterator<Item = String> {
    let each = rounds.iter().enumerate();
    each.flat_map(|(at, round)| {
        let told = round.outcome.warnings().into_iter();
        told.map(move |warning| format!("Round {}: {warning}.", at + 1))
    })
}
