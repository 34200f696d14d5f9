//! What was measured of a strategy, in the words of its advice.

use super::application::{REFERENCE, Strategy};
use super::crash::Losses;
use super::results::{Metric, Results, milliseconds};
use super::workload::{HALF_AND_HALF, HOT_KEY, LOG, READ_MOSTLY, WRITE_HEAVY};
use crate::measure::number::{counted, grouped};
use crate::measure::spread::Spread;

/// The middle latency of reads.
pub(super) const READ_P50: Metric = |sample| Some(sample.reads?.p50);

/// The middle latency of writes.
pub(super) const WRITE_P50: Metric = |sample| Some(sample.writes?.p50);

/// What speaks for and against one strategy. What was not measured is said to be so.
pub(super) struct Evidence<'a> {
    pub(super) results: &'a Results,
    pub(super) strategy: &'static Strategy,
}

impl Evidence<'_> {
    /// How many requests it carries.
    pub(super) fn rate(&self) -> String {
        let rate = |workload| self.spread(workload, |sample| Some(sample.rate));
        let shown = |rate: Spread| grouped(rate.median(), 0);
        match (rate(READ_MOSTLY), rate(WRITE_HEAVY)) {
            (Some(reading), Some(writing)) => format!(
                "{} requests/s were answered under {READ_MOSTLY} and {} under {WRITE_HEAVY}",
                shown(reading),
                shown(writing)
            ),
            _ => missing("its rate"),
        }
    }

    /// How long reads take.
    pub(super) fn reads(&self) -> String {
        let times = self.beside_reference("a read", READ_MOSTLY, READ_P50);
        let hits = self.percent(READ_MOSTLY, |sample| sample.hit_ratio);
        match hits {
            Some(hits) => format!("{times}; {hits} of the reads were hits"),
            None => times,
        }
    }

    /// How long writes take.
    pub(super) fn writes(&self) -> String {
        self.beside_reference("a write", WRITE_HEAVY, WRITE_P50)
    }

    /// What share of reads find a copy.
    pub(super) fn hits(&self) -> String {
        let hits = |workload| self.percent(workload, |sample| sample.hit_ratio);
        match (hits(HALF_AND_HALF), hits(LOG)) {
            (Some(half), Some(log)) => {
                format!(
                    "{half} of the reads were hits under {HALF_AND_HALF}, and {log} under {LOG}"
                )
            }
            _ => missing("its hit ratio"),
        }
    }

    /// How much of what is written reaches the database.
    pub(super) fn source_writes(&self) -> String {
        let written: Metric = |sample| Some(sample.source_writes);
        let alone = self.results.spread(HOT_KEY, REFERENCE, written);
        match (self.spread(HOT_KEY, written), alone) {
            (Some(behind), Some(alone)) => format!(
                "under {HOT_KEY} {:.3} rows a request reached the database instead of {:.3}",
                behind.median(),
                alone.median()
            ),
            _ => missing("what reaches the database"),
        }
    }

    /// Whether readers were given what had been overwritten.
    pub(super) fn staleness(&self) -> String {
        let seen = self.results.sightings(self.strategy);
        let reads = counted(seen.reads);
        match (seen.reads, seen.stale) {
            (0, _) => missing("what readers are given"),
            (_, 0) => format!("stale reads: none of {reads}"),
            (_, stale) => format!(
                "stale reads: {} of {reads}, by {:.1} ms at worst",
                counted(stale),
                milliseconds(seen.worst)
            ),
        }
    }

    /// How far the database is behind.
    pub(super) fn lag(&self) -> String {
        let seen = self.results.outside(self.strategy);
        match seen.share() {
            Some(share) => format!(
                "who looked into the database for the key written last found it behind in {:.0}% of \
                 the cases, by {:.0} ms at worst",
                share * 100.0,
                milliseconds(seen.worst)
            ),
            None => missing("how far the database is behind"),
        }
    }

    /// What crashes cost.
    pub(super) fn losses(&self) -> String {
        let crashes = self.results.crashes(self.strategy);
        if crashes.is_empty() {
            return missing("what a crash costs");
        }
        let losses = Losses::sum(&crashes);
        format!(
            "{} of {} acknowledged writes were lost in {}",
            counted(losses.lost as u64),
            counted(losses.acknowledged as u64),
            match crashes.len() {
                1 => "a crash".to_owned(),
                count => format!("{count} crashes"),
            }
        )
    }

    fn beside_reference(&self, what: &str, workload: &str, metric: Metric) -> String {
        match self.results.beside_reference(workload, self.strategy, metric) {
            Some(ratio) => format!(
                "under {workload} {what} takes {:.2} of the time that it takes with the database alone",
                ratio.median()
            ),
            None => missing(&format!("how long {what} takes")),
        }
    }

    fn percent(&self, workload: &str, metric: Metric) -> Option<String> {
        let spread = self.spread(workload, metric)?;
        Some(format!("{:.0}%", spread.median() * 100.0))
    }

    fn spread(&self, workload: &str, metric: Metric) -> Option<Spread> {
        self.results.spread(workload, self.strategy, metric)
    }
}

fn missing(what: &str) -> String {
    format!("{what} was not measured")
}

#[cfg(test)]
mod tests {
    use super::super::application::{ALL, chosen};
    use super::super::results::sample;
    use super::*;

    fn advice(results: &Results, name: &str) -> String {
        let strategy = ALL.into_iter().find(|strategy| strategy.name == name).unwrap();
        (strategy.advice)(&Evidence { results, strategy })
    }

    #[test]
    fn advice_has_the_figures() {
        let mut results = Results::new(chosen(&[]).unwrap(), Vec::new());
        for strategy in ALL {
            let read = if strategy.name == REFERENCE.name { 200.0 } else { 50.0 };
            results.add(READ_MOSTLY, strategy, sample(12_345.0, read, 100.0));
            results.add(WRITE_HEAVY, strategy, sample(1_000.0, read, 2.0 * read));
            results.add_crashed(strategy, Losses { acknowledged: 1_500, lost: 0 });
        }
        let alone = advice(&results, "database-alone");
        assert!(alone.contains("12,345 requests/s") && alone.contains("1,000"), "{alone}");
        let aside = advice(&results, "cache-aside");
        assert!(aside.contains("takes 0.25 of the time"), "{aside}");
        let behind = advice(&results, "write-behind");
        assert!(behind.contains("0 of 1,500 acknowledged writes were lost in a crash"), "{behind}");
    }

    #[test]
    fn advice_says_what_was_not_measured() {
        let results = Results::new(chosen(&[]).unwrap(), Vec::new());
        for strategy in ALL {
            let advice = (strategy.advice)(&Evidence { results: &results, strategy });
            assert!(advice.contains("was not measured"), "{advice}");
        }
    }
}
