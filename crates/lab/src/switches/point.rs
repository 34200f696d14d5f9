//! The points at which whoever runs may be switched for another.

mod channel;
mod io;
mod lock;
mod preemption;
mod yielding;

use tokio::runtime::Runtime;

pub(super) use self::{preemption::POINT as PREEMPTION, yielding::POINT as YIELD};
use super::figures::Figures;
use crate::failure::Result;

/// A kind of switch, and how it is measured between threads and between tasks.
pub(super) struct Point {
    /// In a word or two.
    pub(super) name: &'static str,
    /// What is measured.
    pub(super) measured: &'static str,
    /// Where the comparison limps.
    pub(super) limps: &'static str,
    /// Whether threads switch here only if they have to share a core.
    pub(super) threads_share_a_core: bool,
    /// Runs a contest between threads.
    pub(super) threads: fn(Contest) -> Result<Figures>,
    /// Runs a contest between tasks.
    pub(super) tasks: fn(Contest, &Runtime) -> Result<Figures>,
}

/// How many switch, and how often.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contest {
    /// How many parties there are, at least two.
    pub(super) parties: usize,
    /// How many switches are counted, all of them together.
    pub(super) switches: u64,
}

/// All points, in the order in which they are reported.
pub(super) const POINTS: [&Point; 5] =
    [&io::POINT, &channel::POINT, &lock::POINT, &PREEMPTION, &YIELD];

/// Pairs each party's way in with the way out to the next, around a ring.
fn ring<Out, In>(ends: impl IntoIterator<Item = (Out, In)>) -> Vec<(In, Out)> {
    let (mut outs, ins): (Vec<Out>, Vec<In>) = ends.into_iter().unzip();
    outs.rotate_left(1);
    ins.into_iter().zip(outs).collect()
}
