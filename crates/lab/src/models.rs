//! The run `models`: every way to drive connections, asked the same, and what is claimed of it.
//!
//! ```text
//!  Plan        which models, how many connections, how many of them active, how deep their pipelines
//!    |
//!  visit       one model in one round: a larder started for it, filled, held connections to, loaded
//!    |
//!  Figures     what all visits measured, by model and load
//!    |
//!  exhibits    the tables and plots          claims   what is said of models, each with its verdict
//! ```
//!
//! A round visits every model once, so that what disturbs the machine for a while disturbs all of them.
//! larder is started anew for each visit, since memory that connections of an earlier one have used would
//! hide what the next ones need.

mod claims;
mod exhibits;
mod figures;
mod gets;
mod held;
mod plan;
mod visit;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use larder_server::model::ModelName;

use self::figures::Figures;
use self::plan::{Connections, Plan};
use crate::failure::{Failure, Result};
use crate::measure::descriptors;
use crate::progress::Progress;
use crate::record::Record;
use crate::{interruption, report};

/// The options of the run.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// End within two minutes: fewer loads, and shorter ones.
    #[arg(long)]
    quick: bool,
    /// The folder that the report is written into.
    #[arg(long, value_name = "DIR", default_value = "larder-lab")]
    out: PathBuf,
    /// How often everything is measured: three times, or twice with --quick.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: Option<u16>,
    /// How long each load lasts, in seconds: 0.5, or 0.2 with --quick; longer with many connections.
    #[arg(long, value_name = "S", value_parser = plan::seconds)]
    seconds: Option<f64>,
    /// How many keys larder holds, each with a value of 64 bytes.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    keys: u64,
    /// The models; all when left out.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    models: Vec<ModelName>,
    /// How many connections there are, "max" for as many as the limit of descriptors allows.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    connections: Vec<Connections>,
    /// How many connections of a hundred are active; the others are open and idle.
    #[arg(long, value_name = "PERCENT", value_delimiter = ',', value_parser = plan::percent)]
    active: Vec<u8>,
    /// How many requests a connection has in flight.
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = plan::depth)]
    depths: Vec<usize>,
}

/// When a quick run begins no round any more that would not end in time. The rest of its two minutes is for
/// the report.
const QUICK_SECONDS: u64 = 110;

/// Runs it.
///
/// # Errors
///
/// When larder cannot be started at all, or the report cannot be written. That a model refuses what is
/// asked of it is a result.
pub fn run(options: &Options) -> Result<()> {
    let record = Record::begin();
    report::prepare(&options.out)?;
    let plan = Plan::of(options, descriptors::raise_limit());
    let until = options.quick.then(|| record.after(Duration::from_secs(QUICK_SECONDS)));
    let figures = measure(&plan, until)?;
    if let Some(reason) = figures.nobody_served(&plan.models) {
        return Err(Failure::run(reason));
    }
    record
        .report("Ways to drive connections", exhibits::parts(&plan, &figures))
        .publish(&options.out, "models")
}

/// Every round, or as many as end before `until`.
///
/// # Errors
///
/// When the run is broken off. What goes wrong with a model is among the figures.
fn measure(plan: &Plan, until: Option<Instant>) -> Result<Figures> {
    let mut figures = Figures::default();
    let progress = Progress::new(plan.rounds * plan.models.len());
    let mut longest = Duration::ZERO;
    for round in 0..plan.rounds {
        let begun = Instant::now();
        if round > 0 && until.is_some_and(|until| begun + longest > until) {
            break;
        }
        for model in plan.models_of(round) {
            progress.now(format!("{model}, round {}", round + 1));
            let visited = visit::visit(plan, model, round, &mut figures);
            interruption::check()?;
            if let Err(failure) = visited {
                figures.of_mut(model).unserved = Some(failure.to_string());
            }
            progress.step();
        }
        figures.rounds += 1;
        longest = longest.max(begun.elapsed());
    }
    Ok(figures)
}
