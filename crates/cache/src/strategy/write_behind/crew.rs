//! The workers together: how they begin, and how they end.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, FutureExt, pending, select};
use tokio::sync::watch;

use super::drain::{Drain, DrainState, DrainStatus};
use super::worker::Worker;
use super::{Backed, Backoff};
use crate::journal::Journal;
use crate::parts::caught;
use crate::runtime::Time;
use crate::sabotage::{self, Mutation};
use crate::source::{Fences, Holder, SourceError, Takeover};
use crate::{Key, Value};

/// The workers of one journal. When it is dropped they bring in what is queued, and end.
pub(super) struct Crew {
    orders: watch::Sender<Order>,
    drain: Arc<Drain>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Work,
    Stop,
}

/// What a worker shares with the others.
pub(super) struct Workplace<K: Key, V: Value> {
    pub(super) backed: Backed<K, V>,
    pub(super) journal: Arc<dyn Journal<K, V>>,
    pub(super) backoff: Backoff,
    pub(super) drain: Arc<Drain>,
}

/// Tells a worker when to stop. The crew has ended when all of these are gone.
#[derive(Clone)]
pub(super) struct Orders(watch::Receiver<Order>);

/// It was told to stop before that was done.
pub(super) struct Stopped;

impl Crew {
    pub(super) fn new(now: Time) -> Self {
        Self { orders: watch::Sender::new(Order::Work), drain: Arc::new(Drain::new(now)) }
    }

    pub(super) fn drain(&self) -> &Arc<Drain> {
        &self.drain
    }

    pub(super) fn status(&self, now: Time, oldest: Option<Time>) -> DrainStatus {
        self.drain.status(now, oldest)
    }

    pub(super) fn is_fenced_off(&self) -> bool {
        self.drain.state() == DrainState::Fenced
    }

    /// Sets so many workers to work, once the journal is this process's own.
    pub(super) fn begin<K: Key, V: Value>(&self, place: Workplace<K, V>, workers: usize) {
        let (place, orders) = (Arc::new(place), Orders(self.orders.subscribe()));
        let runtime = place.backed.parts.runtime.clone();
        runtime.spawn(Box::pin(async move {
            let Ok(epoch) = place.take_over(&orders).await else { return };
            place.drain.begin(epoch);
            for _ in 1..workers {
                let worker = Worker::new(place.clone(), orders.clone(), epoch);
                place.backed.parts.runtime.spawn(worker.run().boxed());
            }
            Worker::new(place, orders, epoch).run().await;
        }));
    }

    /// Is ready when no worker is left.
    pub(super) async fn ended(&self) {
        self.orders.closed().await;
    }

    /// From here on no worker begins another write of the source. One that is under way ends.
    pub(super) fn stop(&self) {
        self.drain.stop();
        self.orders.send_replace(Order::Stop);
    }
}

impl Orders {
    /// Is ready once the crew is to stop.
    async fn stopped(&mut self) {
        if self.0.wait_for(|order| *order == Order::Stop).await.is_err() {
            // Nobody is left to say so.
            pending().await
        }
    }

    /// Waits for `future`, or until the crew is to stop.
    pub(super) async fn unless_stopped<F: Future>(
        &mut self,
        future: F,
    ) -> Result<F::Output, Stopped> {
        match select(pin!(self.stopped()), pin!(future)).await {
            Either::Left(_) => Err(Stopped),
            Either::Right((output, _)) => Ok(output),
        }
    }

    fn is_abandoned(&self) -> bool {
        self.0.has_changed().is_err()
    }
}

impl<K: Key, V: Value> Workplace<K, V> {
    /// Makes the journal this process's own where the source keeps fences, however long that takes.
    /// The epoch, where there is one.
    async fn take_over(&self, orders: &Orders) -> Result<Option<u64>, Stopped> {
        let (Some(fences), Some(journal)) = (self.backed.source.fences(), self.journal.identity())
        else {
            return Ok(None);
        };
        let mut orders = orders.clone();
        let mut failures = 0;
        // The same for every attempt: one whose answer was lost may take effect after the next.
        let holder = Holder(self.backed.parts.runtime.random());
        loop {
            match self.ask_for(fences, journal.clone(), holder).await {
                Ok(Takeover { epoch, reached }) => {
                    if !sabotage::is(Mutation::IgnoreSettlement) {
                        self.journal.settle(&reached);
                    }
                    return Ok(Some(epoch));
                }
                Err(error) => self.note_failed_takeover(failures, error),
            }
            if orders.is_abandoned() && self.journal.status().records == 0 {
                return Err(Stopped);
            }
            self.pause(&mut failures, &mut orders).await?;
        }
    }

    async fn ask_for(
        &self,
        fences: &dyn Fences<K, V>,
        journal: Arc<str>,
        holder: Holder,
    ) -> Result<Takeover, SourceError> {
        caught(async { fences.take_over(journal, holder).await }).await
    }

    fn note_failed_takeover(&self, failures: u32, error: SourceError) {
        tracing::warn!(
            cache = &*self.backed.parts.name, failures, %error,
            "the source does not say how far the journal has come; it is asked again"
        );
        self.drain.failed(self.backed.parts.runtime.now(), error);
    }

    /// Waits before the next attempt.
    pub(super) async fn pause(
        &self,
        failures: &mut u32,
        orders: &mut Orders,
    ) -> Result<(), Stopped> {
        let runtime = &*self.backed.parts.runtime;
        let deadline = runtime.now() + self.backoff.wait(*failures, runtime.random());
        *failures += 1;
        orders.unless_stopped(runtime.sleep_until(deadline)).await
    }
}
