//! The comparison: the same commands to redis-server and to larder, side by side, and every reply
//! held against the other, byte for byte.
//!
//! Sequences are hand-picked (`compare/scripts/`) or drawn from a seed by the grammar of the commands
//! (`compare/grammar.txt`). Where replies may differ, and why, is said in `compare/rules.rs` alone.

mod absent;
mod arguments;
mod connection;
mod generate;
mod grammar;
mod judge;
mod pair;
mod play;
mod reply;
mod report;
mod rules;
mod script;
mod sequence;
mod shrink;
mod side;
mod walk;
mod words;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::failure::{Failure, Result};
use crate::server::{Profile, build};
use crate::step::output;
use generate::Generator;
use pair::{Pair, Subject};
use report::{Report, describe};
use sequence::Sequence;

/// The version whose replies are the measure.
const MEASURE: &str = "7.0.";

/// More kinds of differences than one can work on.
const KINDS_MAX: usize = 100;

/// What is compared.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many sequences are drawn; those of the scripts come before them
    #[arg(long, default_value_t = 10_000)]
    sequences: usize,
    /// What they are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of the first of them; with --sequences 1 it is drawn alone
    #[arg(long, default_value_t = 0)]
    first: usize,
    /// The most steps of one of them
    #[arg(long, default_value_t = 24)]
    length: usize,
    /// Only these commands; scripts that have others are left out
    #[arg(long, value_delimiter = ',')]
    commands: Vec<String>,
    /// A larder to compare instead of the one that is built
    #[arg(long)]
    larder: Option<PathBuf>,
    /// Compare redis-server with itself, to see whether the comparison can be trusted
    #[arg(long)]
    itself: bool,
    /// Build larder with optimisations
    #[arg(long)]
    release: bool,
    /// How many pairs of servers work at a time
    #[arg(long)]
    jobs: Option<usize>,
    /// Print what larder does otherwise on purpose, in Markdown, and do nothing else
    #[arg(long)]
    known_differences: bool,
}

/// What is compared within the tests.
const IN_TESTS: Arguments = Arguments {
    sequences: 4_000,
    seed: 1,
    first: 0,
    length: 24,
    commands: Vec::new(),
    larder: None,
    itself: false,
    release: false,
    jobs: None,
    known_differences: false,
};

/// As many sequences as the tests have time for.
pub(crate) fn run_in_tests(root: &Path) -> Result<()> {
    if let Some(version) = other_version()? {
        println!("not compared: redis-server is {version}, and {MEASURE}x is the measure");
        return Ok(());
    }
    conclude(&compare(root, &IN_TESTS)?)
}

/// Compares, and tells what was sent and what differs. Any difference is a failure.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    if arguments.known_differences {
        print!("{}", rules::known_differences());
        return Ok(());
    }
    if let Some(version) = other_version()? {
        return Err(Failure::new(format!(
            "redis-server is {version}: replies are compared with those of {MEASURE}x"
        )));
    }
    let report = compare(root, arguments)?;
    print!("{}", report.table());
    conclude(&report)
}

fn compare(root: &Path, arguments: &Arguments) -> Result<Report> {
    Work::new(root, arguments)?.share_out(arguments.jobs.unwrap_or_else(cores))
}

fn conclude(report: &Report) -> Result<()> {
    print!("{}", report.summary());
    match report.differences() {
        0 => Ok(()),
        count => Err(Failure::new(format!("{count} differences, described above"))),
    }
}

/// The version of redis-server, if it is not the one to compare with.
fn other_version() -> Result<Option<String>> {
    let printed = output(Command::new("redis-server").arg("--version"))?;
    let version = printed.split_whitespace().find_map(|word| word.strip_prefix("v="));
    Ok(version.filter(|version| !version.starts_with(MEASURE)).map(str::to_owned))
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// What there is to do, shared by all who do it.
struct Work {
    subject: Subject,
    scripts: Vec<Sequence>,
    generator: Generator,
    first: usize,
    count: usize,
    next: AtomicUsize,
    report: Mutex<Report>,
}

impl Work {
    fn new(root: &Path, arguments: &Arguments) -> Result<Self> {
        let subject = match &arguments.larder {
            _ if arguments.itself => Subject::Redis(&[]),
            Some(path) => Subject::Larder(path.clone()),
            None if arguments.release => Subject::Larder(build(root, Profile::Release)?),
            None => Subject::Larder(build(root, Profile::Debug)?),
        };
        let only: BTreeSet<_> =
            arguments.commands.iter().map(|name| name.to_ascii_uppercase()).collect();
        let mut scripts = script::read_all(&root.join("xtask/src/compare/scripts"))?;
        scripts.retain(|script| only.is_empty() || script.has_only(&only));
        let length = arguments.length.max(1);
        let generator = Generator::new(arguments.seed, length, &only).map_err(Failure::new)?;
        let count = scripts.len() + arguments.sequences;
        let report = Mutex::new(Report::new(generator.names()));
        let next = AtomicUsize::new(0);
        Ok(Self { subject, scripts, generator, first: arguments.first, count, next, report })
    }

    /// Each worker has servers of its own.
    fn share_out(self, jobs: usize) -> Result<Report> {
        thread::scope(|scope| {
            let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(|| self.work())).collect();
            let crashed = |_| Err(Failure::new("a worker of the comparison crashed"));
            workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(crashed))
        })?;
        Ok(self.report.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn work(&self) -> Result<()> {
        let mut pair = Pair::start(&self.subject)?;
        while let Some(sequence) = self.next() {
            self.compare(&mut pair, &sequence)?;
        }
        Ok(())
    }

    fn next(&self) -> Option<Sequence> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.count || self.report().kinds() >= KINDS_MAX {
            return None;
        }
        let drawn = |number: usize| self.generator.sequence((self.first + number) as u64);
        let script = self.scripts.get(number).cloned();
        Some(script.unwrap_or_else(|| drawn(number - self.scripts.len())))
    }

    /// Plays a sequence. A difference counts when it is there a second time.
    fn compare(&self, pair: &mut Pair, sequence: &Sequence) -> Result<()> {
        let outcome = pair.play(sequence)?;
        self.report().add(&outcome);
        let Some(difference) = outcome.difference else { return Ok(()) };
        if !self.report().is_new(&difference) {
            return Ok(());
        }
        let again = pair.play(sequence)?.difference;
        match again.filter(|again| again.class() == difference.class()) {
            Some(again) => {
                let (shortest, last) = shrink::shrink(pair, sequence.clone(), again)?;
                println!("{}", describe(&shortest, &last));
            }
            None => self.report().passed(sequence, &difference),
        }
        Ok(())
    }

    /// What came of it so far.
    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    #[test]
    fn redis_does_not_differ_from_itself() {
        let arguments = Arguments { sequences: 300, itself: true, ..IN_TESTS };
        let report = compare(root(), &arguments).unwrap();
        assert_eq!(report.differences(), 0, "{}", report.summary());
    }

    #[test]
    fn scripts_with_other_commands_are_left_out() {
        let commands = vec!["get".to_owned(), "set".to_owned()];
        let arguments = Arguments { commands, sequences: 0, itself: true, ..IN_TESTS };
        let work = Work::new(root(), &arguments).unwrap();
        assert!(work.scripts.len() < 5, "{}", work.scripts.len());
    }
}
