//! Phases: what a loop is about, from its start to the end of a shutdown.

use std::time::{Duration, Instant};

/// What a loop does at present.
#[derive(Clone, Copy)]
pub(super) enum Phase {
    Serving,
    /// Serving, while the listeners rest.
    Resting {
        until: Instant,
    },
    Draining {
        deadline: Instant,
    },
}

impl Phase {
    pub(super) fn is_draining(self) -> bool {
        matches!(self, Self::Draining { .. })
    }

    /// How long the phase may last yet, where that has a bound.
    pub(super) fn left(self) -> Option<Duration> {
        match self {
            Self::Serving => None,
            Self::Resting { until } | Self::Draining { deadline: until } => {
                Some(until.saturating_duration_since(Instant::now()))
            }
        }
    }

    /// Whether its time is over.
    pub(super) fn is_past(self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }
}
