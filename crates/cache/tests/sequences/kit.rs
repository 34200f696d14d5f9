//! A world to record in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use larder::runtime::{Runtime, Simulated};
use larder::source::{self, Change, SourceError, SourceErrorKind};
use larder::trace::{Recorder, Trace};
use larder::{Cache, Freshness, ReadOptions, Strategy, WriteOptions};
use parking_lot::Mutex;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A source of two rows, a cache in front of it and a recorder, in a simulated world.
pub(crate) struct Kit {
    pub(crate) world: Simulated,
    pub(crate) rows: Arc<Mutex<BTreeMap<String, u32>>>,
    /// What the next calls of the source fail with.
    pub(crate) failures: Arc<Mutex<Vec<SourceError>>>,
    pub(crate) cache: Cache<String, u32>,
    recorder: Recorder,
}

impl Kit {
    pub(crate) fn new(strategy: impl Into<Strategy>) -> Self {
        let world = Simulated::new(3);
        let rows = Arc::new(Mutex::new(BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)])));
        let failures = Arc::new(Mutex::new(Vec::new()));
        let runtime: Arc<dyn Runtime> = Arc::new(world.clone());
        let cache = Cache::builder("test")
            .max_entries(100)
            .source(source(&world, &rows, &failures))
            .strategy(strategy)
            .freshness(Freshness { negative_ttl: 10 * SECOND, ..Freshness::ttl(10 * SECOND) })
            .runtime(runtime.clone())
            .build()
            .unwrap();
        Self { world, rows, failures, cache, recorder: Recorder::new(runtime) }
    }

    pub(crate) fn fail(&self, kind: SourceErrorKind) {
        self.failures.lock().push(SourceError::new(kind, "no"));
    }

    pub(crate) fn trace(&self) -> Option<Trace> {
        Some(self.recorder.trace())
    }

    pub(crate) fn options(&self) -> WriteOptions {
        WriteOptions { trace: self.trace(), ..WriteOptions::default() }
    }

    pub(crate) fn run<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> T {
        self.world.block_on(future)
    }

    pub(crate) fn get(&self, key: &str) {
        self.get_many(&[key]);
    }

    pub(crate) fn get_many(&self, keys: &[&str]) {
        let options = ReadOptions { trace: self.trace(), ..ReadOptions::default() };
        let keys = keys.iter().map(|key| key.to_string()).collect();
        let cache = self.cache.clone();
        self.run(async move { cache.get_many(keys, &options).await });
    }

    pub(crate) fn put(&self, key: &str, value: u32) {
        let (cache, key, options) = (self.cache.clone(), key.to_owned(), self.options());
        // Whether it succeeds is part of the sequence.
        self.run(async move { cache.put_with(key, value, options).await }).ok();
    }

    pub(crate) fn remove(&self, key: &str) {
        let (cache, key, options) = (self.cache.clone(), key.to_owned(), self.options());
        self.run(async move { cache.remove_many(vec![key], options).await }).ok();
    }

    /// Lets everything that was set off come to its end, and so much time pass.
    pub(crate) fn pass(&self, span: Duration) {
        self.world.advance(span);
    }

    /// What was recorded up to now, a message a line.
    #[track_caller]
    pub(crate) fn saw(&self, expected: &[impl AsRef<str>]) {
        let messages = self.recorder.messages();
        let line = |message: &larder::trace::Message| {
            format!("{}>{}: {} {}", message.from, message.to, message.what, message.key)
        };
        let lines: Vec<String> = messages.iter().map(line).collect();
        let expected: Vec<&str> = expected.iter().map(AsRef::as_ref).collect();
        assert_eq!(lines, expected, "{lines:#?}");
    }

    /// A kit whose recorder has seen nothing of what came before.
    pub(crate) fn afresh(mut self) -> Self {
        self.recorder = Recorder::new(Arc::new(self.world.clone()));
        self
    }
}

pub(crate) fn source(
    world: &Simulated,
    rows: &Arc<Mutex<BTreeMap<String, u32>>>,
    failures: &Arc<Mutex<Vec<SourceError>>>,
) -> source::Closures<String, u32> {
    let (loaded, failing, clock) = (rows.clone(), failures.clone(), world.clone());
    let (stored, failing_too, clock_too) = (rows.clone(), failures.clone(), world.clone());
    source::load_many_with(move |keys: Vec<String>| {
        let (rows, failure, clock) = (loaded.clone(), failing.lock().pop(), clock.clone());
        async move {
            clock.sleep_until(clock.now() + Duration::from_millis(1)).await;
            let rows = rows.lock();
            failure.map_or(Ok(()), Err)?;
            Ok(keys.iter().map(|key| Ok(rows.get(key).copied())).collect())
        }
    })
    .store_with(move |changes: Vec<Change<String, u32>>| {
        let (rows, failure, clock) = (stored.clone(), failing_too.lock().pop(), clock_too.clone());
        async move {
            clock.sleep_until(clock.now() + Duration::from_millis(1)).await;
            failure.map_or(Ok(()), Err)?;
            let mut rows = rows.lock();
            for Change { key, value } in changes {
                match value {
                    Some(value) => rows.insert(key, value),
                    None => rows.remove(&key),
                };
            }
            Ok(())
        }
    })
}
