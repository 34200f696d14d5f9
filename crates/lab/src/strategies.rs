//! `larder lab strategies`: what each caching strategy costs and promises.
//!
//! ```text
//!  workload ---> client: an application of one strategy ---> larder serve ---> database
//!  which key,      |  |                                                          ^   ^
//!  what for        |  +--------- where the application's part is its own --------+   |
//!                  v                                                                 |
//!               ledger: when each write was known     <-------- observer: who looks from outside
//!               to be committed; judges every read
//! ```
//!
//! A *scene* is a larder over one strategy with its clients; a *trial* is a scene under one workload.
//! The rounds interleave all of them, so that what disturbs the machine disturbs all alike.

mod application;
mod bypass;
mod claims;
mod crash;
mod database;
mod drive;
mod evidence;
mod observer;
mod plots;
mod results;
mod scene;
mod settings;
mod tables;
mod telling;
mod trial;
mod wire;
mod workload;

use std::path::PathBuf;

use application::{Extent, REFERENCE, Strategy};
use database::Database;
use results::Results;
use scene::Stage;
use settings::Settings;
use telling::Telling;
use trial::{Sample, Trial, attempt};

use crate::failure::Result;
use crate::generator::Pace;
use crate::progress::Progress;
use crate::workload::Ready;

/// The share of what the slowest strategy carries that all are offered where latency is measured.
const SHARE_OFFERED: f64 = 0.5;

/// Requests in a second that are offered at least, where next to none were answered.
const OFFERED_MIN: f64 = 1.0;

/// The name of the report's files.
const REPORT: &str = "strategies";

/// The options of the run.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Strategies to measure beside the database alone; all unless named.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    strategy: Vec<String>,
    /// Workloads: read-mostly, write-heavy, half-and-half, log, hot-key, and trace with --trace; all unless named.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    workload: Vec<String>,
    /// A recorded trace to replay: ARC's .lis format or a key a line, zstd too.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// The database: sqlite:FILE, postgres://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE; an SQLite
    /// file in a temporary folder unless given. The table made in it is dropped at the end.
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// How many keys there are; larder may hold a quarter of them.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    keys: Option<u64>,
    /// How long each trial is measured.
    #[arg(long, value_name = "SECONDS", value_parser = settings::seconds)]
    seconds: Option<f64>,
    /// How often everything is measured, in turns.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: Option<u32>,
    /// How many clients the application has.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    clients: Option<u16>,
    /// How long copies are good where somebody writes past the cache; elsewhere they are until they are dropped.
    #[arg(long, value_name = "SECONDS", value_parser = settings::seconds)]
    ttl: Option<f64>,
    /// The folder that the report is written to.
    #[arg(long, value_name = "DIR", default_value = "larder-lab")]
    out: PathBuf,
    /// Ends within two minutes, with coarser figures.
    #[arg(long)]
    quick: bool,
}

/// Measures what the options name, and publishes the report.
///
/// # Errors
///
/// When a strategy or workload does not exist, the database cannot be reached or has a table of the
/// lab's already, or something that is measured fails.
pub fn run(options: &Options) -> Result<()> {
    let settings = Settings::of(options);
    let strategies = application::chosen(&options.strategy)?;
    let workloads = workload::chosen(&options.workload, settings.keys, options.trace.as_deref())?;
    let database = Database::open(options.source.as_deref(), settings.clients)?;
    let telling = Telling::begin(&settings, &database);
    let rows = workloads.iter().map(Ready::keys).max().unwrap_or(settings.keys);
    database.fill(rows)?;
    let stage = Stage::new(database, settings.clients);
    let results = Run { stage: &stage, settings: &settings }.measure(strategies, workloads)?;
    stage.database.remove()?;
    telling.end(&results).publish(&options.out, REPORT)
}

/// A run under way.
struct Run<'a> {
    stage: &'a Stage,
    settings: &'a Settings,
}

impl Run<'_> {
    fn measure(
        &self,
        strategies: Vec<&'static Strategy>,
        workloads: Vec<Ready>,
    ) -> Result<Results> {
        let whole = strategies.iter().filter(|strategy| strategy.extent == Extent::Whole).count();
        let a_round = 2 * workloads.len() * whole + whole + strategies.len();
        let progress = Progress::new(self.settings.rounds * a_round);
        let mut results = Results::new(strategies, workloads);
        for _ in 0..self.settings.rounds {
            for place in 0..results.workloads().len() {
                self.try_all(&mut results, place, &progress)?;
            }
            self.bypass_all(&mut results, &progress)?;
            self.crash_all(&mut results, &progress)?;
        }
        Ok(results)
    }

    /// All strategies under one workload: first what they carry, then how long requests take when all are
    /// offered the same.
    fn try_all(&self, results: &mut Results, place: usize, progress: &Progress) -> Result<()> {
        let workload = &results.workloads()[place];
        let name = workload.workload.name;
        let attempt = |strategy: &'static Strategy, pace| {
            progress.now(format!("{}: {name}", strategy.name));
            let trial = attempt(self.stage, strategy, workload, self.settings.length, pace)?;
            progress.step();
            Ok(trial)
        };
        let attempt_all = |pace| -> Result<Vec<Trial>> {
            results.strategies().map(|strategy| attempt(strategy, pace)).collect()
        };
        let closed = attempt_all(Pace::Closed)?;
        let slowest = closed.iter().map(Trial::rate).fold(f64::INFINITY, f64::min);
        let per_second = (SHARE_OFFERED * slowest).max(OFFERED_MIN);
        let open = attempt_all(Pace::Open { per_second })?;
        let samples: Vec<_> =
            closed.iter().zip(&open).map(|(closed, open)| Sample::of(closed, open)).collect();
        let strategies: Vec<_> = results.strategies().collect();
        for (strategy, sample) in strategies.into_iter().zip(samples) {
            results.add(name, strategy, sample);
        }
        Ok(())
    }

    fn bypass_all(&self, results: &mut Results, progress: &Progress) -> Result<()> {
        for strategy in results.strategies().collect::<Vec<_>>() {
            progress.now(format!("{}: somebody writes past the cache", strategy.name));
            let seen =
                bypass::watch(self.stage, strategy, self.settings.ttl, self.settings.bypassing)?;
            results.add_bypassed(strategy, seen);
            progress.step();
        }
        Ok(())
    }

    fn crash_all(&self, results: &mut Results, progress: &Progress) -> Result<()> {
        for strategy in results.killed().collect::<Vec<_>>() {
            progress.now(format!("{}: killed", strategy.name));
            if strategy.name != REFERENCE.name {
                let losses = crash::rehearse(self.stage, strategy, self.settings.writing)?;
                results.add_crashed(strategy, losses);
            }
            progress.step();
        }
        Ok(())
    }
}
