//! Which client the present thread works for, so that a change can be told as that client's own.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use larder::runtime::{Runtime, Ticker, Time};

thread_local! {
    static PRESENT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The client that the present thread works for.
pub fn present() -> Option<u64> {
    PRESENT.get()
}

/// From here on the present thread works for `client`.
pub fn set(client: Option<u64>) {
    PRESENT.set(client);
}

/// A runtime whose tasks work for whoever set them off.
pub struct Attributing(Arc<dyn Runtime>);

impl Attributing {
    /// The same for tasks on `runtime`.
    pub fn new(runtime: Arc<dyn Runtime>) -> Self {
        Self(runtime)
    }
}

impl Runtime for Attributing {
    #[inline]
    fn now(&self) -> Time {
        self.0.now()
    }

    fn now_precise(&self) -> Time {
        self.0.now_precise()
    }

    fn ticker(&self) -> Option<&'static Ticker> {
        self.0.ticker()
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.0.spawn(match present() {
            None => task,
            client => Box::pin(Attributed { client, task }),
        });
    }

    fn sleep_until(&self, deadline: Time) -> BoxFuture<'static, ()> {
        self.0.sleep_until(deadline)
    }

    fn random(&self) -> u64 {
        self.0.random()
    }
}

/// A task that works for a client, on whichever thread it runs.
struct Attributed {
    client: Option<u64>,
    task: BoxFuture<'static, ()>,
}

impl Future for Attributed {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        set(self.client);
        let polled = self.task.as_mut().poll(context);
        set(None);
        polled
    }
}

#[cfg(test)]
mod tests {
    use larder::runtime::Simulated;
    use parking_lot::Mutex;

    use super::*;

    #[test]
    fn what_a_client_sets_off_works_for_it_too() {
        let world = Arc::new(Simulated::new(1));
        let runtime = Arc::new(Attributing::new(world.clone()));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (inner, noted) = (runtime.clone(), seen.clone());
        set(Some(7));
        runtime.spawn(Box::pin(async move {
            noted.lock().push(present());
            let after = inner.sleep_until(inner.now() + std::time::Duration::from_secs(1));
            let later = noted.clone();
            inner.spawn(Box::pin(async move { later.lock().push(present()) }));
            after.await;
            noted.lock().push(present());
        }));
        set(None);
        let noted = seen.clone();
        runtime.spawn(Box::pin(async move { noted.lock().push(present()) }));
        world.advance(std::time::Duration::from_secs(2));
        let mut seen = seen.lock().clone();
        seen.sort_unstable();
        assert_eq!(seen, [None, Some(7), Some(7), Some(7)]);
        assert_eq!(present(), None);
    }
}
