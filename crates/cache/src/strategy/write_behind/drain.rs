//! How the workers get on, as data.

use std::time::Duration;

use parking_lot::Mutex;

use crate::runtime::Time;
use crate::source::SourceError;

/// What the workers of write-behind are about.
///
/// ```
/// use larder::strategy::DrainState;
///
/// assert_eq!(DrainState::Draining.to_string(), "draining");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrainState {
    /// They ask the source how far the journal has come there. Writes are acknowledged meanwhile.
    TakingOver,
    /// They bring to the source what the journal holds.
    Draining,
    /// Another process has taken the journal over: this one writes nothing any more.
    Fenced,
    /// The cache was shut down.
    Stopped,
}

impl std::fmt::Display for DrainState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            DrainState::TakingOver => "taking over",
            DrainState::Draining => "draining",
            DrainState::Fenced => "fenced",
            DrainState::Stopped => "stopped",
        })
    }
}

/// How write-behind's queue gets to the source.
///
/// ```
/// # use larder::{Cache, Strategy, source};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// # let source = source::load_with(|_: String| async { Ok(None) });
/// # let stock: Cache<String, u64> = Cache::builder("stock")
/// #     .max_entries(100)
/// #     .source(source.store_with(|_| async { Ok(()) }))
/// #     .strategy(Strategy::write_behind())
/// #     .build()?;
/// stock.put("tea".to_owned(), 3).await?;
/// stock.flush().await?;
/// let drain = stock.drain_status().expect("it has a queue");
/// assert_eq!((drain.failures, drain.lag.as_millis()), (0, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DrainStatus {
    /// What the workers are about.
    pub state: DrainState,
    /// How long the oldest write has waited that the source does not have.
    pub lag: Duration,
    /// Attempts in a row that failed; none when the last one succeeded.
    pub failures: u32,
    /// The last failure and its time, however long ago.
    pub last_error: Option<(Time, SourceError)>,
    /// Records a second that reached the source, over the last ten seconds.
    pub records_per_second: f64,
    /// Which holder of the journal this process is, as the source counts them.
    pub epoch: Option<u64>,
}

/// What the workers note down.
pub(super) struct Drain(Mutex<Notes>);

struct Notes {
    state: DrainState,
    failures: u32,
    last_error: Option<(Time, SourceError)>,
    rate: Rate,
    epoch: Option<u64>,
}

impl Drain {
    pub(super) fn new(now: Time) -> Self {
        Self(Mutex::new(Notes {
            state: DrainState::TakingOver,
            failures: 0,
            last_error: None,
            rate: Rate::new(now),
            epoch: None,
        }))
    }

    pub(super) fn state(&self) -> DrainState {
        self.0.lock().state
    }

    pub(super) fn begin(&self, epoch: Option<u64>) {
        let mut notes = self.0.lock();
        notes.epoch = epoch;
        notes.failures = 0;
        notes.change(DrainState::Draining);
    }

    pub(super) fn applied(&self, now: Time, records: usize) {
        let mut notes = self.0.lock();
        notes.failures = 0;
        notes.rate.add(now, records as u64);
    }

    /// The source has answered: it is there.
    pub(super) fn answered(&self) {
        self.0.lock().failures = 0;
    }

    pub(super) fn failed(&self, now: Time, error: SourceError) {
        let mut notes = self.0.lock();
        notes.failures = notes.failures.saturating_add(1);
        notes.last_error = Some((now, error));
    }

    /// Says whether it was not known before.
    pub(super) fn fence_off(&self, now: Time, error: SourceError) -> bool {
        let mut notes = self.0.lock();
        let before = notes.state;
        notes.change(DrainState::Fenced);
        notes.last_error = Some((now, error));
        before != DrainState::Fenced
    }

    pub(super) fn stop(&self) {
        self.0.lock().change(DrainState::Stopped);
    }

    /// `oldest` is when the oldest record that is held was appended.
    pub(super) fn status(&self, now: Time, oldest: Option<Time>) -> DrainStatus {
        let notes = self.0.lock();
        DrainStatus {
            state: notes.state,
            lag: oldest.map_or(Duration::ZERO, |oldest| now.since(oldest)),
            failures: notes.failures,
            last_error: notes.last_error.clone(),
            records_per_second: notes.rate.per_second(now),
            epoch: notes.epoch,
        }
    }
}

impl Notes {
    /// Who was fenced off stays so.
    fn change(&mut self, state: DrainState) {
        if self.state != DrainState::Fenced {
            self.state = state;
        }
    }
}

const SECONDS: u64 = 10;

/// Counts by the second, for the last [`SECONDS`].
struct Rate {
    begun: Time,
    counts: [u64; SECONDS as usize],
    /// The second that was counted last, since `begun`.
    last: u64,
}

impl Rate {
    fn new(begun: Time) -> Self {
        Self { begun, counts: [0; SECONDS as usize], last: 0 }
    }

    fn add(&mut self, now: Time, amount: u64) {
        let second = self.second(now);
        for stale in (self.last + 1..=second).take(SECONDS as usize) {
            self.counts[(stale % SECONDS) as usize] = 0;
        }
        self.last = self.last.max(second);
        self.counts[(self.last % SECONDS) as usize] += amount;
    }

    fn per_second(&self, now: Time) -> f64 {
        let second = self.second(now);
        // The seconds before the window of `now` that are still noted are not of it.
        let first = second.saturating_sub(SECONDS - 1);
        let kept = (first..=self.last).map(|second| self.counts[(second % SECONDS) as usize]);
        let span = now.since(self.begun).as_secs_f64().clamp(1.0, SECONDS as f64);
        kept.sum::<u64>() as f64 / span
    }

    fn second(&self, now: Time) -> u64 {
        now.since(self.begun).as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_ten_seconds() {
        let at = |seconds| Time::ZERO + Duration::from_secs(seconds);
        let mut rate = Rate::new(Time::ZERO);
        assert_eq!(rate.per_second(at(0)), 0.0);
        rate.add(at(1), 100);
        assert_eq!(rate.per_second(at(2)), 50.0);
        rate.add(at(9), 100);
        assert_eq!(rate.per_second(at(10)), 20.0);
        assert_eq!(rate.per_second(at(15)), 10.0);
        assert_eq!(rate.per_second(at(40)), 0.0);
        rate.add(at(41), 30);
        assert_eq!(rate.per_second(at(41)), 3.0);
    }
}
