//! The report of a run.

use super::application::Strategy;
use super::bypass;
use super::claims::{FAST_MAX, SLOW_MIN, VERY_FAST_MAX, claims};
use super::database::Database;
use super::evidence::Evidence;
use super::results::Results;
use super::settings::Settings;
use super::{SHARE_OFFERED, plots, tables};
use crate::measure::number::counted;
use crate::record::Record;
use crate::report::{Part, Report};

/// A report whose figures are still being made.
pub(super) struct Telling {
    record: Record,
    circumstances: String,
    past_the_cache: String,
}

impl Telling {
    /// The run begins.
    pub(super) fn begin(settings: &Settings, database: &Database) -> Self {
        Self {
            record: Record::begin(),
            circumstances: circumstances(settings, database),
            past_the_cache: past_the_cache(settings),
        }
    }

    /// The run has ended.
    pub(super) fn end(self, results: &Results) -> Report {
        let mut parts = vec![
            Part::Text(self.circumstances),
            Part::Heading("The strategies in short".to_owned()),
            Part::Text(SPEEDS.to_owned()),
            Part::Table(tables::textbook(results)),
            Part::Heading("What is claimed".to_owned()),
            Part::Text(verdicts()),
            Part::Claims(claims(results)),
            Part::Heading("When to choose which".to_owned()),
        ];
        parts.extend(results.killed().map(|strategy| Part::Text(advice(results, strategy))));
        parts.push(Part::Heading("Workload by workload".to_owned()));
        parts.push(Part::Text(COLUMNS.to_owned()));
        let workloads = results.workloads().iter().map(|ready| ready.workload);
        parts.extend(workloads.map(|workload| Part::Table(tables::workload(results, workload))));
        parts.extend(plots::plots(results).into_iter().map(Part::Plot));
        parts.extend([
            Part::Heading("Past the cache, and after a crash".to_owned()),
            Part::Text(self.past_the_cache),
            Part::Table(tables::bypassed(results)),
            Part::Text(CRASHES.to_owned()),
            Part::Table(tables::crashed(results)),
        ]);
        self.record.report("The strategies", parts)
    }
}

const SPEEDS: &str = "What is said is the usual table of textbooks. What was measured stands beside it: the \
    ratio of the middle latencies (p50) to those of the application that asks the database itself, at the \
    same number of requests a second, taken within each round. Below 1 is faster. Stale reads and how far \
    the database is behind are of all workloads and rounds together.";

const COLUMNS: &str = "A stale read was given a value that had been overwritten when it was asked for: \
    another write had begun after that value was known to be committed, and was itself known to be committed. \
    Where the application writes the database, a write is committed when the database says so, which is a \
    little before the copy is dropped; where larder writes, when larder acknowledges it. The database is \
    behind when whoever looks into it for the key that was written last finds an older value.";

const CRASHES: &str = "Clients write the same keys again and again until larder is killed. It is started \
    again and brings to the database what it finds in its journal; then each key's row is compared with the \
    writes that were acknowledged. Lost is what neither the row has nor a later write has replaced. Where the \
    application writes the database itself, or larder before it answers, there is nothing to lose.";

fn circumstances(settings: &Settings, database: &Database) -> String {
    let Settings { keys, clients, rounds, length, .. } = settings;
    let keys = counted(*keys);
    format!(
        "{clients} clients, each a thread that waits for its answer, over {}; {keys} keys, of which larder \
         may hold a quarter; {}. Each trial has a larder of its own, which is warmed up for \
         {:.2} s. What is carried is measured for {:.2} s in a closed loop, what it takes for as long in an \
         open one, at {:.0}% of what the slowest strategy carries under that workload: so all are asked the \
         same. The application speaks to the database by the same client as larder.",
        database.place(),
        match rounds {
            1 => "a round".to_owned(),
            rounds => format!("{rounds} rounds"),
        },
        length.warm_up.as_secs_f64(),
        length.lasting.as_secs_f64(),
        SHARE_OFFERED * 100.0
    )
}

fn past_the_cache(settings: &Settings) -> String {
    format!(
        "Somebody else writes one of {} rows every {} ms, past the cache and without a word; clients read \
         {} times a second, and copies are good for {} ms. No strategy can know of such a write: what \
         bounds its harm is the TTL.",
        bypass::KEYS,
        bypass::WRITE_INTERVAL.as_millis(),
        bypass::READS_PER_SECOND,
        settings.ttl.as_millis()
    )
}

fn verdicts() -> String {
    format!(
        "\"Very fast\" holds when the ratio is at most {VERY_FAST_MAX}, \"fast\" at most {FAST_MAX}, \"slow\" \
         at least {SLOW_MIN}, and \"normal\" between the last two, in every round; where the rounds disagree, \
         the run cannot tell."
    )
}

fn advice(results: &Results, strategy: &'static Strategy) -> String {
    let advice = (strategy.advice)(&Evidence { results, strategy });
    format!("Choose {} {advice}", strategy.name)
}
