//! What passed between the parts while one question was carried out, for `CACHE.EXPLAIN`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, select};
use larder::runtime::Runtime;
use larder::trace::{Recorder, Trace};
use larder_protocol::store::Message;

use super::work::Task;
use crate::keyspace::Keyspace;

/// How long `CACHE.EXPLAIN` waits for what a command sets off behind its reply, such as the flush
/// of a queued write.
const PATIENCE: Duration = Duration::from_secs(2);

/// A recorder for each keyspace that a question concerns; none when nobody watches. Messages name
/// keys without their prefix, which only their keyspace knows.
#[derive(Default)]
pub(super) struct Traces(Vec<(Arc<Keyspace>, Recorder)>);

impl Traces {
    /// Where `keyspace` sends its messages.
    pub(super) fn of(&self, keyspace: &Arc<Keyspace>) -> Option<Trace> {
        let (_, recorder) = self.0.iter().find(|(known, _)| Arc::ptr_eq(known, keyspace))?;
        Some(recorder.trace())
    }

    fn over(keyspaces: Vec<Arc<Keyspace>>, runtime: &Arc<dyn Runtime>) -> Self {
        let mut traces = Self::default();
        for keyspace in keyspaces {
            if traces.of(&keyspace).is_none() {
                traces.0.push((keyspace, Recorder::new(runtime.clone())));
            }
        }
        traces
    }

    /// Waits until all that was set off has ended, for as long as the patience lasts.
    async fn settle(&self, runtime: &Arc<dyn Runtime>) {
        let settled = join_all(self.0.iter().map(|(_, recorder)| recorder.settled()));
        select(settled, runtime.sleep_until(runtime.now() + PATIENCE)).await;
    }

    /// All messages, in their order.
    fn messages(&self) -> Vec<Message> {
        let each = self.0.iter().flat_map(|(keyspace, recorder)| {
            let told = |message| told(message, &String::from_utf8_lossy(&keyspace.prefix));
            recorder.messages().into_iter().map(told).collect::<Vec<_>>()
        });
        let mut messages: Vec<Message> = each.collect();
        messages.sort_by_key(|message| message.micros);
        messages
    }
}

/// Runs a task with recorders, until all that it set off has ended.
pub(super) async fn explain(task: Task, runtime: &Arc<dyn Runtime>) -> Vec<Message> {
    let traces = Traces::over(task.keyspaces(), runtime);
    let outcome = task.run(&traces, runtime).await;
    traces.settle(runtime).await;
    let mut messages = traces.messages();
    if let Err(error) = outcome {
        let micros = messages.last().map_or(0, |last| last.micros);
        let key = messages.first().map_or_else(String::new, |first| first.key.clone());
        messages.push(Message { from: "Cache", to: "App", what: error.to_string(), key, micros });
    }
    messages
}

fn told(message: larder::trace::Message, prefix: &str) -> Message {
    Message {
        from: message.from.name(),
        to: message.to.name(),
        what: message.what,
        key: format!("{prefix}{}", message.key),
        micros: u64::try_from(message.at.as_micros()).unwrap_or(u64::MAX),
    }
}
