//! The clock of a runtime, as a cache keeps it at hand.

use std::sync::Arc;

use super::{Runtime, Ticker, Time};

/// Tells what [`Runtime::now`] tells, without a call where that is possible.
#[derive(Clone)]
pub(crate) enum Clock {
    Ticking(&'static Ticker),
    Asked(Arc<dyn Runtime>),
}

impl Clock {
    pub(crate) fn of(runtime: &Arc<dyn Runtime>) -> Self {
        runtime.ticker().map_or_else(|| Clock::Asked(runtime.clone()), Clock::Ticking)
    }

    #[inline]
    pub(crate) fn now(&self) -> Time {
        match self {
            Clock::Ticking(ticker) => ticker.now(),
            Clock::Asked(runtime) => runtime.now(),
        }
    }
}
