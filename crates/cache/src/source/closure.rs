//! Sources made of closures.

use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, join_all};

use super::{Capabilities, Change, Loaded, Source, SourceError, SourceErrorKind, Stored};
use crate::{Key, Value};

type Load<K, V> =
    Arc<dyn Fn(Vec<K>) -> BoxFuture<'static, Result<Vec<Loaded<V>>, SourceError>> + Send + Sync>;
type Store<K, V> =
    Arc<dyn Fn(Vec<Change<K, V>>) -> BoxFuture<'static, Result<(), SourceError>> + Send + Sync>;

/// A source that calls a closure to load and, when it has one, another to store.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// use larder::source::{self, Closures};
/// use larder::{Cache, Strategy};
///
/// let source: Closures<String, u64> = source::load_with(|name: String| async move {
///     Ok(Some(name.len() as u64)) // for instance SELECT count FROM stock WHERE name = ?
/// })
/// .store_with(|changes| async move {
///     for change in changes {
///         println!("{} becomes {:?}", change.key, change.value);
///     }
///     Ok(())
/// });
/// let stock = Cache::builder("stock")
///     .max_entries(100)
///     .source(source)
///     .strategy(Strategy::write_through())
///     .build()?;
/// stock.put("tea".to_owned(), 5).await?;
/// # Ok(())
/// # }
/// ```
pub struct Closures<K, V> {
    load: Load<K, V>,
    store: Option<Store<K, V>>,
    types: PhantomData<fn(K) -> V>,
}

/// A source that loads each key by `load`; the loads of one batch run side by side.
///
/// ```
/// use larder::source;
/// let squares = source::load_with(|key: u64| async move { Ok(Some(key * key)) });
/// # let _: source::Closures<u64, u64> = squares;
/// ```
pub fn load_with<K: Key, V: Value, F>(
    load: impl Fn(K) -> F + Send + Sync + 'static,
) -> Closures<K, V>
where
    F: Future<Output = Loaded<V>> + Send + 'static,
{
    load_many_with(move |keys: Vec<K>| {
        let loads: Vec<F> = keys.into_iter().map(&load).collect();
        async move { Ok(join_all(loads).await) }
    })
}

/// A source that loads a batch of keys by one call of `load`, which answers in their order.
///
/// ```
/// use larder::source;
///
/// let squares = source::load_many_with(|keys: Vec<u64>| async move {
///     // for instance SELECT ... WHERE id IN (...), put into the order of the keys
///     Ok(keys.into_iter().map(|n| Ok(Some(n * n))).collect())
/// });
/// # let _: source::Closures<u64, u64> = squares;
/// ```
pub fn load_many_with<K: Key, V: Value, F>(
    load: impl Fn(Vec<K>) -> F + Send + Sync + 'static,
) -> Closures<K, V>
where
    F: Future<Output = Result<Vec<Loaded<V>>, SourceError>> + Send + 'static,
{
    let load: Load<K, V> = Arc::new(move |keys| load(keys).boxed());
    Closures { load, store: None, types: PhantomData }
}

impl<K: Key, V: Value> Closures<K, V> {
    /// Stores a batch of changes by one call of `store`, which must do all of them or none.
    ///
    /// ```
    /// use larder::source::{self, Source, SourceError, SourceErrorKind};
    ///
    /// let source = source::load_with(|_: String| async { Ok(None::<u64>) }).store_with(|changes| async move {
    ///     match changes.iter().any(|change| change.value > Some(100)) {
    ///         // All or none: nothing has been stored when this is answered.
    ///         true => Err(SourceError::new(SourceErrorKind::Rejected, "the shelf is full")),
    ///         false => Ok(()),
    ///     }
    /// });
    /// assert!(source.capabilities().writes);
    /// ```
    pub fn store_with<F>(
        mut self,
        store: impl Fn(Vec<Change<K, V>>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), SourceError>> + Send + 'static,
    {
        self.store = Some(Arc::new(move |changes| store(changes).boxed()));
        self
    }
}

impl<K: Key, V: Value> Source<K, V> for Closures<K, V> {
    fn capabilities(&self) -> Capabilities {
        let writes = self.store.is_some();
        Capabilities { writes, atomic_batches: writes, returns_stored: false }
    }

    fn load(&self, keys: Vec<K>) -> BoxFuture<'_, Result<Vec<Loaded<V>>, SourceError>> {
        (self.load)(keys)
    }

    fn store(
        &self,
        changes: Vec<Change<K, V>>,
    ) -> BoxFuture<'_, Result<Vec<Stored<V>>, SourceError>> {
        let Some(store) = self.store.clone() else {
            let message = "this source was given no closure to store with";
            return std::future::ready(Err(SourceError::new(
                SourceErrorKind::Misconfigured,
                message,
            )))
            .boxed();
        };
        async move {
            let count = changes.len();
            store(changes).await?;
            Ok(std::iter::repeat_with(Stored::default).take(count).collect())
        }
        .boxed()
    }
}
