//! The crash test: the binary killed again and again while clients write, and at the end every write
//! that was acknowledged is in the database, in order, once.

pub(crate) mod clients;
pub(crate) mod database;
pub(crate) mod ledger;
pub(crate) mod victim;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};

use crate::failure::{Failure, Result};
use crate::random::Random;
use crate::server::{Profile, build};

use clients::{Writer, write_until_killed};
use database::{Database, Source};
use ledger::{Counts, Ledger};
use victim::Victim;

/// Cycles of each source in `cargo xtask test`.
const CYCLES_IN_TESTS: u32 = 20;
/// How long clients write before the kill, at least and at most, in milliseconds.
const WRITING: (i64, i64) = (30, 400);
/// How long the process lives at most that is killed while it starts, in milliseconds.
const STARTING_MAX: i64 = 120;
/// One in so many cycles ends while the process starts.
const KILLED_AT_START: usize = 4;
/// Longer than any backlog takes to drain.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(120);

#[derive(Parser)]
pub(crate) struct Arguments {
    /// How often larder is killed
    #[arg(long, default_value_t = CYCLES_IN_TESTS)]
    cycles: u32,
    /// The database behind it; all of them, one after the other, unless named
    #[arg(long, value_enum)]
    source: Vec<Source>,
    /// Clients that write at the same time
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// Keys of each client
    #[arg(long, default_value_t = 20)]
    keys: usize,
    /// When an acknowledged write is durable, as write_behind.sync says
    #[arg(long, default_value = "always")]
    sync: String,
    /// What the moments of the kills are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Build larder with optimisations
    #[arg(long)]
    release: bool,
    /// A larder to use instead of the one that is built
    #[arg(long)]
    larder: Option<PathBuf>,
}

/// Does what the arguments say.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    let profile = if arguments.release { Profile::Release } else { Profile::Debug };
    let binary = arguments.larder.clone().map_or_else(|| build(root, profile), Ok)?;
    let sources = match arguments.source.as_slice() {
        [] => Source::value_variants(),
        sources => sources,
    };
    for source in sources {
        let started = Instant::now();
        let counts = rehearse(&binary, *source, arguments)?;
        println!("{}: {counts}; {:.0} s", source.name(), started.elapsed().as_secs_f64());
    }
    Ok(())
}

/// The cycles that belong to `cargo xtask test`.
pub(crate) fn run_in_tests(root: &Path) -> Result<()> {
    run(root, &Arguments::parse_from(["crash"]))
}

/// All cycles over one database, and the check at their end.
fn rehearse(binary: &Path, source: Source, arguments: &Arguments) -> Result<Counts> {
    let database = Database::start(source)?;
    let victim = Victim::new(binary, &database, &arguments.sync)?;
    let mut random = Random::new(arguments.seed, source as u64);
    let mut writers: Vec<_> =
        (0..arguments.clients).map(|number| Writer::new(number, arguments.keys)).collect();
    let mut counts = Counts::default();
    for cycle in 0..arguments.cycles {
        counts.cycles += 1;
        let killed = if random.once_in(KILLED_AT_START) {
            counts.at_start += 1;
            kill_at_start(&victim, &mut random)
        } else {
            kill_while_writing(&victim, &mut writers, &mut random)
        };
        match killed {
            Ok(()) => {}
            // Servers have crashes of their own, which larder has to survive as well.
            Err(_) if !database.answers() => {
                counts.database_deaths += 1;
                database.restart()?;
            }
            Err(failure) => return Err(Failure::new(format!("cycle {cycle}: {failure}"))),
        }
    }
    finish(&victim, &mut writers)?;
    for writer in &writers {
        counts.add(writer.ledger());
    }
    if counts.has_no_writes() {
        return Err(Failure::new("nothing was acknowledged, so nothing was tried"));
    }
    let ledgers: Vec<&Ledger> = writers.iter().map(Writer::ledger).collect();
    counts.applied = ledger::verify(&ledgers, &database.rows()?, &database.history()?)?;
    Ok(counts)
}

fn kill_at_start(victim: &Victim, random: &mut Random) -> Result<()> {
    let running = victim.start()?;
    thread::sleep(milliseconds(random.between(0, STARTING_MAX)));
    running.kill()
}

fn kill_while_writing(victim: &Victim, writers: &mut [Writer], random: &mut Random) -> Result<()> {
    let running = victim.start()?;
    running.wait()?;
    let patience = milliseconds(random.between(WRITING.0, WRITING.1));
    thread::scope(|scope| {
        let address = victim.address();
        let writing = writers.iter_mut().map(|writer| {
            let seed = random.number();
            scope.spawn(move || write_until_killed(writer, address, seed))
        });
        let writing: Vec<_> = writing.collect();
        thread::sleep(patience);
        let killed = running.kill();
        let outcomes = writing.into_iter().map(|writer| match writer.join() {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::new("a client panicked")),
        });
        killed.and(outcomes.collect())
    })
}

/// Starts it for the last time, looks at every key, and lets the journal drain.
fn finish(victim: &Victim, writers: &mut [Writer]) -> Result<()> {
    let running = victim.start()?;
    running.wait()?;
    for writer in writers {
        writer.look(victim.address())?;
    }
    clients::flush(victim.address(), DRAIN_TIMEOUT)?;
    running.stop()
}

fn milliseconds(count: i64) -> Duration {
    Duration::from_millis(count.unsigned_abs())
}
