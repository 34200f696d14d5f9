//! What the visits have measured.

use std::collections::{BTreeMap, HashMap};

use larder_server::model::ModelName;

use super::plan::Shape;
use crate::measure::spread::Spread;

/// What all visits have measured, by model.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// How many rounds there were.
    pub(super) rounds: usize,
    /// How system calls were counted, where they could be.
    pub(super) calls_way: Option<&'static str>,
    of: HashMap<ModelName, OfModel>,
}

/// What was measured of one thing, by the number of the round. A round in which it failed is missing.
pub(super) type Rounds<T> = BTreeMap<usize, T>;

/// What the visits of one model have measured.
#[derive(Debug, Default)]
pub(super) struct OfModel {
    /// Why it does not serve here, or why it stopped in the middle of a visit.
    pub(super) unserved: Option<String>,
    /// What a load of that shape came to.
    pub(super) loads: HashMap<Shape, Rounds<Load>>,
    /// Why so many connections are not to be had.
    pub(super) refused: BTreeMap<usize, String>,
    /// Whether it refused connections itself, rather than that the machine had no room for them.
    pub(super) is_limited: bool,
    /// What took so long with so many connections that they are not loaded in every shape and round.
    pub(super) slow: BTreeMap<usize, String>,
    /// Why a load of that shape came to nothing.
    pub(super) failed: BTreeMap<Shape, String>,
    /// What connections cost that were held, by how many were wanted.
    pub(super) idle: BTreeMap<usize, Rounds<Idle>>,
    /// What it costs to open a connection, to ask once, and to close it.
    pub(super) arrivals: Rounds<Arrival>,
    /// CPU time for a request of the only active connection, in microseconds, by how many there are.
    pub(super) scans: BTreeMap<usize, Rounds<f64>>,
    /// System calls for a request, in the first round.
    pub(super) calls: HashMap<Shape, f64>,
    /// How many parts of its address space the kernel shares for epoll and for io_uring.
    pub(super) mappings: Option<Mappings>,
}

/// What one load came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Load {
    /// Requests that were answered in a second, as fast as it went.
    pub(super) per_second: f64,
    /// CPU time of larder for a request, in microseconds, at that rate.
    pub(super) cpu_us: f64,
    /// How often its threads were switched for a request, where there were few enough to look at.
    pub(super) switches: Option<f64>,
    /// How much of their time the threads of the generator were busy, from 0 to 1.
    pub(super) generator_busy: f64,
    /// Of the requests of the open loop that were answered, how many others were due and never sent.
    pub(super) unsent_share: f64,
    /// How late the generator itself was in the open loop, with one request in a hundred or more, in
    /// microseconds.
    pub(super) lag_us: f64,
    /// Latencies at a part of that rate, in microseconds.
    pub(super) latency: Latency,
}

/// Latencies of an open loop, in microseconds. What too few requests tell of is missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p99: Option<f64>,
    pub(super) p999: Option<f64>,
}

/// What connections cost that are open and idle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Idle {
    /// How many there were.
    pub(super) held: usize,
    /// Processes and threads of larder, in all.
    pub(super) processes: usize,
    pub(super) threads: usize,
    /// Descriptors of larder, for a connection.
    pub(super) descriptors: f64,
    /// Memory of larder's processes, in bytes a connection.
    pub(super) process_bytes: f64,
    /// Memory of the kernel on larder's side, in bytes a connection.
    pub(super) kernel_bytes: f64,
}

/// What it costs to open a connection, to ask once, and to close it, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Arrival {
    /// Until the next one.
    pub(super) elapsed_us: f64,
    /// Of larder.
    pub(super) cpu_us: f64,
}

/// Parts of an address space that are shared with the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mappings {
    pub(super) of_epoll: usize,
    pub(super) of_uring: usize,
    /// Descriptors of epoll that are open.
    pub(super) epolls: usize,
}

/// A generator that is busier than this may be what sets the rate.
pub(super) const BUSY: f64 = 0.95;

/// Some requests are always due right before the end.
pub(super) const UNSENT_SHARE_MAX: f64 = 0.01;

/// A generator that is later than this distorts latencies, in microseconds.
pub(super) const LAG_US_MAX: f64 = 1_000.0;

impl Load {
    /// Whether the rate may be the generator's rather than the server's.
    pub(super) fn is_generators(&self) -> bool {
        self.generator_busy > BUSY
    }

    /// Whether the server did not keep up with the rate at which latencies were measured.
    pub(super) fn is_behind(&self) -> bool {
        self.unsent_share > UNSENT_SHARE_MAX
    }

    /// Whether latencies contain those of the generator.
    pub(super) fn is_late(&self) -> bool {
        self.lag_us > LAG_US_MAX
    }
}

impl Idle {
    pub(super) fn bytes(self) -> f64 {
        self.process_bytes + self.kernel_bytes
    }
}

impl OfModel {
    /// How many connections it has at most, where it refused more.
    pub(super) fn limit(&self) -> Option<usize> {
        let held = self.idle.values().flat_map(|rounds| rounds.values()).map(|idle| idle.held);
        self.is_limited.then(|| held.max().unwrap_or(0))
    }
}

impl Figures {
    /// To be filled.
    pub(super) fn of_mut(&mut self, model: ModelName) -> &mut OfModel {
        self.of.entry(model).or_default()
    }

    /// What there is of `model`; of one that was not visited, nothing.
    pub(super) fn of(&self, model: ModelName) -> &OfModel {
        static NOTHING: std::sync::LazyLock<OfModel> = std::sync::LazyLock::new(OfModel::default);
        self.of.get(&model).unwrap_or(&NOTHING)
    }

    /// Why the first of `models` does not serve, when none of them does.
    pub(super) fn nobody_served(&self, models: &[ModelName]) -> Option<String> {
        let unserved = models.iter().map(|model| {
            let of_model = self.of(*model);
            of_model.unserved.clone().filter(|_| of_model.arrivals.is_empty())
        });
        unserved.collect::<Option<Vec<_>>>()?.into_iter().next()
    }

    /// One figure of the loads of a shape.
    pub(super) fn load(
        &self,
        model: ModelName,
        shape: Shape,
        figure: impl Fn(&Load) -> f64,
    ) -> Option<Spread> {
        spread(self.of(model).loads.get(&shape)?, |load| Some(figure(load)))
    }

    /// A percentile of the latencies of a shape.
    pub(super) fn latency(
        &self,
        model: ModelName,
        shape: Shape,
        percentile: impl Fn(&Latency) -> Option<f64>,
    ) -> Option<Spread> {
        spread(self.of(model).loads.get(&shape)?, |load| percentile(&load.latency))
    }

    /// How often threads were switched for a request.
    pub(super) fn switches(&self, model: ModelName, shape: Shape) -> Option<Spread> {
        spread(self.of(model).loads.get(&shape)?, |load| load.switches)
    }

    /// Of the shapes that all of `models` were loaded with, the one that `rank` puts highest. `None` is
    /// no rank.
    pub(super) fn shape_of_all<R: Ord>(
        &self,
        models: &[ModelName],
        rank: impl Fn(Shape) -> Option<R>,
    ) -> Option<Shape> {
        let (first, others) = models.split_first()?;
        let is_common =
            |shape: &&Shape| others.iter().all(|model| self.of(*model).loads.contains_key(*shape));
        let common = self.of(*first).loads.keys().filter(is_common);
        common.filter_map(|shape| Some((rank(*shape)?, *shape))).max().map(|(_, shape)| shape)
    }

    /// One figure of the arrivals.
    pub(super) fn arrival(
        &self,
        model: ModelName,
        figure: impl Fn(&Arrival) -> f64,
    ) -> Option<Spread> {
        spread(&self.of(model).arrivals, |arrival| Some(figure(arrival)))
    }

    /// One figure of idle connections, where most of them were wanted: those came first in each visit,
    /// so that nothing was there already of what they take.
    pub(super) fn idle(&self, model: ModelName, figure: impl Fn(&Idle) -> f64) -> Option<Spread> {
        spread(self.of(model).idle.last_key_value()?.1, |idle| Some(figure(idle)))
    }

    /// What 10,000 idle connections take, in MB, reckoned from those that were held. Nothing where there
    /// cannot be so many.
    pub(super) fn ten_thousand_idle_mb(&self, model: ModelName) -> Option<Spread> {
        match self.of(model).limit() {
            Some(limit) if limit < 10_000 => None,
            _ => self.idle(model, |idle| idle.bytes() * 1e4 / 1e6),
        }
    }

    /// What a request costs, in microseconds of CPU time, that one connection of so many makes.
    pub(super) fn scan(&self, model: ModelName, connections: usize) -> Option<Spread> {
        spread(self.of(model).scans.get(&connections)?, |cpu_us| Some(*cpu_us))
    }
}

/// One figure of every round that has it.
fn spread<T>(rounds: &Rounds<T>, figure: impl Fn(&T) -> Option<f64>) -> Option<Spread> {
    let figures = rounds.iter().filter_map(|(round, measured)| Some((*round, figure(measured)?)));
    Spread::of_rounds(figures)
}

#[cfg(test)]
pub(super) mod made_up {
    //! Figures that nobody has measured, for the tests of what is made of them.

    use super::*;

    /// A load with these two figures and others that mean nothing.
    pub(in crate::models) fn load(per_second: f64, cpu_us: f64) -> Load {
        let latency = Latency { p50: 100.0, p99: Some(200.0), p999: None };
        Load {
            per_second,
            cpu_us,
            switches: Some(1.0),
            generator_busy: 0.5,
            unsent_share: 0.0,
            lag_us: 10.0,
            latency,
        }
    }

    /// Of the first rounds, without a gap.
    pub(in crate::models) fn rounds<T>(of_rounds: impl IntoIterator<Item = T>) -> Rounds<T> {
        of_rounds.into_iter().enumerate().collect()
    }

    /// Loads with so much CPU time a request, round by round.
    pub(in crate::models) fn loads_of_cpu(cpu_us: &[f64]) -> Rounds<Load> {
        rounds(cpu_us.iter().map(|cpu_us| load(1_000.0, *cpu_us)))
    }

    /// Loads with so many requests a second, round by round.
    pub(in crate::models) fn loads_of_rate(rates: &[f64]) -> Rounds<Load> {
        rounds(rates.iter().map(|per_second| load(*per_second, 10.0)))
    }

    /// So many bytes a connection, round by round, half of them the kernel's.
    pub(in crate::models) fn idle(held: usize, bytes: &[f64]) -> Rounds<Idle> {
        let idle = |bytes: &f64| Idle {
            held,
            processes: 1,
            threads: 5,
            descriptors: 1.0,
            process_bytes: bytes / 2.0,
            kernel_bytes: bytes / 2.0,
        };
        rounds(bytes.iter().map(idle))
    }

    /// Arrivals that cost so much CPU time, round by round.
    pub(in crate::models) fn arrivals(cpu_us: &[f64]) -> Rounds<Arrival> {
        let arrival = |cpu_us: &f64| Arrival { elapsed_us: cpu_us * 2.0, cpu_us: *cpu_us };
        rounds(cpu_us.iter().map(arrival))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEW: Shape = Shape { connections: 50, active: 50, depth: 1 };
    const MANY: Shape = Shape { connections: 1_000, active: 10, depth: 1 };

    #[test]
    fn what_was_not_measured_has_no_spread() {
        let figures = Figures::default();
        assert_eq!(figures.load(ModelName::Epoll, FEW, |load| load.cpu_us), None);
        assert_eq!(figures.idle(ModelName::Epoll, |idle| idle.bytes()), None);
        assert_eq!(figures.scan(ModelName::Epoll, 1), None);
    }

    #[test]
    fn a_run_fails_when_no_model_serves() {
        let mut figures = Figures::default();
        let both = [ModelName::Epoll, ModelName::Uring];
        figures.of_mut(ModelName::Uring).unserved = Some("refused".to_owned());
        assert_eq!(figures.nobody_served(&both), None);
        figures.of_mut(ModelName::Epoll).unserved = Some("no such program".to_owned());
        assert_eq!(figures.nobody_served(&both).unwrap(), "no such program");
        figures.of_mut(ModelName::Epoll).arrivals = made_up::arrivals(&[1.0]);
        assert_eq!(figures.nobody_served(&both), None);
    }

    #[test]
    fn a_shape_of_all_is_one_that_each_was_loaded_with() {
        let mut figures = Figures::default();
        let loads = || made_up::loads_of_cpu(&[1.0]);
        figures.of_mut(ModelName::Epoll).loads.extend([(FEW, loads()), (MANY, loads())]);
        figures.of_mut(ModelName::Poll).loads.insert(FEW, loads());
        let by_connections = |shape: Shape| Some(shape.connections);
        assert_eq!(figures.shape_of_all(&[ModelName::Epoll], by_connections), Some(MANY));
        let both = [ModelName::Epoll, ModelName::Poll];
        assert_eq!(figures.shape_of_all(&both, by_connections), Some(FEW));
        assert_eq!(figures.shape_of_all(&both, |_| None::<()>), None);
    }

    #[test]
    fn a_round_that_failed_is_missing_and_the_others_keep_their_numbers() {
        let mut figures = Figures::default();
        let all = made_up::loads_of_cpu(&[10.0, 20.0]);
        figures.of_mut(ModelName::Epoll).loads.insert(FEW, all);
        let only_second = [(1, made_up::load(1.0, 40.0))].into();
        figures.of_mut(ModelName::Poll).loads.insert(FEW, only_second);
        let cpu = |model| figures.load(model, FEW, |load| load.cpu_us).unwrap();
        let ratio = cpu(ModelName::Poll).ratio(&cpu(ModelName::Epoll)).unwrap();
        assert_eq!(ratio.rounds(), [2.0]);
    }

    #[test]
    fn ten_thousand_connections_are_not_reckoned_where_there_cannot_be_as_many() {
        let mut figures = Figures::default();
        let pool = figures.of_mut(ModelName::Pool);
        pool.idle.insert(19_800, made_up::idle(64, &[8e3]));
        assert_eq!(figures.ten_thousand_idle_mb(ModelName::Pool).unwrap().median(), 80.0);
        figures.of_mut(ModelName::Pool).is_limited = true;
        assert_eq!(figures.ten_thousand_idle_mb(ModelName::Pool), None);
        figures.of_mut(ModelName::Pool).idle.insert(19_800, made_up::idle(12_000, &[8e3]));
        assert_eq!(figures.ten_thousand_idle_mb(ModelName::Pool).unwrap().median(), 80.0);
    }

    #[test]
    fn a_percentile_that_too_few_requests_tell_of_is_missing() {
        let mut figures = Figures::default();
        figures.of_mut(ModelName::Epoll).loads.insert(FEW, made_up::loads_of_cpu(&[1.0]));
        let latency =
            |figure: fn(&Latency) -> Option<f64>| figures.latency(ModelName::Epoll, FEW, figure);
        assert_eq!(latency(|latency| latency.p99).unwrap().median(), 200.0);
        assert_eq!(latency(|latency| latency.p999), None);
    }

    #[test]
    fn idle_connections_are_told_of_where_most_were_wanted() {
        let mut figures = Figures::default();
        let idle = &mut figures.of_mut(ModelName::Pool).idle;
        idle.extend([(1_000, made_up::idle(64, &[8.0])), (50, made_up::idle(50, &[4.0]))]);
        assert_eq!(figures.idle(ModelName::Pool, |idle| idle.bytes()).unwrap().median(), 8.0);
    }
}
