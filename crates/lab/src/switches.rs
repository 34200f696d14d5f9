//! `larder lab switches`: what one switch costs between kernel threads and between tasks, at each of the
//! points at which a party may be switched for another.
//!
//! ```text
//!  point              model                   grid              summary, claims
//!  how parties    ->  who runs them:      ->  interleaved   ->  tables, plots,
//!  hand over          threads or tasks        rounds            verdicts
//! ```

mod baton;
mod claims;
mod crew;
mod figures;
mod grid;
mod interruptions;
mod model;
mod point;
mod snapshot;
mod summary;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use self::grid::{Grid, Plan};
use crate::failure::Result;
use crate::measure::descriptors;
use crate::progress::Progress;
use crate::record::Record;
use crate::report;

/// The options of the run.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// End within two minutes: shorter rounds, and fewer.
    #[arg(long)]
    quick: bool,
    /// Where the report is written.
    #[arg(long, value_name = "DIR", default_value = "larder-lab")]
    out: PathBuf,
    /// How many rounds: 7, or 3 with --quick.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// How long a measurement lasts, in milliseconds: 100, or 25 with --quick.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    milliseconds: Option<u64>,
    /// How many threads or tasks hand over to each other.
    #[arg(long, value_name = "N", value_delimiter = ',', default_values_t = [2, 100, 1_000],
          value_parser = clap::value_parser!(u16).range(2..))]
    parties: Vec<u16>,
}

/// When a quick run begins no round any more that would not end in time. The rest of its two minutes is for
/// the report.
const QUICK_SECONDS: u64 = 110;

/// Measures all points, and publishes the report `switches`.
///
/// # Errors
///
/// When the report cannot be written, or the run is broken off. What this system refuses to run is told in the report.
pub fn run(options: &Options) -> Result<()> {
    let record = Record::begin();
    report::prepare(&options.out)?;
    descriptors::raise_limit();
    let until = options.quick.then(|| record.after(Duration::from_secs(QUICK_SECONDS)));
    let plan = Plan { until, ..options.plan() };
    let progress = Progress::new(plan.steps());
    let grid = Grid::measure(&plan, &progress)?;
    drop(progress);
    let parts = summary::parts(&grid, &plan.parties);
    record.report("What a switch costs", parts).publish(&options.out, "switches")
}

impl Options {
    fn plan(&self) -> Plan {
        let (rounds, milliseconds) = if self.quick { (3, 25) } else { (7, 100) };
        let mut parties: Vec<usize> = self.parties.iter().copied().map(usize::from).collect();
        parties.sort_unstable();
        parties.dedup();
        Plan {
            parties,
            rounds: self.rounds.map_or(rounds, usize::from),
            lasting: Duration::from_millis(self.milliseconds.unwrap_or(milliseconds)),
            until: None,
        }
    }
}

/// A number for the calling thread, which no other thread of this process has had.
fn thread_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    thread_local!(static NUMBER: u64 = NEXT.fetch_add(1, Ordering::Relaxed));
    NUMBER.with(|number| *number)
}
