//! A clock that can be moved ahead.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use larder::runtime::{Runtime, Time, TokioRuntime};
use tokio::sync::watch;

/// A tokio runtime with a clock that jumps when it is told to: "a minute later" takes no time.
///
/// Between jumps it goes as the real one does, because SQLite's threads know no other.
#[derive(Clone)]
pub(super) struct Clock {
    world: Arc<World>,
}

struct World {
    real: TokioRuntime,
    nanos_ahead: AtomicU64,
    jumps: watch::Sender<()>,
}

impl Clock {
    /// Runs on `real`, with its time.
    pub(super) fn new(real: TokioRuntime) -> Self {
        let jumps = watch::Sender::new(());
        Self { world: Arc::new(World { real, nanos_ahead: AtomicU64::new(0), jumps }) }
    }

    /// Moves the clock ahead. What sleeps until a moment passed by that wakes up.
    pub(super) fn jump(&self, span: Duration) {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        self.world.nanos_ahead.fetch_add(nanos, Ordering::Relaxed);
        self.world.jumps.send_replace(());
    }
}

impl World {
    fn ahead(&self) -> Duration {
        Duration::from_nanos(self.nanos_ahead.load(Ordering::Relaxed))
    }

    fn now(&self) -> Time {
        self.real.now() + self.ahead()
    }

    /// The same moment on the real clock.
    fn real(&self, moment: Time) -> Time {
        Time::from_nanos(moment.as_nanos().saturating_sub(self.nanos_ahead.load(Ordering::Relaxed)))
    }
}

impl Runtime for Clock {
    fn now(&self) -> Time {
        self.world.now()
    }

    fn now_precise(&self) -> Time {
        self.world.real.now_precise() + self.world.ahead()
    }

    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.world.real.spawn(task);
    }

    fn sleep_until(&self, deadline: Time) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let world = self.world.clone();
        let mut jumped = world.jumps.subscribe();
        Box::pin(async move {
            while world.now() < deadline {
                tokio::select! {
                    () = world.real.sleep_until(world.real(deadline)) => {}
                    _ = jumped.changed() => {}
                }
            }
        })
    }

    fn random(&self) -> u64 {
        self.world.real.random()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn a_jump_wakes_who_sleeps_until_then_and_no_other() {
        let clock = Clock::new(TokioRuntime::current().unwrap());
        let soon = tokio::spawn(clock.sleep_until(clock.now() + HOUR));
        let late = tokio::spawn(clock.sleep_until(clock.now() + 3 * HOUR));
        tokio::task::yield_now().await;
        clock.jump(2 * HOUR);
        soon.await.unwrap();
        assert!(!late.is_finished());
    }
}
