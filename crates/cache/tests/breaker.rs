//! The circuit breaker, with the source counted that it spares.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use larder::journal::{Lane, Mark, Sequence};
use larder::runtime::{Runtime, Simulated};
use larder::source::{
    Breaker, BreakerOptions, BreakerState, Capabilities, Change, Fence, Fenced, Fences, Holder,
    Loaded, Source, SourceError, SourceErrorKind, Stored, Takeover,
};
use larder::strategy::Backoff;
use larder::{Cache, Freshness, Strategy};
use parking_lot::Mutex;
use tokio::sync::Notify;

const SECOND: Duration = Duration::from_secs(1);
const OPTIONS: BreakerOptions = BreakerOptions {
    failures: 3,
    open: Backoff { first: SECOND, longest: Duration::from_secs(4) },
};

/// A source that answers every call alike, or never.
#[derive(Default)]
struct Weather {
    error: Mutex<Option<SourceErrorKind>>,
    /// Calls that came to the source.
    calls: AtomicUsize,
    hangs: Mutex<bool>,
    never: Notify,
}

impl Weather {
    async fn answer<T>(&self, fine: T) -> Result<T, SourceError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let hangs = *self.hangs.lock();
        if hangs {
            self.never.notified().await;
        }
        let error = *self.error.lock();
        error.map_or(Ok(fine), |kind| Err(SourceError::new(kind, "bad weather")))
    }
}

impl Source<u64, u64> for Weather {
    fn capabilities(&self) -> Capabilities {
        Capabilities { writes: true, atomic_batches: true, returns_stored: false }
    }

    fn load(&self, keys: Vec<u64>) -> BoxFuture<'_, Result<Vec<Loaded<u64>>, SourceError>> {
        self.answer(keys.into_iter().map(|key| Ok(Some(key))).collect()).boxed()
    }

    fn store(
        &self,
        changes: Vec<Change<u64, u64>>,
    ) -> BoxFuture<'_, Result<Vec<Stored<u64>>, SourceError>> {
        self.answer(vec![Stored::default(); changes.len()]).boxed()
    }

    fn merge(&self, base: Option<&u64>, change: &u64) -> u64 {
        base.unwrap_or(&0) + change
    }

    fn is_whole(&self, change: &u64) -> bool {
        *change > 10
    }

    fn fences(&self) -> Option<&dyn Fences<u64, u64>> {
        Some(self)
    }
}

impl Fences<u64, u64> for Weather {
    fn take_over(
        &self,
        _journal: Arc<str>,
        _holder: Holder,
    ) -> BoxFuture<'_, Result<Takeover, SourceError>> {
        self.answer(Takeover { epoch: 7, reached: Vec::new() }).boxed()
    }

    fn store_fenced(
        &self,
        _changes: Vec<Change<u64, u64>>,
        _fence: Fence,
    ) -> BoxFuture<'_, Result<Fenced<u64>, SourceError>> {
        self.answer(Fenced::Already).boxed()
    }
}

struct Kit {
    world: Simulated,
    weather: Arc<Weather>,
    breaker: Arc<Breaker<Weather>>,
}

impl Kit {
    fn new() -> Self {
        let (world, weather) = (Simulated::new(1), Arc::new(Weather::default()));
        let runtime = Arc::new(world.clone());
        let breaker = Arc::new(Breaker::new(weather.clone(), OPTIONS, runtime));
        Self { world, weather, breaker }
    }

    fn turn(&self, error: Option<SourceErrorKind>) {
        *self.weather.error.lock() = error;
    }

    fn load(&self) -> Result<Vec<Loaded<u64>>, SourceError> {
        let breaker = self.breaker.clone();
        self.world.block_on(async move { breaker.load(vec![1]).await })
    }

    fn calls(&self) -> usize {
        self.weather.calls.load(Ordering::Relaxed)
    }

    fn state(&self) -> BreakerState {
        self.breaker.status().state
    }

    fn open(&self) {
        self.turn(Some(SourceErrorKind::Unavailable));
        (0..OPTIONS.failures).for_each(|_| drop(self.load().expect_err("bad weather")));
        assert_eq!(self.state(), BreakerState::Open);
    }

    /// How long it stays open.
    fn wait_until_half_open(&self) -> Duration {
        let begun = self.world.now();
        let next_try = self.breaker.status().next_try.expect("it is open");
        self.world.advance(next_try.since(begun));
        next_try.since(begun)
    }
}

#[test]
fn an_open_breaker_spares_the_source_and_says_why() {
    let kit = Kit::new();
    kit.open();
    let refused = kit.load().unwrap_err();
    assert_eq!((kit.calls(), refused.kind()), (3, SourceErrorKind::Unavailable));
    assert!(refused.message().contains("3 times in a row: bad weather"), "{refused}");
    let breaker = kit.breaker.clone();
    let stored = kit.world.block_on(async move {
        breaker.store(vec![Change { key: 1, value: None }]).await.map(drop)
    });
    assert_eq!((kit.calls(), stored.unwrap_err().kind()), (3, SourceErrorKind::Unavailable));
    let status = kit.breaker.status();
    assert_eq!((status.failures, status.openings), (3, 1));
    assert_eq!(status.last_error.unwrap().message(), "bad weather");
}

#[test]
fn it_stays_open_twice_as_long_each_time_and_not_for_ever() {
    let kit = Kit::new();
    kit.open();
    let mut waits = vec![kit.wait_until_half_open()];
    for _ in 0..4 {
        kit.load().unwrap_err();
        assert_eq!(kit.state(), BreakerState::Open);
        waits.push(kit.wait_until_half_open());
    }
    let most = [1, 2, 4, 4, 4].map(|seconds| SECOND * seconds);
    for (wait, most) in waits.into_iter().zip(most) {
        assert!(wait >= most / 2 && wait <= most, "{wait:?} of {most:?}");
    }
    assert_eq!(kit.calls(), 3 + 4);
    kit.turn(None);
    kit.load().unwrap();
    assert_eq!((kit.state(), kit.breaker.status().failures), (BreakerState::Closed, 0));
    kit.open();
    assert!(kit.wait_until_half_open() <= SECOND, "it begins anew");
}

#[test]
fn a_half_open_breaker_lets_one_call_through() {
    let kit = Kit::new();
    kit.open();
    kit.wait_until_half_open();
    *kit.weather.hangs.lock() = true;
    let breaker = kit.breaker.clone();
    let trying = kit.world.start(async move { breaker.load(vec![1]).await.map(drop) });
    kit.world.run_until_idle();
    assert_eq!(kit.state(), BreakerState::HalfOpen);
    let refused = kit.load().unwrap_err();
    assert!(refused.message().contains("until it has answered one call"), "{refused}");
    assert_eq!(kit.calls(), 4);
    kit.turn(None);
    kit.weather.never.notify_one();
    kit.world.block_on(trying).unwrap();
    assert_eq!(kit.state(), BreakerState::Closed);
}

#[test]
fn a_try_that_is_given_up_keeps_nobody_out() {
    let kit = Kit::new();
    kit.open();
    kit.wait_until_half_open();
    *kit.weather.hangs.lock() = true;
    assert!(kit.breaker.load(vec![1]).now_or_never().is_none(), "and is dropped");
    assert_eq!(kit.state(), BreakerState::Open);
    kit.wait_until_half_open();
    *kit.weather.hangs.lock() = false;
    kit.turn(None);
    kit.load().unwrap();
}

#[test]
fn errors_of_a_source_that_is_there_do_not_open_it() {
    use SourceErrorKind::{Busy, Rejected, Unavailable, Undecodable, Unknown};
    let kit = Kit::new();
    for kind in [Busy, Rejected, Undecodable, Unknown] {
        kit.turn(Some(kind));
        (0..10).for_each(|_| drop(kit.load().unwrap_err()));
        assert_eq!(kit.state(), BreakerState::Closed, "{kind:?}");
    }
    kit.turn(Some(Unavailable));
    (0..2).for_each(|_| drop(kit.load().unwrap_err()));
    kit.turn(Some(Unknown));
    kit.load().unwrap_err();
    assert_eq!(kit.breaker.status().failures, 2, "a lost answer says nothing");
    kit.turn(Some(Busy));
    kit.load().unwrap_err();
    assert_eq!(kit.breaker.status().failures, 0);
}

#[test]
fn a_source_that_answers_key_by_key_counts_when_it_could_reach_no_key() {
    let world = Simulated::new(1);
    let closures = larder::source::load_with(|key: u64| async move {
        match key {
            0 => Ok(Some(0)),
            _ => Err(SourceError::new(SourceErrorKind::Unavailable, "bad weather")),
        }
    });
    let breaker = Arc::new(Breaker::new(Arc::new(closures), OPTIONS, Arc::new(world.clone())));
    let load = |keys: Vec<u64>| {
        let asked = breaker.clone();
        world.block_on(async move { asked.load(keys).await.map(drop) }).ok();
        breaker.status().failures
    };
    assert_eq!(load(vec![1, 2]), 1);
    assert_eq!(load(vec![0, 1]), 0);
}

#[test]
fn it_passes_on_what_the_source_can_do() {
    let kit = Kit::new();
    let source: Arc<dyn Source<u64, u64>> = kit.breaker.clone();
    assert_eq!(source.capabilities(), kit.weather.capabilities());
    assert_eq!(
        (source.merge(Some(&3), &4), source.is_whole(&4), source.is_whole(&11)),
        (7, false, true)
    );
    let fence = || Fence {
        journal: "stock".into(),
        epoch: 7,
        marks: vec![Mark { lane: Lane(0), sequence: Sequence(1) }],
    };
    let fenced = source.clone();
    kit.world.block_on(async move {
        let fences = fenced.fences().expect("the source keeps fences");
        assert_eq!(fences.take_over("stock".into(), Holder(1)).await.unwrap().epoch, 7);
        assert_eq!(fences.store_fenced(Vec::new(), fence()).await.unwrap(), Fenced::Already);
    });
    kit.open();
    kit.world.block_on(async move {
        let fences = source.fences().expect("the source keeps fences");
        fences.take_over("stock".into(), Holder(1)).await.unwrap_err();
        fences.store_fenced(Vec::new(), fence()).await.unwrap_err();
    });
    assert_eq!(kit.calls(), 2 + 3);
}

#[test]
fn readers_are_given_stale_copies_at_once_while_it_is_open() {
    let (world, weather) = (Simulated::new(1), Arc::new(Weather::default()));
    let cache: Cache<u64, u64> = Cache::builder("test")
        .max_entries(10)
        .shared_source(weather.clone())
        .breaker(OPTIONS)
        .strategy(Strategy::ReadThrough)
        .freshness(Freshness { stale_if_error: SECOND * 600, ..Freshness::ttl(SECOND) })
        .runtime(Arc::new(world.clone()))
        .build()
        .unwrap();
    let get = |key| {
        let cache = cache.clone();
        world.block_on(async move { cache.get(&key).await })
    };
    assert_eq!(get(1).unwrap(), Some(1));
    world.advance(SECOND);
    *weather.error.lock() = Some(SourceErrorKind::Unavailable);
    (0..5).for_each(|_| assert_eq!(get(1).unwrap(), Some(1)));
    assert_eq!(weather.calls.load(Ordering::Relaxed), 1 + 3);
    assert_eq!(cache.breaker_status().unwrap().state, BreakerState::Open);
    assert!(get(2).unwrap_err().is_retryable());
}
