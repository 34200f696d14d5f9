//! The outage test: the database is killed under load and comes back after a while. Writes go on,
//! reads of what is pending are right throughout, and in the end the database has everything.

mod graph;
mod load;
mod samples;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;

use crate::crash::clients::{Writer, flush};
use crate::crash::database::{Database, Source};
use crate::crash::ledger::{self, Ledger};
use crate::crash::victim::Victim;
use crate::failure::{Failure, Result};
use crate::server::{Profile, build};

use load::{Load, Progress};
use samples::{Sample, Sampler};

/// Longer than any backlog takes to drain.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(120);

#[derive(Parser)]
pub(crate) struct Arguments {
    /// The database that is killed
    #[arg(long, value_enum, default_value = "postgres")]
    source: Source,
    /// For how many seconds it is away
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many seconds of load come before that, and after
    #[arg(long, default_value_t = 15)]
    around: u64,
    /// Clients that write and read
    #[arg(long, default_value_t = 4)]
    clients: usize,
    /// Keys of each client
    #[arg(long, default_value_t = 500)]
    keys: usize,
    /// The graph, an SVG file
    #[arg(long)]
    graph: Option<PathBuf>,
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
    let database = Database::start(arguments.source)?;
    let victim = Victim::new(&binary, &database, "always")?;
    let running = victim.start()?;
    running.wait()?;
    let mut writers: Vec<_> =
        (0..arguments.clients).map(|number| Writer::new(number, arguments.keys)).collect();

    let (progress, ended) = (Progress::default(), AtomicBool::new(false));
    let story = thread::scope(|scope| {
        let load = Load { address: victim.address(), progress: &progress, ended: &ended };
        let clients = writers
            .iter_mut()
            .enumerate()
            .map(|(number, writer)| scope.spawn(move || load.run(writer, number as u64)));
        let clients: Vec<_> = clients.collect();
        let told = tell(&database, arguments, &load);
        ended.store(true, Ordering::Relaxed);
        let outcomes = clients.into_iter().map(|client| match client.join() {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::new("a client panicked")),
        });
        outcomes.collect::<Result<Vec<()>>>().and(told)
    })?;
    flush(victim.address(), DRAIN_TIMEOUT)?;
    running.stop()?;

    let ledgers: Vec<&Ledger> = writers.iter().map(Writer::ledger).collect();
    let applied = ledger::verify(&ledgers, &database.rows()?, &database.history()?)?;
    report(&story, &progress, applied);
    arguments.graph.as_ref().map_or(Ok(()), |file| graph::draw(file, &story))
}

/// What happened, and when.
pub(crate) struct Story {
    samples: Vec<Sample>,
    /// From when to when the database was away, since the begin.
    away: (Duration, Duration),
    /// How long after its return everything that had been written until then was in it.
    caught_up: Duration,
}

/// Kills the database, brings it back, and looks on.
fn tell(database: &Database, arguments: &Arguments, load: &Load<'_>) -> Result<Story> {
    let around = Duration::from_secs(arguments.around);
    let mut sampler = Sampler::start(load)?;
    sampler.watch_for(around)?;
    let gone = sampler.elapsed();
    database.kill()?;
    sampler.watch_for(Duration::from_secs(arguments.seconds))?;
    database.restart()?;
    let back = sampler.elapsed();
    let returned = Instant::now();
    sampler.watch_until_drained(DRAIN_TIMEOUT)?;
    let caught_up = returned.elapsed();
    sampler.watch_for(around)?;
    Ok(Story { samples: sampler.finish(), away: (gone, back), caught_up })
}

fn report(story: &Story, progress: &Progress, applied: u64) {
    let (gone, back) = story.away;
    let deepest = story.samples.iter().map(|sample| sample.pending).max().unwrap_or(0);
    let oldest = story.samples.iter().map(|sample| sample.oldest_ms).max().unwrap_or(0);
    let away =
        story.samples.iter().filter(|sample| (gone..back).contains(&sample.at)).collect::<Vec<_>>();
    let written: u64 = away.iter().map(|sample| sample.written).sum();
    println!(
        "away for {:.1} s, in which {written} writes were acknowledged\n\
         at most {deepest} records pending, the oldest for {:.1} s; lag back to zero {:.1} s after \
         the database was\n\
         {} writes acknowledged in all, {} reads right and 0 wrong, {} refused while the database \
         was away; {applied} puts applied; 0 lost, 0 out of order, 0 twice",
        (back - gone).as_secs_f64(),
        oldest as f64 / 1000.0,
        story.caught_up.as_secs_f64(),
        progress.written(),
        progress.read(),
        progress.refused(),
    );
}
