//! What is measured.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use larder_server::model::ModelName;

use super::Options;
use crate::measure::number::counted;

/// Descriptors of this process, and of larder, that are no connections of a load.
const DESCRIPTORS_RESERVED: usize = 200;

/// More connections than this are not opened, however many descriptors there are: a source address has
/// ports for about so many.
const CONNECTIONS_MAX: usize = 25_000;

/// The loads of a quick run: enough for every claim.
const QUICK: [Shape; 3] = [
    Shape { connections: 1_000, active: 100, depth: 1 },
    Shape { connections: 50, active: 50, depth: 1 },
    Shape { connections: 50, active: 50, depth: 16 },
];

/// How much longer a load is for each active connection.
const FIRST_ANSWER: Duration = Duration::from_micros(40);

/// Of the connections that are there to be waited for, with one active.
const SCANNED: [usize; 6] = [1, 10, 100, 900, 3_000, 9_000];

/// A kind of load: what a row of the table is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Shape {
    /// How many there are.
    pub(super) connections: usize,
    /// How many of them ask anything.
    pub(super) active: usize,
    /// How many requests each of these has in flight.
    pub(super) depth: usize,
}

impl Shape {
    /// Of a hundred connections, how many are active.
    pub(super) fn percent(self) -> usize {
        (self.active * 100).div_ceil(self.connections.max(1))
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, active, depth } = *self;
        let [connections, active] = [connections, active].map(|number| counted(number as u64));
        write!(f, "{connections} connections, {active} active, depth {depth}")
    }
}

/// A number of connections, as an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connections {
    Exactly(usize),
    /// As many as the limit of descriptors allows.
    Max,
}

impl FromStr for Connections {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "max" => Ok(Self::Max),
            number => above_zero(number).map(Self::Exactly),
        }
    }
}

impl Connections {
    /// How many that is where `most` are possible.
    fn number(self, most: usize) -> usize {
        match self {
            Self::Exactly(number) => number,
            Self::Max => most,
        }
    }
}

/// What is measured, and how often.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) models: Vec<ModelName>,
    /// From the largest number of connections to the smallest, and in each from few active ones to many.
    pub(super) shapes: Vec<Shape>,
    /// How many connections there are when one is active, under the models that are one loop on a poller.
    pub(super) scanned: Vec<usize>,
    pub(super) rounds: usize,
    /// Thrown away at the beginning of each load.
    pub(super) warm_up: Duration,
    /// What each load lasts.
    pub(super) lasting: Duration,
    /// As many connections as are to be had here, if the limits of models are to be tried out.
    pub(super) probed_max: Option<usize>,
    /// How many there are in larder.
    pub(super) keys: u64,
    /// The largest number of descriptors that a process may have.
    pub(super) descriptors: usize,
}

impl Plan {
    /// What `options` ask for, where a process may have so many descriptors.
    pub(super) fn of(options: &Options, descriptors: usize) -> Self {
        let most = descriptors.saturating_sub(DESCRIPTORS_RESERVED).clamp(1, CONNECTIONS_MAX);
        let seconds = options.seconds.unwrap_or(if options.quick { 0.2 } else { 0.5 });
        let lasting = Duration::from_secs_f64(seconds);
        Self {
            models: without_repeats(chosen(&options.models, ModelName::ALL)),
            shapes: shapes(options, most),
            scanned: scanned(options, most),
            rounds: options.rounds.map_or(if options.quick { 2 } else { 3 }, usize::from),
            warm_up: lasting / 4,
            lasting,
            probed_max: options.connections.is_empty().then_some(most),
            keys: options.keys,
            descriptors,
        }
    }

    /// The models in the order of a round: each round begins with another one.
    pub(super) fn models_of(&self, round: usize) -> impl Iterator<Item = ModelName> {
        let count = self.models.len();
        (0..count).map(move |place| self.models[(place + round) % count])
    }

    /// The numbers of connections, the largest first.
    pub(super) fn connections(&self) -> Vec<usize> {
        let mut connections: Vec<_> = self.shapes.iter().map(|shape| shape.connections).collect();
        connections.dedup();
        connections
    }

    /// How many connections `model` may be expected to refuse, when no load asks for as many.
    pub(super) fn probe(&self, model: ModelName) -> Option<usize> {
        let limit = model.capabilities().descriptors_max?;
        let is_asked = self.shapes.iter().any(|shape| shape.connections > limit);
        (!is_asked && self.probed_max? > limit).then_some(limit + 1)
    }

    /// The loads on so many connections.
    pub(super) fn shapes_of(&self, connections: usize) -> impl Iterator<Item = Shape> {
        self.shapes.iter().copied().filter(move |shape| shape.connections == connections)
    }

    /// How long a load on so many active connections warms up, and how long it lasts: longer when there are
    /// many, since even the first answers of all of them take a while.
    pub(super) fn spans(&self, active: usize) -> (Duration, Duration) {
        let first = FIRST_ANSWER * u32::try_from(active).unwrap_or(u32::MAX);
        (self.warm_up + first, self.lasting + first)
    }

    /// The load for which work in the kernel is counted: a few connections, all active.
    pub(super) fn counted(&self) -> Vec<Shape> {
        let is_small = |shape: &&Shape| shape.active == shape.connections && shape.active <= 1_000;
        let small = self.shapes.iter().filter(is_small);
        // Fifty if there are so many, or what is nearest.
        let nearest = small.clone().map(|shape| shape.connections.abs_diff(50)).min();
        small.filter(|shape| Some(shape.connections.abs_diff(50)) == nearest).copied().collect()
    }
}

fn shapes(options: &Options, most: usize) -> Vec<Shape> {
    let Options { connections, active, depths, .. } = options;
    if options.quick && connections.is_empty() && active.is_empty() && depths.is_empty() {
        return QUICK.into_iter().filter(|shape| shape.connections <= most).collect();
    }
    let usual = [1, 50, 1_000].map(Connections::Exactly).into_iter().chain([Connections::Max]);
    let mut numbers: Vec<_> = chosen(connections, &usual.collect::<Vec<_>>())
        .into_iter()
        .map(|connections| connections.number(most))
        .filter(|number| *number <= most)
        .collect();
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    numbers.dedup();
    let percents = chosen(active, &[1, 10, 100]);
    let depths = without_repeats(chosen(depths, &[1, 16]));
    numbers.iter().flat_map(|number| of_connections(*number, &percents, &depths)).collect()
}

/// Shares that come to no whole connection have no meaning.
fn of_connections(connections: usize, percents: &[u8], depths: &[usize]) -> Vec<Shape> {
    let mut actives: Vec<_> = percents
        .iter()
        .map(|percent| connections * usize::from(*percent))
        .filter(|hundredths| *hundredths >= 100)
        .map(|hundredths| hundredths / 100)
        .collect();
    actives.sort_unstable();
    actives.dedup();
    let shape = |active| move |depth: &usize| Shape { connections, active, depth: *depth };
    actives.into_iter().flat_map(|active| depths.iter().map(shape(active))).collect()
}

/// A run that was told how many connections there are looks no further than the largest of these.
fn scanned(options: &Options, most: usize) -> Vec<usize> {
    let asked = options.connections.iter().map(|connections| connections.number(most));
    let bound = asked.max().unwrap_or(most).min(most);
    let quick = |connections: &usize| !options.quick || [1, 100, 900].contains(connections);
    SCANNED.into_iter().filter(|number| *number <= bound).filter(quick).collect()
}

fn chosen<T: Copy>(asked: &[T], usual: &[T]) -> Vec<T> {
    if asked.is_empty() { usual } else { asked }.to_vec()
}

/// Each where it is named first.
fn without_repeats<T: Copy + PartialEq>(named: Vec<T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(named.len());
    for one in named {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}

/// The option of how long a load lasts.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.01..=600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds from 0.01 to 600".to_owned()),
    }
}

/// The option of how many of a hundred connections are active.
pub(super) fn percent(text: &str) -> Result<u8, String> {
    match text.parse() {
        Ok(percent) if (1..=100).contains(&percent) => Ok(percent),
        _ => Err("a whole number from 1 to 100".to_owned()),
    }
}

/// The option of how many requests are in flight.
pub(super) fn depth(text: &str) -> Result<usize, String> {
    above_zero(text)
}

fn above_zero(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("a whole number above zero".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        options: Options,
    }

    fn parsed(arguments: &str) -> Result<Plan, clap::Error> {
        let words = std::iter::once("models").chain(arguments.split_whitespace());
        Ok(Plan::of(&Command::try_parse_from(words)?.options, 20_000))
    }

    fn plan(arguments: &str) -> Plan {
        parsed(arguments).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn without_options_every_model_gets_every_load_that_has_a_meaning() {
        let plan = plan("");
        assert_eq!(plan.models, ModelName::ALL);
        assert_eq!(plan.connections(), [19_800, 1_000, 50, 1]);
        let loads =
            |connections| plan.shapes_of(connections).map(|shape| (shape.active, shape.depth));
        assert_eq!(loads(1).collect::<Vec<_>>(), [(1, 1), (1, 16)]);
        assert_eq!(loads(50).collect::<Vec<_>>(), [(5, 1), (5, 16), (50, 1), (50, 16)]);
        assert_eq!(loads(1_000).count(), 6);
        assert_eq!(plan.scanned, SCANNED);
    }

    #[test]
    fn a_quick_run_asks_less() {
        let plan = plan("--quick");
        assert_eq!(plan.shapes, QUICK);
        assert_eq!((plan.rounds, plan.scanned.len()), (2, 3));
    }

    #[test]
    fn a_limit_is_tried_out_when_no_load_reaches_it() {
        assert_eq!(plan("--quick").probe(ModelName::Select), Some(1_025));
        assert_eq!(plan("--quick").probe(ModelName::Epoll), None);
        assert_eq!(plan("").probe(ModelName::Select), None);
        assert_eq!(plan("--connections 4").probe(ModelName::Select), None);
    }

    #[test]
    fn a_quick_run_that_is_told_what_to_ask_asks_that() {
        let plan = plan("--quick --connections 10 --active 100 --depths 1");
        assert_eq!(plan.shapes, [Shape { connections: 10, active: 10, depth: 1 }]);
        assert_eq!(plan.scanned, [1]);
    }

    #[test]
    fn what_is_asked_for_is_what_is_measured() {
        let plan = plan(
            "--models epoll,pool,epoll --connections 20,max,20 --active 50 --depths 4,4 --rounds 7",
        );
        assert_eq!(plan.models, [ModelName::Epoll, ModelName::Pool]);
        assert_eq!(plan.connections(), [19_800, 20]);
        assert_eq!(plan.shapes[1], Shape { connections: 20, active: 10, depth: 4 });
        assert_eq!((plan.rounds, plan.shapes.len()), (7, 2));
        assert_eq!(plan.counted(), []);
    }

    #[test]
    fn a_round_begins_where_the_one_before_went_on() {
        let plan = plan("--models epoll,pool,poll");
        let second: Vec<_> = plan.models_of(1).collect();
        assert_eq!(second, [ModelName::Pool, ModelName::Poll, ModelName::Epoll]);
    }

    #[test]
    fn a_load_on_many_connections_is_longer() {
        let plan = plan("--seconds 0.4");
        let milliseconds = |active| {
            let (warm_up, lasting) = plan.spans(active);
            (warm_up.as_millis(), lasting.as_millis())
        };
        assert_eq!(milliseconds(1), (100, 400));
        assert_eq!(milliseconds(20_000), (900, 1_200));
    }

    #[test]
    fn the_kernel_is_counted_where_a_few_are_all_active() {
        let counted = plan("").counted();
        assert_eq!(
            counted.iter().map(|s| (s.active, s.depth)).collect::<Vec<_>>(),
            [(50, 1), (50, 16)]
        );
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        for arguments in [
            "--models epol",
            "--connections 0",
            "--active 101",
            "--depths 0",
            "--seconds 0",
            "--rounds 0",
        ] {
            assert!(parsed(arguments).is_err(), "{arguments}");
        }
    }
}
