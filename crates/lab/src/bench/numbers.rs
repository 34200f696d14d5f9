//! Rounds as JSON, for programs.

use hdrhistogram::Histogram;
use serde::Serialize;

use super::Round;
use super::options::Plan;
use super::tables::server_cpu_us;
use crate::failure::{Failure, Result};
use crate::generator::Outcome;
use crate::report::{Machine, Report};

/// What is told of a histogram.
const QUANTILES: [f64; 9] = [0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 1.0];

/// The numbers of a run.
#[derive(Serialize)]
struct Numbers<'a> {
    command: &'a str,
    machine: &'a Machine,
    began_unix: u64,
    server: String,
    workload: &'static str,
    read_share: f64,
    keys: u64,
    rounds: Vec<RoundNumbers<'a>>,
}

#[derive(Serialize)]
struct RoundNumbers<'a> {
    lasted_seconds: f64,
    requests: u64,
    requests_per_second: f64,
    errors: u64,
    connections_lost: usize,
    requests_unanswered: u64,
    requests_unsent: u64,
    complaint: Option<&'a str>,
    server_cpu_us_per_request: Option<f64>,
    generator_cpu_us_per_request: f64,
    reads_ns: Latencies,
    writes_ns: Latencies,
    generator_lag_ns: Latencies,
}

#[derive(Serialize)]
struct Latencies {
    count: u64,
    mean: f64,
    quantiles: Vec<Quantile>,
}

/// So large a share took so long, or less.
#[derive(Serialize)]
struct Quantile {
    share: f64,
    value: u64,
}

pub(super) fn json(plan: &Plan, report: &Report, rounds: &[Round]) -> Result<String> {
    let numbers = Numbers {
        command: &report.command,
        machine: &report.machine,
        began_unix: report.began_unix,
        server: plan.load.target.to_string(),
        workload: plan.workload.workload.name,
        read_share: plan.workload.read_share,
        keys: plan.workload.keys(),
        rounds: rounds.iter().map(RoundNumbers::of).collect(),
    };
    serde_json::to_string_pretty(&numbers).map_err(Failure::run)
}

impl<'a> RoundNumbers<'a> {
    fn of(round: &'a Round) -> Self {
        let outcome: &Outcome = &round.outcome;
        Self {
            lasted_seconds: outcome.lasted.as_secs_f64(),
            requests: outcome.requests,
            requests_per_second: outcome.per_second(),
            errors: outcome.errors,
            connections_lost: outcome.lost,
            requests_unanswered: outcome.unanswered,
            requests_unsent: outcome.unsent,
            complaint: outcome.complaint.as_deref(),
            server_cpu_us_per_request: server_cpu_us(round),
            generator_cpu_us_per_request: outcome.cpu_us_per_request(),
            reads_ns: Latencies::of(&outcome.reads),
            writes_ns: Latencies::of(&outcome.writes),
            generator_lag_ns: Latencies::of(&outcome.lag),
        }
    }
}

impl Latencies {
    fn of(all: &Histogram<u64>) -> Self {
        let quantile = |share| Quantile { share, value: all.value_at_quantile(share) };
        Self {
            count: all.len(),
            mean: all.mean(),
            quantiles: match all.is_empty() {
                true => Vec::new(),
                false => QUANTILES.map(quantile).into(),
            },
        }
    }
}
