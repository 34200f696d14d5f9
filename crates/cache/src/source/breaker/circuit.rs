//! The breaker's states, without the source.

use std::fmt;

use super::super::{SourceError, SourceErrorKind};
use super::BreakerOptions;
use crate::runtime::{Runtime, Time};

/// Whether calls go through a [`Breaker`](super::Breaker).
///
/// ```
/// use larder::source::BreakerState;
///
/// assert_eq!(BreakerState::HalfOpen.to_string(), "half-open");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// All of them.
    Closed,
    /// None, for a while.
    Open,
    /// One, to see whether the source is back.
    HalfOpen,
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half-open",
        })
    }
}

/// How a [`Breaker`](super::Breaker) stands.
///
/// ```
/// # use larder::runtime::Simulated;
/// # use larder::source::{self, Breaker, BreakerOptions};
/// # use std::sync::Arc;
/// # let runtime = Arc::new(Simulated::new(1));
/// # let squares = Arc::new(source::load_with(|n: u64| async move { Ok(Some(n * n)) }));
/// let breaker = Breaker::new(squares, BreakerOptions::default(), runtime);
/// let status = breaker.status();
/// assert_eq!((status.failures, status.openings, status.next_try), (0, 0, None));
/// ```
#[derive(Debug, Clone)]
pub struct BreakerStatus {
    /// Whether calls go through.
    pub state: BreakerState,
    /// When it came to this state.
    pub since: Time,
    /// Calls in a row that could not reach the source.
    pub failures: u32,
    /// How often it opened.
    pub openings: u64,
    /// Until when no call goes through, while it is open.
    pub next_try: Option<Time>,
    /// Why the source could not be reached the last time.
    pub last_error: Option<SourceError>,
}

/// What a call says of the source.
pub(super) enum Verdict {
    Reached,
    Unreachable(SourceError),
    /// Nothing.
    Silent,
}

pub(super) struct Circuit {
    state: BreakerState,
    since: Time,
    until: Time,
    failures: u32,
    /// Openings since it was closed.
    in_a_row: u32,
    openings: u64,
    last_error: Option<SourceError>,
}

impl Circuit {
    pub(super) fn closed(now: Time) -> Self {
        Self {
            state: BreakerState::Closed,
            since: now,
            until: now,
            failures: 0,
            in_a_row: 0,
            openings: 0,
            last_error: None,
        }
    }

    pub(super) fn status(&self) -> BreakerStatus {
        BreakerStatus {
            state: self.state,
            since: self.since,
            failures: self.failures,
            openings: self.openings,
            next_try: (self.state == BreakerState::Open).then_some(self.until),
            last_error: self.last_error.clone(),
        }
    }

    /// Lets a call through, or says why not.
    pub(super) fn admit(&mut self, now: Time) -> Result<(), SourceError> {
        match self.state {
            BreakerState::Closed => Ok(()),
            BreakerState::Open if now >= self.until => {
                self.change(BreakerState::HalfOpen, now);
                Ok(())
            }
            BreakerState::Open | BreakerState::HalfOpen => Err(self.refusal(now)),
        }
    }

    fn refusal(&self, now: Time) -> SourceError {
        let reason = self.last_error.as_ref().map_or("no answer", SourceError::message);
        let wait = self.until.since(now).as_millis();
        let message = match self.state {
            BreakerState::HalfOpen => format!(
                "the source is not asked until it has answered one call, because it could not be \
                 reached: {reason}"
            ),
            _ => format!(
                "the source is not asked for the next {wait} ms, because it could not be reached \
                 {} times in a row: {reason}",
                self.failures
            ),
        };
        SourceError::new(SourceErrorKind::Unavailable, message)
    }

    /// Notes what a call that was let through came to.
    pub(super) fn note(
        &mut self,
        verdict: Verdict,
        options: &BreakerOptions,
        runtime: &dyn Runtime,
    ) {
        let now = runtime.now();
        match verdict {
            Verdict::Reached => self.close(now),
            Verdict::Unreachable(error) => {
                self.failures = self.failures.saturating_add(1);
                self.last_error = Some(error);
                let tripped = match self.state {
                    BreakerState::Closed => self.failures >= options.failures,
                    BreakerState::HalfOpen => true,
                    // A call from before it opened.
                    BreakerState::Open => false,
                };
                if tripped {
                    self.open(options, runtime);
                }
            }
            Verdict::Silent if self.state == BreakerState::HalfOpen => self.open(options, runtime),
            Verdict::Silent => {}
        }
    }

    fn open(&mut self, options: &BreakerOptions, runtime: &dyn Runtime) {
        let now = runtime.now();
        self.until = now + options.open.wait(self.in_a_row, runtime.random());
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.openings += 1;
        self.change(BreakerState::Open, now);
    }

    fn close(&mut self, now: Time) {
        self.failures = 0;
        self.in_a_row = 0;
        if self.state != BreakerState::Closed {
            self.change(BreakerState::Closed, now);
        }
    }

    fn change(&mut self, state: BreakerState, now: Time) {
        self.state = state;
        self.since = now;
    }
}
