//! A circuit breaker: asks a source no more for a while after it could not be reached.
//!
//! Closed, every call goes to the source. After so many calls in a row that could not reach it the
//! breaker opens: calls fail at once, which spares readers the wait and the source the rush. After a
//! while it is half-open: one call goes through. If that reaches the source, the breaker is closed,
//! otherwise open again, for twice as long. (Nygard, "Release It!", 2007.)

mod circuit;

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use parking_lot::Mutex;

use super::{
    Capabilities, Change, Fence, Fenced, Fences, Holder, Loaded, Source, SourceError,
    SourceErrorKind, Stored, Takeover,
};
use crate::backoff::Backoff;
use crate::runtime::Runtime;
use circuit::{Circuit, Verdict};

pub use circuit::{BreakerState, BreakerStatus};

/// When a [`Breaker`] opens, and for how long.
///
/// ```
/// use larder::source::BreakerOptions;
///
/// let eager = BreakerOptions { failures: 1, ..BreakerOptions::default() };
/// # drop(eager);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerOptions {
    /// Calls in a row that could not reach the source, after which it opens. At least one.
    pub failures: u32,
    /// How long it stays open, by how often it was opened in a row.
    pub open: Backoff,
}

impl Default for BreakerOptions {
    fn default() -> Self {
        use std::time::Duration;
        let open = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(30) };
        Self { failures: 5, open }
    }
}

/// A source with a circuit breaker before it.
///
/// Only errors of kind [`Unavailable`](SourceErrorKind::Unavailable) count: any other answer shows
/// that the source is there. A store whose answer was lost shows neither.
///
/// ```
/// # use larder::runtime::Simulated;
/// # use larder::source::{self, Breaker, BreakerOptions, BreakerState, Source};
/// # use larder::source::{SourceError, SourceErrorKind};
/// # use std::sync::Arc;
/// # let world = Simulated::new(1);
/// # let runtime = Arc::new(world.clone());
/// let down = source::load_with(|_: u64| async {
///     Err::<Option<u64>, _>(SourceError::new(SourceErrorKind::Unavailable, "nobody listens"))
/// });
/// let options = BreakerOptions { failures: 2, ..BreakerOptions::default() };
/// let breaker = Arc::new(Breaker::new(Arc::new(down), options, runtime));
/// # let asked = breaker.clone();
/// # world.block_on(async move {
/// # let breaker = asked;
/// for _ in 0..2 {
///     breaker.load(vec![7]).await.ok();
/// }
/// let refused = breaker.load(vec![7]).await.unwrap_err();
/// assert!(refused.message().starts_with("the source is not asked"));
/// # });
/// assert_eq!(breaker.status().state, BreakerState::Open);
/// ```
pub struct Breaker<S: ?Sized> {
    options: BreakerOptions,
    runtime: Arc<dyn Runtime>,
    circuit: Mutex<Circuit>,
    source: Arc<S>,
}

impl<S: ?Sized> Breaker<S> {
    /// A closed breaker before `source`.
    ///
    /// ```
    /// # use larder::runtime::Simulated;
    /// # use larder::source::{self, Breaker, BreakerOptions, Source};
    /// # use std::sync::Arc;
    /// # let runtime = Arc::new(Simulated::new(1));
    /// let squares: Arc<dyn Source<u64, u64>> =
    ///     Arc::new(source::load_with(|n: u64| async move { Ok(Some(n * n)) }));
    /// let breaker = Breaker::new(squares, BreakerOptions::default(), runtime);
    /// assert_eq!(breaker.status().failures, 0);
    /// ```
    pub fn new(source: Arc<S>, options: BreakerOptions, runtime: Arc<dyn Runtime>) -> Self {
        let circuit = Mutex::new(Circuit::closed(runtime.now()));
        Self { options, runtime, circuit, source }
    }

    /// How it stands.
    ///
    /// ```
    /// # use larder::runtime::Simulated;
    /// # use larder::source::{self, Breaker, BreakerOptions, BreakerState};
    /// # use std::sync::Arc;
    /// # let runtime = Arc::new(Simulated::new(1));
    /// # let squares = Arc::new(source::load_with(|n: u64| async move { Ok(Some(n * n)) }));
    /// let breaker = Breaker::new(squares, BreakerOptions::default(), runtime);
    /// assert_eq!(breaker.status().state, BreakerState::Closed);
    /// ```
    pub fn status(&self) -> BreakerStatus {
        self.circuit.lock().status()
    }

    /// Makes a call of the source, unless the breaker is open.
    async fn call<T>(
        &self,
        call: impl Future<Output = Result<T, SourceError>>,
        verdict: impl FnOnce(&Result<T, SourceError>) -> Verdict,
    ) -> Result<T, SourceError> {
        self.circuit.lock().admit(self.runtime.now())?;
        let mut admitted = Admitted { breaker: self, verdict: Verdict::Silent };
        let answer = call.await;
        admitted.verdict = verdict(&answer);
        answer
    }
}

/// A call that was let through. What it came to is noted however it ends, so that a call that was let
/// through to try the source and was then dropped does not keep all others out.
struct Admitted<'a, S: ?Sized> {
    breaker: &'a Breaker<S>,
    verdict: Verdict,
}

impl<S: ?Sized> Drop for Admitted<'_, S> {
    fn drop(&mut self) {
        let Breaker { options, runtime, circuit, .. } = self.breaker;
        let verdict = std::mem::replace(&mut self.verdict, Verdict::Silent);
        circuit.lock().note(verdict, options, &**runtime);
    }
}

fn verdict<T>(answer: &Result<T, SourceError>) -> Verdict {
    match answer {
        Ok(_) => Verdict::Reached,
        Err(error) => verdict_of(error),
    }
}

fn verdict_of(error: &SourceError) -> Verdict {
    match error.kind() {
        SourceErrorKind::Unavailable => Verdict::Unreachable(error.clone()),
        SourceErrorKind::Unknown | SourceErrorKind::Panicked => Verdict::Silent,
        _ => Verdict::Reached,
    }
}

/// A source that answers key by key could not be reached if no key's load could reach it.
fn verdict_of_load<V>(answer: &Result<Vec<Loaded<V>>, SourceError>) -> Verdict {
    let Ok(loads) = answer else { return verdict(answer) };
    let mut verdicts = loads.iter().map(verdict);
    match verdicts.next() {
        Some(Verdict::Unreachable(error)) => {
            match verdicts.all(|verdict| matches!(verdict, Verdict::Unreachable(_))) {
                true => Verdict::Unreachable(error),
                false => Verdict::Reached,
            }
        }
        _ => Verdict::Reached,
    }
}

impl<K, V, S> Source<K, V> for Breaker<S>
where
    K: Send + 'static,
    V: Send + 'static,
    S: Source<K, V> + ?Sized,
{
    fn capabilities(&self) -> Capabilities {
        self.source.capabilities()
    }

    fn load(&self, keys: Vec<K>) -> BoxFuture<'_, Result<Vec<Loaded<V>>, SourceError>> {
        async move { self.call(async { self.source.load(keys).await }, verdict_of_load).await }
            .boxed()
    }

    fn store(
        &self,
        changes: Vec<Change<K, V>>,
    ) -> BoxFuture<'_, Result<Vec<Stored<V>>, SourceError>> {
        async move { self.call(async { self.source.store(changes).await }, verdict).await }.boxed()
    }

    fn merge(&self, base: Option<&V>, change: &V) -> V
    where
        V: Clone,
    {
        self.source.merge(base, change)
    }

    fn is_whole(&self, change: &V) -> bool {
        self.source.is_whole(change)
    }

    fn fences(&self) -> Option<&dyn Fences<K, V>> {
        self.source.fences().map(|_| self as &dyn Fences<K, V>)
    }
}

impl<K, V, S> Fences<K, V> for Breaker<S>
where
    K: Send + 'static,
    V: Send + 'static,
    S: Source<K, V> + ?Sized,
{
    fn take_over(
        &self,
        journal: Arc<str>,
        holder: Holder,
    ) -> BoxFuture<'_, Result<Takeover, SourceError>> {
        let Some(fences) = self.source.fences() else { return no_fences() };
        async move { self.call(async { fences.take_over(journal, holder).await }, verdict).await }
            .boxed()
    }

    fn store_fenced(
        &self,
        changes: Vec<Change<K, V>>,
        fence: Fence,
    ) -> BoxFuture<'_, Result<Fenced<V>, SourceError>> {
        let Some(fences) = self.source.fences() else { return no_fences() };
        async move { self.call(async { fences.store_fenced(changes, fence).await }, verdict).await }
            .boxed()
    }
}

fn no_fences<T: Send + 'static>() -> BoxFuture<'static, Result<T, SourceError>> {
    let error = SourceError::new(SourceErrorKind::Misconfigured, "the source keeps no fences");
    std::future::ready(Err(error)).boxed()
}
