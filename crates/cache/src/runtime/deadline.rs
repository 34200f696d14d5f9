//! A limit on waiting for a server whose client library lives on tokio.
//!
//! Such a library needs tokio's timers whatever the engine's runtime is, so its time is tokio's too.

use std::future::Future;
use std::time::Duration;

/// What `future` comes to, or `None` when that takes longer than `patience`.
pub(crate) async fn answered<F: Future>(patience: Duration, future: F) -> Option<F::Output> {
    tokio::time::timeout(patience, future).await.ok()
}
