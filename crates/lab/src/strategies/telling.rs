//! The report of a run.

use std::time::{Duration, Instant};

use super::application::Strategy;
use super::bypass;
use super::claims::{FAST_MAX, SLOW_MIN, VERY_FAST_MAX, claims};
use super::database::Database;
use super::evidence::Evidence;
use super::results::{Results, Trying};
use super::run::SHARE_OFFERED;
use super::settings::Settings;
use super::{plots, tables};
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

    /// The moment so long after the run began.
    pub(super) fn after(&self, time: Duration) -> Instant {
        self.record.after(time)
    }

    /// The run has ended.
    pub(super) fn end(self, results: &Results) -> Report {
        let mut parts = vec![Part::Text(self.circumstances)];
        parts.extend(results.cut_short.map(|rounds| Part::Text(cut_short(rounds))));
        parts.extend([
            Part::Heading("The strategies in short".to_owned()),
            Part::Text(SPEEDS.to_owned()),
            Part::Table(tables::textbook(results)),
            Part::Heading("What is claimed".to_owned()),
            Part::Text(verdicts()),
            Part::Claims(claims(results)),
            Part::Heading("When to choose which".to_owned()),
        ]);
        parts.extend(results.killed().map(|strategy| Part::Text(advice(results, strategy))));
        parts.push(Part::Heading("Workload by workload".to_owned()));
        parts.push(Part::Text(COLUMNS.to_owned()));
        for workload in results.workloads().iter().map(|ready| ready.workload) {
            parts.push(Part::Table(tables::workload(results, workload)));
            parts.extend(failures(results, Trying::Workload(workload.name)));
        }
        parts.extend(plots::plots(results).into_iter().map(Part::Plot));
        parts.push(Part::Heading("Past the cache, and after a crash".to_owned()));
        parts.push(Part::Text(self.past_the_cache));
        parts.push(Part::Table(tables::bypassed(results)));
        parts.extend(failures(results, Trying::Bypass));
        parts.push(Part::Text(CRASHES.to_owned()));
        parts.push(Part::Table(tables::crashed(results)));
        parts.extend(failures(results, Trying::Crash));
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

/// What stands below a table.
fn failures(results: &Results, trying: Trying) -> Option<Part> {
    let failures = results.failures(trying);
    (!failures.is_empty()).then(|| Part::Text(failures.join("; ") + "."))
}

fn cut_short(rounds: usize) -> String {
    format!(
        "There was no time for all of it: {} measured in full, and what is left of the next one is \
         missing. A quick run ends within two minutes.",
        match rounds {
            0 => "no round was".to_owned(),
            1 => "one round was".to_owned(),
            rounds => format!("{rounds} rounds were"),
        }
    )
}

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

#[cfg(test)]
mod tests {
    use super::super::application::{REFERENCE, chosen};
    use super::*;
    use crate::failure::Failure;

    #[test]
    fn what_failed_is_told_below_its_table_and_that_time_ran_out_at_the_beginning() {
        let telling = Telling {
            record: Record::begin(),
            circumstances: String::new(),
            past_the_cache: String::new(),
        };
        let mut results = Results::new(chosen(&[]).unwrap(), Vec::new());
        results.add_failed(Trying::Bypass, REFERENCE, &Failure::run("out of sorts"));
        results.cut_short = Some(1);
        let parts = telling.end(&results).parts;
        let is_told = |part: &Part, words: &str| matches!(part, Part::Text(t) if t.contains(words));
        assert!(is_told(&parts[1], "one round was measured in full"), "{:?}", parts[1]);
        let below = parts.iter().position(|part| is_told(part, "out of sorts.")).unwrap();
        let Part::Table(table) = &parts[below - 1] else { panic!("{:?}", parts[below - 1]) };
        assert_eq!(table.title, "Where somebody writes past the cache");
    }
}
