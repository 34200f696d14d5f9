//! Loads: as fast as it goes, and then at a part of that.

use std::thread;

use super::Visit;
use super::watch::Watch;
use crate::failure::{Failure, Result};
use crate::generator::{Load, Outcome, Pace};
use crate::interruption;
use crate::models::figures::{self, Latency};
use crate::models::gets::Gets;
use crate::models::held::Held;
use crate::models::plan::Shape;

/// The share of the highest rate at which latencies are measured. At the highest rate itself requests
/// wait for each other, and for how long says nothing.
pub(in crate::models) const LATENCY_SHARE: f64 = 0.6;

impl Visit<'_> {
    /// Loads larder in one shape, while the connections that are idle in it are held.
    pub(super) fn load(&mut self, shape: Shape) -> Result<()> {
        let loaded = self.loaded(shape);
        let of_model = self.figures.of_mut(self.model);
        match loaded {
            Ok(load) => {
                of_model.loads.entry(shape).or_default().insert(self.round, load);
            }
            Err(failure) => {
                of_model.failed.insert(shape, failure.to_string());
            }
        }
        self.settle()
    }

    /// What a load comes to.
    ///
    /// # Errors
    ///
    /// When it is not served to its end.
    fn loaded(&self, shape: Shape) -> Result<figures::Load> {
        let fast = self.offered(shape);
        let mut watch = None;
        let begin = || {
            let with_switches = shape.active <= SWITCHES_ACTIVE_MAX;
            Watch::begin(self.larder.process(), fast.lasting * 3 / 4, with_switches)
        };
        // The first sample is when the load begins to count.
        let driven = fast.drive_beside(Gets::among(self.plan.keys), || {
            watch = watch.take().or_else(|| Some(begin()));
        });
        let used = watch.map(Watch::end);
        let (outcome, ..) = driven?;
        served(&outcome)?;
        let used = used.unwrap_or_else(|| Err(Failure::run("a load did not begin")))?;
        let per_second = outcome.per_second();
        let pace = Pace::Poisson { per_second: (per_second * LATENCY_SHARE).max(1.0) };
        self.settle()?;
        let calm = Load { pace, ..fast }.drive(Gets::among(self.plan.keys))?;
        served(&calm)?;
        Ok(figures::Load {
            per_second,
            cpu_us: used.cpu * 1e6 / per_second,
            switches: used.switches.map(|switches| switches / per_second),
            generator_busy: busy(&outcome),
            unsent_share: calm.unsent as f64 / calm.requests as f64,
            lag_us: calm.lag.value_at_quantile(0.99) as f64 / 1e3,
            latency: latency(&calm),
        })
    }

    /// As fast as it goes.
    pub(super) fn offered(&self, shape: Shape) -> Load {
        let (warm_up, lasting) = self.plan.spans(shape.active);
        Load {
            connections: shape.active,
            threads: generator_threads(),
            pipeline: shape.depth,
            warm_up,
            lasting,
            ..Load::on(self.larder.address())
        }
    }

    /// What a request costs that one connection makes, while more and more others are idle.
    pub(super) fn scan(&mut self) -> Result<()> {
        let mut held = Held::default();
        for connections in &self.plan.scanned {
            interruption::check()?;
            if held.grow(self.larder.address(), connections - 1).is_err() {
                break;
            }
            self.settle()?;
            let shape = Shape { connections: *connections, active: 1, depth: 1 };
            let driven =
                self.offered(shape).drive_beside(Gets::among(self.plan.keys), || self.larder.cpu());
            let Ok((outcome, before, after)) = driven else { break };
            let cpu_us =
                after?.saturating_sub(before?).as_secs_f64() * 1e6 / outcome.requests.max(1) as f64;
            let scans = &mut self.figures.of_mut(self.model).scans;
            scans.entry(*connections).or_default().insert(self.round, cpu_us);
        }
        drop(held);
        self.settle()
    }
}

/// Of a model that has a thread or a process for each connection, more would take long to look at.
const SWITCHES_ACTIVE_MAX: usize = 100;

/// Half of the cores are larder's.
fn generator_threads() -> usize {
    thread::available_parallelism().map_or(1, |cores| (usize::from(cores) / 2).max(1))
}

/// Refuses an outcome that is not that of a server which serves.
fn served(outcome: &Outcome) -> Result<()> {
    if outcome.lost == 0 && outcome.errors == 0 && outcome.requests > 0 {
        return Ok(());
    }
    let complaint = outcome.complaint.as_deref();
    Err(Failure::run(complaint.unwrap_or("nothing was answered")))
}

fn busy(outcome: &Outcome) -> f64 {
    outcome.cpu.as_secs_f64() / (outcome.lasted.as_secs_f64() * outcome.threads.max(1) as f64)
}

fn latency(outcome: &Outcome) -> Latency {
    let reads = &outcome.reads;
    let at = |quantile| reads.value_at_quantile(quantile) as f64 / 1e3;
    let from = |requests_min, quantile| (reads.len() >= requests_min).then(|| at(quantile));
    Latency {
        p50: at(0.5),
        p99: from(P99_REQUESTS_MIN, 0.99),
        p999: from(P999_REQUESTS_MIN, 0.999),
    }
}

/// From so many requests on, ten or more are beyond the percentile.
const P99_REQUESTS_MIN: u64 = 1_000;
const P999_REQUESTS_MIN: u64 = 10_000;

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;

    use super::*;

    fn outcome(requests: u64) -> Outcome {
        let empty: Histogram<u64> = Histogram::new(3).unwrap();
        let mut reads = empty.clone();
        reads.record_n(5_000, requests).unwrap();
        Outcome {
            requests,
            errors: 0,
            unanswered: 0,
            lasted: std::time::Duration::from_secs(1),
            reads,
            writes: empty.clone(),
            cpu: std::time::Duration::from_millis(250),
            lag: empty,
            unsent: 0,
            lost: 0,
            complaint: None,
            threads: 1,
        }
    }

    #[test]
    fn a_percentile_is_told_when_ten_requests_are_beyond_it() {
        let told = |requests| {
            let Latency { p50, p99, p999 } = latency(&outcome(requests));
            (p50 > 0.0, p99.is_some(), p999.is_some())
        };
        assert_eq!(told(999), (true, false, false));
        assert_eq!(told(1_000), (true, true, false));
        assert_eq!(told(10_000), (true, true, true));
    }

    #[test]
    fn an_outcome_without_answers_or_with_errors_is_none() {
        assert!(served(&outcome(1)).is_ok());
        assert_eq!(served(&outcome(0)).unwrap_err().to_string(), "nothing was answered");
        let complaint = Some("no such thing".to_owned());
        let refused = Outcome { errors: 1, complaint, ..outcome(1) };
        assert_eq!(served(&refused).unwrap_err().to_string(), "no such thing");
        assert!((busy(&outcome(1)) - 0.25).abs() < 1e-9);
    }
}
