//! What all rounds came to.

use std::time::Duration;

use super::application::{Extent, REFERENCE, Strategy};
use super::crash::Losses;
use super::observer::Sightings;
use super::trial::Sample;
use crate::measure::spread::Spread;
use crate::workload::Ready;

/// A figure of a sample.
pub(super) type Metric = fn(&Sample) -> Option<f64>;

/// What was tried, and what each round said of it.
pub(super) struct Results {
    strategies: Vec<&'static Strategy>,
    workloads: Vec<Ready>,
    /// In the order of the rounds, each with the names of its workload and its strategy.
    samples: Vec<(&'static str, &'static str, Sample)>,
    bypassed: Vec<(&'static str, Sightings)>,
    crashed: Vec<(&'static str, Losses)>,
}

impl Results {
    /// Nothing yet of these.
    pub(super) fn new(strategies: Vec<&'static Strategy>, workloads: Vec<Ready>) -> Self {
        let (samples, bypassed, crashed) = Default::default();
        Self { strategies, workloads, samples, bypassed, crashed }
    }

    /// The strategies of which everything was measured.
    pub(super) fn strategies(&self) -> impl Iterator<Item = &'static Strategy> + Clone {
        self.strategies.iter().copied().filter(|strategy| strategy.extent == Extent::Whole)
    }

    /// All strategies; some were only killed.
    pub(super) fn killed(&self) -> impl Iterator<Item = &'static Strategy> + Clone {
        self.strategies.iter().copied()
    }

    /// The workloads.
    pub(super) fn workloads(&self) -> &[Ready] {
        &self.workloads
    }

    /// Adds what a round said.
    pub(super) fn add(&mut self, workload: &'static str, strategy: &Strategy, sample: Sample) {
        self.samples.push((workload, strategy.name, sample));
    }

    /// Adds what a round saw of somebody who wrote past the cache.
    pub(super) fn add_bypassed(&mut self, strategy: &Strategy, sightings: Sightings) {
        self.bypassed.push((strategy.name, sightings));
    }

    /// Adds what a crash cost.
    pub(super) fn add_crashed(&mut self, strategy: &Strategy, losses: Losses) {
        self.crashed.push((strategy.name, losses));
    }

    /// A figure over the rounds.
    pub(super) fn spread(
        &self,
        workload: &str,
        strategy: &Strategy,
        metric: Metric,
    ) -> Option<Spread> {
        Spread::of(self.samples_of(Some(workload), strategy).filter_map(metric))
    }

    /// A figure beside the one of the database alone, round by round.
    pub(super) fn beside_reference(
        &self,
        workload: &str,
        strategy: &Strategy,
        metric: Metric,
    ) -> Option<Spread> {
        let reference = self.spread(workload, REFERENCE, metric)?;
        self.spread(workload, strategy, metric)?.ratio(&reference)
    }

    /// What readers saw under all workloads in all rounds.
    pub(super) fn sightings(&self, strategy: &Strategy) -> Sightings {
        sum(self.samples_of(None, strategy).map(|sample| &sample.sightings))
    }

    /// What was seen in the database under all workloads in all rounds.
    pub(super) fn outside(&self, strategy: &Strategy) -> Sightings {
        sum(self.samples_of(None, strategy).map(|sample| &sample.outside))
    }

    /// What each round saw of somebody who wrote past the cache.
    pub(super) fn bypassed(&self, strategy: &Strategy) -> Vec<Sightings> {
        let of = self.bypassed.iter().filter(|(name, _)| *name == strategy.name);
        of.map(|(_, sightings)| *sightings).collect()
    }

    /// What each crash cost.
    pub(super) fn crashes(&self, strategy: &Strategy) -> Vec<Losses> {
        let of = self.crashed.iter().filter(|(name, _)| *name == strategy.name);
        of.map(|(_, losses)| *losses).collect()
    }

    fn samples_of<'a>(
        &'a self,
        workload: Option<&'a str>,
        strategy: &'a Strategy,
    ) -> impl Iterator<Item = &'a Sample> {
        let is_wanted = move |name: &str| workload.is_none_or(|workload| workload == name);
        let samples = self.samples.iter();
        samples
            .filter(move |(workload, name, _)| is_wanted(workload) && *name == strategy.name)
            .map(|(_, _, sample)| sample)
    }
}

fn sum<'a>(sightings: impl Iterator<Item = &'a Sightings>) -> Sightings {
    sightings.fold(Sightings::default(), |sum, sightings| sum.and(sightings))
}

/// As figures have it.
pub(super) fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

/// A sample of that rate, whose reads and writes take so many microseconds, for the tests of what is
/// made of results.
#[cfg(test)]
pub(super) fn sample(rate: f64, read: f64, write: f64) -> Sample {
    use super::trial::Latency;
    let latency = |p50| Some(Latency { p50, p99: 2.0 * p50 });
    Sample { rate, reads: latency(read), writes: latency(write), ..Sample::default() }
}

#[cfg(test)]
mod tests {
    use super::super::application::chosen;
    use super::super::workload;
    use super::*;

    #[test]
    fn figures_are_held_against_the_database_alone_round_by_round() {
        let strategies = chosen(&["write-behind".to_owned()]).unwrap();
        let mut results = Results::new(strategies, Vec::new());
        let behind = results.strategies().last().unwrap();
        for (alone, other) in [(100.0, 50.0), (400.0, 100.0)] {
            results.add(workload::WRITE_HEAVY, REFERENCE, sample(1.0, 1.0, alone));
            results.add(workload::WRITE_HEAVY, behind, sample(1.0, 1.0, other));
            results.add(workload::READ_MOSTLY, behind, sample(1.0, 1.0, 7.0));
        }
        let p50: Metric = |sample| Some(sample.writes?.p50);
        let ratio = results.beside_reference(workload::WRITE_HEAVY, behind, p50).unwrap();
        assert_eq!(ratio.rounds(), [0.5, 0.25]);
        assert_eq!(results.beside_reference(workload::READ_MOSTLY, behind, p50), None);
    }

    #[test]
    fn sightings_of_all_workloads_are_added_up() {
        let mut results = Results::new(chosen(&[]).unwrap(), Vec::new());
        let seen =
            Sightings { reads: 10, stale: 1, worst: Duration::from_millis(3), after_complete: 0 };
        for workload in [workload::READ_MOSTLY, workload::WRITE_HEAVY] {
            let sample = Sample { sightings: seen, outside: seen, ..Sample::default() };
            results.add(workload, REFERENCE, sample);
        }
        assert_eq!(results.sightings(REFERENCE).reads, 20);
        assert_eq!(results.outside(REFERENCE).stale, 2);
        assert_eq!(milliseconds(results.sightings(REFERENCE).worst), 3.0);
    }
}
