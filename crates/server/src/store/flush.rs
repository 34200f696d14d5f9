//! `CACHE.FLUSH`: waiting until the source has what is queued.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select, try_join_all};
use futures_util::{FutureExt, TryFutureExt};
use larder::runtime::{Runtime, Time};
use larder_protocol::error::Error;
use larder_protocol::store::{Flushed, Outcome, Terms};

use super::answers::Answers;
use super::work::{Place, Task};
use super::{ClientStore, Step};
use crate::failure;
use crate::keyspace::Keyspace;

/// How often it is looked whether the client is still there.
const ROUND: Duration = Duration::from_secs(1);

/// A wait for queued writes. It ends when its client goes.
pub(super) struct Flush {
    of: Of,
    /// `None` for as long as it takes.
    patience: Option<Duration>,
    client: Arc<Answers>,
}

enum Of {
    Keyspaces(Vec<Arc<Keyspace>>),
    Key(Place),
}

impl ClientStore {
    pub(super) fn flush(
        &self,
        terms: Terms,
        of: Flushed<'_>,
        timeout_ms: u64,
    ) -> Result<Step, Error> {
        let keyspaces = &self.status.keyspaces;
        let of = match of {
            Flushed::All => Of::Keyspaces(keyspaces.iter().cloned().collect()),
            Flushed::Keyspace(name) => {
                Of::Keyspaces(vec![self.status.keyspace_named(name)?.clone()])
            }
            Flushed::Key(key) => Of::Key(self.route(key, terms)?),
        };
        let patience = (timeout_ms > 0).then(|| Duration::from_millis(timeout_ms));
        Ok(Step::Later(Task::Flush(Flush { of, patience, client: self.answers.clone() })))
    }
}

impl Flush {
    /// Says whether the source has it all; an error once it will not have it from this process.
    pub(super) async fn run(self, runtime: &Arc<dyn Runtime>) -> Result<Outcome, Error> {
        let began = runtime.now();
        let deadline = self.patience.map_or(Time::NEVER, |patience| began + patience);
        let mut flushed = self.of.flushed();
        while !self.client.is_abandoned() {
            let round = deadline.min(runtime.now() + ROUND);
            match select(flushed, runtime.sleep_until(round)).await {
                Either::Left((Ok(()), _)) => return Ok(Outcome::Written(true)),
                Either::Left((Err(error), _)) => return Err(failure::of(&error)),
                Either::Right((_, unfinished)) if round < deadline => flushed = unfinished,
                Either::Right(_) => break,
            }
        }
        Ok(Outcome::Written(false))
    }
}

impl Of {
    fn flushed(&self) -> BoxFuture<'_, larder::Result<()>> {
        match self {
            Self::Keyspaces(keyspaces) => {
                let each = keyspaces.iter().map(|keyspace| keyspace.cache.flush());
                try_join_all(each).map_ok(drop).boxed()
            }
            Self::Key((keyspace, key)) => keyspace.cache.flush_key(key).boxed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use larder::runtime::Simulated;
    use larder::{Cache, Strategy, source};
    use larder_protocol::Limits;
    use larder_protocol::hub::Hub;
    use tokio::sync::Notify;

    use super::*;
    use crate::key::Key;
    use crate::keyspace::tests::plain_over;
    use crate::value::Value;

    /// A wait for a write that its source never takes.
    fn stuck(world: &Simulated, patience: Option<Duration>) -> Flush {
        let answer = Arc::new(Notify::new());
        let source =
            source::load_with(|_: Key| async { Ok(None::<Value>) }).store_with(move |_| {
                let answer = answer.clone();
                async move {
                    answer.notified().await;
                    Ok(())
                }
            });
        let cache = Cache::builder("behind")
            .max_entries(10)
            .source(source)
            .strategy(Strategy::write_behind())
            .runtime(Arc::new(world.clone()));
        let keyspace = plain_over(cache, &Hub::new(Limits::default()), "behind", "");
        let cache = keyspace.cache.clone();
        let put = async move { cache.put(Key::from(b"k".as_slice()), Value::bytes(b"v")).await };
        world.block_on(put).unwrap();
        let client = Answers::new(Waker::noop().clone());
        Flush { of: Of::Keyspaces(vec![keyspace]), patience, client }
    }

    fn run(world: &Simulated, flush: Flush) -> (Result<Outcome, Error>, Duration) {
        let runtime: Arc<dyn Runtime> = Arc::new(world.clone());
        let began = runtime.now();
        let outcome = world.block_on({
            let runtime = runtime.clone();
            async move { flush.run(&runtime).await }
        });
        (outcome, runtime.now().since(began))
    }

    #[test]
    fn a_wait_ends_when_its_time_has_run_out() {
        let world = Simulated::new(1);
        let patience = Duration::from_millis(2_500);
        let flush = stuck(&world, Some(patience));
        assert_eq!(run(&world, flush), (Ok(Outcome::Written(false)), patience));
    }

    #[test]
    fn a_wait_ends_with_an_error_when_nobody_brings_the_writes_any_more() {
        let world = Simulated::new(1);
        let flush = stuck(&world, None);
        let Of::Keyspaces(keyspaces) = &flush.of else { panic!("it is of keyspaces") };
        let cache = keyspaces[0].cache.clone();
        world.block_on(async move { cache.shutdown(Duration::ZERO).await }).unwrap_err();
        let (outcome, took) = run(&world, flush);
        let error = outcome.unwrap_err();
        assert!(error.text().contains("stays queued"), "{error}");
        assert_eq!(took, Duration::ZERO);
    }

    #[test]
    fn a_wait_for_ever_ends_when_its_client_is_gone() {
        let world = Simulated::new(1);
        let flush = stuck(&world, None);
        flush.client.abandon();
        assert!(run(&world, flush).1 <= ROUND);
    }
}
