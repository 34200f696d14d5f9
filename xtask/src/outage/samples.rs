//! What larder says of its journal, from moment to moment.

use std::thread;
use std::time::{Duration, Instant};

use redis::{Connection, Value};

use super::load::Load;
use crate::crash::clients::{connect, told};
use crate::failure::{Failure, Result};

const INTERVAL: Duration = Duration::from_millis(250);

/// One look.
pub(super) struct Sample {
    /// When, since the begin.
    pub(super) at: Duration,
    /// Writes acknowledged since the look before.
    pub(super) written: u64,
    /// Records that the source does not have.
    pub(super) pending: u64,
    /// For how long the oldest of them has waited.
    pub(super) oldest_ms: u64,
}

/// Looks at regular intervals.
pub(super) struct Sampler<'a> {
    load: Load<'a>,
    connection: Connection,
    begun: Instant,
    written: u64,
    samples: Vec<Sample>,
}

impl<'a> Sampler<'a> {
    /// Begins now.
    pub(super) fn start(load: &Load<'a>) -> Result<Self> {
        let connection = connect(load.address).map_err(told)?;
        let begun = Instant::now();
        Ok(Self { load: *load, connection, begun, written: 0, samples: Vec::new() })
    }

    /// The time since the begin.
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Looks on for so long.
    pub(super) fn watch_for(&mut self, duration: Duration) -> Result<()> {
        let deadline = Instant::now() + duration;
        while Instant::now() < deadline {
            self.look()?;
            thread::sleep(INTERVAL);
        }
        Ok(())
    }

    /// Looks on until nothing is pending that was written before.
    pub(super) fn watch_until_drained(&mut self, timeout: Duration) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < timeout {
            let oldest_ms = self.look()?.oldest_ms;
            if Duration::from_millis(oldest_ms) < begun.elapsed() {
                return Ok(());
            }
            thread::sleep(INTERVAL);
        }
        Err(Failure::new("the journal did not drain"))
    }

    /// All that was seen.
    pub(super) fn finish(self) -> Vec<Sample> {
        self.samples
    }

    fn look(&mut self) -> Result<&Sample> {
        let stats: Value =
            redis::cmd("CACHE.STATS").arg("crash").query(&mut self.connection).map_err(told)?;
        let counter = |name: &str| {
            let missing = || Failure::new(format!("CACHE.STATS does not tell {name}"));
            find(&stats, name).ok_or_else(missing)
        };
        let (pending, oldest_ms) = (counter("queue_records")?, counter("queue_oldest_ms")?);
        let written = self.load.progress.written();
        let since = written - self.written;
        self.written = written;
        self.samples.push(Sample { at: self.elapsed(), written: since, pending, oldest_ms });
        self.samples.last().ok_or_else(|| Failure::new("there is no sample"))
    }
}

/// The number that follows `name` somewhere in `reply`.
fn find(reply: &Value, name: &str) -> Option<u64> {
    let Value::Array(items) = reply else { return None };
    let named = |item: &Value| matches!(item, Value::BulkString(text) if text == name.as_bytes());
    let place = items.iter().position(named);
    match place.and_then(|place| items.get(place + 1)) {
        Some(Value::Int(number)) => u64::try_from(*number).ok(),
        _ => items.iter().find_map(|item| find(item, name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_found_wherever_it_is() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let inner = Value::Array(vec![text("a"), Value::Int(1), text("b"), Value::Int(2)]);
        let outer = Value::Array(vec![text("crash"), inner]);
        assert_eq!((find(&outer, "b"), find(&outer, "c")), (Some(2), None));
    }
}
