//! The figures of a load run.

use std::collections::BTreeMap;
use std::fmt;

use super::Subject;

/// What one turn of one server came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// Requests per second.
    pub(super) rate: f64,
    /// Requests per second of the server's processor time.
    pub(super) per_cpu_second: f64,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} /s, {:.0} /CPU-s", self.rate, self.per_cpu_second)
    }
}

/// Every turn, by depth and server.
#[derive(Default)]
pub(super) struct Figures {
    runs: BTreeMap<(usize, &'static str), Vec<Run>>,
}

impl Figures {
    /// Adds a turn.
    pub(super) fn add(&mut self, depth: usize, subject: Subject, run: Run) {
        self.runs.entry((depth, subject.name())).or_default().push(run);
    }

    /// The medians with their spread. The ratio is taken within each round, then its median.
    pub(super) fn table(&self, subjects: &[Subject]) -> String {
        let mut table = "| pipeline | server | requests/s | requests per CPU-second | ratio to redis-server |\n\
                         |---|---|---|---|---|\n".to_owned();
        let depths: std::collections::BTreeSet<_> =
            self.runs.keys().map(|(depth, _)| *depth).collect();
        for depth in depths {
            for subject in subjects {
                table += &self.line(depth, *subject);
            }
        }
        table
    }

    fn line(&self, depth: usize, subject: Subject) -> String {
        let runs = self.runs(depth, subject);
        let redis = self.runs(depth, Subject::Redis);
        let rates = runs.iter().map(|run| run.rate);
        let costs = runs.iter().map(|run| run.per_cpu_second);
        let ratios =
            runs.iter().zip(redis).map(|(run, redis)| run.per_cpu_second / redis.per_cpu_second);
        let (rate, cost) = (Spread::of(rates), Spread::of(costs));
        let ratio = Spread::of(ratios).map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        let [rate, cost] = [rate, cost].map(|s| s.map_or("-".to_owned(), |s| format!("{s:.0}")));
        format!("| {depth} | {} | {rate} | {cost} | {ratio} |\n", subject.name())
    }

    fn runs(&self, depth: usize, subject: Subject) -> &[Run] {
        self.runs.get(&(depth, subject.name())).map_or(&[], Vec::as_slice)
    }
}

/// A median, and what it lies between.
#[derive(Debug, PartialEq)]
pub(crate) struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    /// The spread of these; `None` of none.
    pub(crate) fn of(numbers: impl Iterator<Item = f64>) -> Option<Self> {
        let mut numbers: Vec<_> = numbers.collect();
        numbers.sort_by(f64::total_cmp);
        let middle = numbers.len() / 2;
        let upper = *numbers.get(middle)?;
        let lower = if numbers.len().is_multiple_of(2) { numbers[middle - 1] } else { upper };
        Some(Self { least: numbers[0], median: (lower + upper) / 2.0, most: *numbers.last()? })
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(0);
        let Self { least, median, most } = self;
        write!(f, "{median:.digits$} ({least:.digits$} to {most:.digits$})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        let spread = |numbers: &[f64]| Spread::of(numbers.iter().copied());
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Some(Spread { least: 1.0, median: 2.0, most: 3.0 }));
        assert_eq!(spread(&[4.0, 1.0]), Some(Spread { least: 1.0, median: 2.5, most: 4.0 }));
        assert_eq!(spread(&[]), None);
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let mut figures = Figures::default();
        for (redis, larder) in [(100.0, 200.0), (50.0, 150.0), (100.0, 400.0)] {
            figures.add(16, Subject::Redis, Run { rate: 9.0, per_cpu_second: redis });
            figures.add(16, Subject::Tasks, Run { rate: 9.0, per_cpu_second: larder });
        }
        let table = figures.table(&[Subject::Redis, Subject::Tasks]);
        let last = table.lines().last().unwrap();
        assert_eq!(
            last,
            "| 16 | larder, tasks | 9 (9 to 9) | 200 (150 to 400) | 3.00 (2.00 to 4.00) |"
        );
    }

    #[test]
    fn without_redis_there_is_no_ratio() {
        let mut figures = Figures::default();
        figures.add(1, Subject::Tasks, Run { rate: 9.0, per_cpu_second: 9.0 });
        assert!(figures.table(&[Subject::Tasks]).ends_with("| - |\n"));
    }
}
