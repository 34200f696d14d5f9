//! The messages that pass between the parts while one request is carried out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::runtime::{Runtime, Time};

/// A part that sends or receives messages.
///
/// ```
/// use larder::trace::Participant;
///
/// assert_eq!(Participant::Queue.to_string(), "Queue");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Participant {
    /// Whoever calls the cache.
    App,
    /// The engine with its tiers.
    Cache,
    /// The source.
    Database,
    /// The journal.
    Queue,
    /// The task that writes what the journal holds to the source.
    Worker,
}

/// One message.
///
/// ```
/// # use larder::trace::Recorder;
/// # use larder::{Cache, ReadOptions, Strategy, source};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// # let source = source::load_with(|n: u64| async move { Ok(Some(n * n)) });
/// # let squares = Cache::builder("squares")
/// #     .max_entries(100)
/// #     .source(source)
/// #     .strategy(Strategy::ReadThrough)
/// #     .build()?;
///
/// let recorder = Recorder::new(squares.runtime().clone());
/// let options = ReadOptions { trace: Some(recorder.trace()), ..ReadOptions::default() };
/// squares.get_with(7, &options).await?;
/// let first = &recorder.messages()[0];
/// assert_eq!((first.from.name(), first.to.name(), &*first.key), ("App", "Cache", "7"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who sent it.
    pub from: Participant,
    /// Who received it.
    pub to: Participant,
    /// What it said, in few words.
    pub what: String,
    /// The key it concerned; several, joined by spaces, when one query or batch concerned them.
    pub key: String,
    /// When, since the recorder was made.
    pub at: Duration,
}

/// Collects the messages of every request that carries one of its [`Trace`]s.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// use larder::trace::{Participant, Recorder};
/// use larder::{Cache, ReadOptions, Strategy, source};
///
/// # let source = source::load_with(|n: u64| async move { Ok(Some(n * n)) });
/// # let squares = Cache::builder("squares")
/// #     .max_entries(100)
/// #     .source(source)
/// #     .strategy(Strategy::ReadThrough)
/// #     .build()?;
/// let recorder = Recorder::new(squares.runtime().clone());
/// let options = ReadOptions { trace: Some(recorder.trace()), ..ReadOptions::default() };
/// squares.get_with(7, &options).await?;
///
/// for message in recorder.messages() {
///     println!("{} -> {}: {} {}", message.from, message.to, message.what, message.key);
/// }
/// let asked = recorder.messages().iter().any(|message| message.to == Participant::Database);
/// assert!(asked, "it was a miss");
/// # Ok(())
/// # }
/// ```
pub struct Recorder {
    log: Arc<Log>,
    open: watch::Sender<()>,
}

/// Goes along with one request, as an option of the call. Cheap to clone.
///
/// ```
/// # use larder::trace::Recorder;
/// # use larder::{Cache, ReadOptions, Strategy, source};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// # let source = source::load_with(|n: u64| async move { Ok(Some(n * n)) });
/// # let squares = Cache::builder("squares")
/// #     .max_entries(100)
/// #     .source(source)
/// #     .strategy(Strategy::ReadThrough)
/// #     .build()?;
///
/// let recorder = Recorder::new(squares.runtime().clone());
/// // One recorder may follow several requests.
/// let options = ReadOptions { trace: Some(recorder.trace()), ..ReadOptions::default() };
/// squares.get_with(7, &options).await?;
/// let miss = recorder.messages().len();
/// squares.get_with(7, &options).await?;
/// assert_eq!(recorder.messages().len() - miss, 2, "a hit is a question and an answer");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Trace {
    log: Arc<Log>,
    _open: watch::Receiver<()>,
}

struct Log {
    runtime: Arc<dyn Runtime>,
    start: Time,
    messages: Mutex<Vec<Message>>,
}

impl Recorder {
    /// An empty recorder whose clock starts now.
    ///
    /// ```
    /// # use larder::{runtime::TokioRuntime, trace::Recorder};
    /// # use std::sync::Arc;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let runtime = TokioRuntime::new(tokio::runtime::Handle::current());
    /// assert!(Recorder::new(Arc::new(runtime)).messages().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(runtime: Arc<dyn Runtime>) -> Self {
        let start = runtime.now_precise();
        let log = Log { runtime, start, messages: Mutex::default() };
        Self { log: Arc::new(log), open: watch::Sender::new(()) }
    }

    /// A trace to put into the options of a call.
    ///
    /// ```
    /// # use larder::{ReadOptions, runtime::TokioRuntime, trace::Recorder};
    /// # use std::sync::Arc;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// # let runtime = TokioRuntime::new(tokio::runtime::Handle::current());
    /// let recorder = Recorder::new(Arc::new(runtime));
    /// let options = ReadOptions { trace: Some(recorder.trace()), ..ReadOptions::default() };
    /// # drop(options);
    /// # Ok(())
    /// # }
    /// ```
    pub fn trace(&self) -> Trace {
        Trace { log: self.log.clone(), _open: self.open.subscribe() }
    }

    /// The messages so far, in order.
    ///
    /// ```
    /// # use larder::trace::Recorder;
    /// # use larder::{Cache, ReadOptions, Strategy, source};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// # let source = source::load_with(|n: u64| async move { Ok(Some(n * n)) });
    /// # let squares = Cache::builder("squares")
    /// #     .max_entries(100)
    /// #     .source(source)
    /// #     .strategy(Strategy::ReadThrough)
    /// #     .build()?;
    ///
    /// let recorder = Recorder::new(squares.runtime().clone());
    /// let options = ReadOptions { trace: Some(recorder.trace()), ..ReadOptions::default() };
    /// squares.get_with(7, &options).await?;
    /// assert!(recorder.messages().is_sorted_by_key(|message| message.at));
    /// # Ok(())
    /// # }
    /// ```
    pub fn messages(&self) -> Vec<Message> {
        self.log.messages.lock().clone()
    }

    /// Is ready when no part holds a trace any more: the request and all that it set off, such as
    /// the flush of a queued write, have ended.
    ///
    /// ```
    /// # use larder::trace::Recorder;
    /// # use larder::{Cache, Strategy, WriteOptions, source};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// # let source = source::load_with(|_: String| async { Ok(None) }).store_with(|_| async { Ok(()) });
    /// # let stock = Cache::builder("stock")
    /// #     .max_entries(100)
    /// #     .source(source)
    /// #     .strategy(Strategy::write_behind())
    /// #     .build()?;
    /// let recorder = Recorder::new(stock.runtime().clone());
    /// let options = WriteOptions { trace: Some(recorder.trace()), ..WriteOptions::default() };
    /// stock.put_with("tea".to_owned(), 3, options).await?; // acknowledged, and still on its way
    /// recorder.settled().await;
    /// assert_eq!(stock.journal_status().map(|journal| journal.applied), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn settled(&self) {
        self.open.closed().await;
    }
}

impl Trace {
    /// Records a message.
    ///
    /// ```
    /// # use larder::{runtime::TokioRuntime, trace::{Participant, Recorder}};
    /// # use std::sync::Arc;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// # let runtime = TokioRuntime::new(tokio::runtime::Handle::current());
    /// let recorder = Recorder::new(Arc::new(runtime));
    /// // A program that asks its database itself can say so.
    /// recorder.trace().send(Participant::App, Participant::Database, "update", &"LSZH");
    /// assert_eq!(recorder.messages()[0].key, "LSZH");
    /// # Ok(())
    /// # }
    /// ```
    pub fn send(
        &self,
        from: Participant,
        to: Participant,
        what: impl Into<String>,
        key: &dyn fmt::Debug,
    ) {
        self.record(from, to, what.into(), label(key));
    }

    fn record(&self, from: Participant, to: Participant, what: String, key: String) {
        let at = self.log.runtime.now_precise().since(self.log.start);
        self.log.messages.lock().push(Message { from, to, what, key, at });
    }
}

/// Keys that a message names; more are only counted.
const KEYS_NAMED_MAX: usize = 8;

/// Records one message that concerns several requests: once with every recorder that has a trace
/// among them, with the keys that are its own. `what` is asked only if there is one.
pub(crate) fn tell_together<'a>(
    concerned: impl IntoIterator<Item = (&'a Trace, &'a dyn fmt::Debug)>,
    from: Participant,
    to: Participant,
    what: impl FnOnce() -> String,
) {
    let mut told: Vec<(&Trace, Vec<String>)> = Vec::new();
    for (trace, key) in concerned {
        let key = label(key);
        match told.iter_mut().find(|(known, _)| Arc::ptr_eq(&known.log, &trace.log)) {
            // A record in which writes of one key are coalesced has a trace for each of them.
            Some((_, keys)) if keys.last() == Some(&key) => {}
            Some((_, keys)) => keys.push(key),
            None => told.push((trace, vec![key])),
        }
    }
    if told.is_empty() {
        return;
    }
    let what = what();
    for (trace, keys) in told {
        trace.record(from, to, what.clone(), enumerate(keys));
    }
}

fn enumerate(mut keys: Vec<String>) -> String {
    let unnamed = keys.len().saturating_sub(KEYS_NAMED_MAX);
    if unnamed > 0 {
        keys.truncate(KEYS_NAMED_MAX);
        keys.push(format!("and {unnamed} more"));
    }
    keys.join(" ")
}

/// A key as people write it: without the quotes that `Debug` puts around text.
pub(crate) fn label(key: &dyn fmt::Debug) -> String {
    let text = format!("{key:?}");
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.to_owned(),
        None => text,
    }
}

/// Records when there is a trace to record in; costs a branch when there is none.
pub(crate) trait Tell {
    fn tell(&self, from: Participant, to: Participant, what: &str, key: &dyn fmt::Debug);
}

impl Tell for Option<Trace> {
    fn tell(&self, from: Participant, to: Participant, what: &str, key: &dyn fmt::Debug) {
        if let Some(trace) = self {
            trace.send(from, to, what, key);
        }
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").finish_non_exhaustive()
    }
}

impl fmt::Display for Participant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Participant {
    /// Its name in diagrams.
    ///
    /// ```
    /// assert_eq!(larder::trace::Participant::App.name(), "App");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Participant::App => "App",
            Participant::Cache => "Cache",
            Participant::Database => "Database",
            Participant::Queue => "Queue",
            Participant::Worker => "Worker",
        }
    }
}
