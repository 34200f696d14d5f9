//! Futures that are dropped after any of their polls, and runtimes that end.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, pending};
use larder::runtime::TokioRuntime;
use larder::source::{SourceError, load_with};
use larder::{Cache, ErrorKind, Strategy};

use crate::kit::{Chaos, Database};
use crate::scene::{Scene, Setup, Way};

/// More polls than any call needs here.
const POLLS_MAX: usize = 20;

type Call = fn(&Scene) -> BoxFuture<'static, ()>;

const CALLS: [(&str, Call); 4] = [
    ("get", |scene| scene.subject.get("k").map(drop).boxed()),
    ("put", |scene| scene.subject.put("k", Some(3)).map(drop).boxed()),
    ("delete", |scene| scene.subject.put("k", None).map(drop).boxed()),
    ("update", |scene| scene.subject.update("k", 4).map(drop).boxed()),
];

#[test]
fn a_call_may_be_dropped_after_any_of_its_polls() {
    for way in Way::ALL {
        for (name, call) in CALLS {
            let given_up = (1..POLLS_MAX).take_while(|polls| give_up(way, call, *polls)).count();
            assert!(given_up + 1 < POLLS_MAX, "{way:?}: {name} never ends");
        }
    }
}

/// Drops the call after so many polls, amid others of its key; `false` when it had ended by then.
fn give_up(way: Way, call: Call, polls: usize) -> bool {
    let scene = Scene::larder(way, polls as u64, &Setup::default(), Database::with(&[("k", 1)]));
    scene.database.set_chaos(Some(Chaos { world: scene.world.clone(), faults_percent: 0 }));
    let others = [scene.writer("k", Some(2)), scene.writer("k", Some(5))];
    let dropped = scene.world.start(polled(call(&scene), polls));
    let reader = scene.reader("k");
    let gave_up = scene.world.block_on(dropped);
    for other in others {
        scene.world.block_on(other).expect("a write");
    }
    scene.world.block_on(reader).expect("a read");
    scene.world.block_on(scene.subject.flush());
    scene.world.advance(Duration::from_secs(1));
    if !way.leaves_writes_to_the_application() {
        let seen = scene.world.block_on(scene.reader("k")).expect("a read");
        assert_eq!(seen, scene.database.row("k"), "{way:?} after {polls} polls");
    }
    // A reader that went away leaves its lease to run out.
    scene.subject.invalidate("k");
    assert_eq!(scene.subject.in_progress(), 0, "{way:?} after {polls} polls");
    gave_up
}

/// Polls `call` so many times and drops it; `false` when it ended by itself.
fn polled(mut call: BoxFuture<'static, ()>, polls: usize) -> impl Future<Output = bool> + Send {
    let mut left = polls;
    poll_fn(move |context| {
        left -= 1;
        match call.poll_unpin(context) {
            Poll::Ready(()) => Poll::Ready(false),
            Poll::Pending if left == 0 => Poll::Ready(true),
            Poll::Pending => Poll::Pending,
        }
    })
}

fn tokio_runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_time().build().expect("a runtime")
}

#[test]
fn a_load_whose_runtime_ends_releases_its_readers() {
    let (own, other) = (tokio_runtime(), tokio_runtime());
    let cache: Cache<String, u64> = Cache::builder("test")
        .max_entries(10)
        .source(load_with(|_: String| pending::<Result<Option<u64>, SourceError>>()))
        .strategy(Strategy::ReadThrough)
        .runtime(Arc::new(TokioRuntime::new(own.handle().clone())))
        .build()
        .unwrap();
    let reader = cache.clone();
    let reader = other.spawn(async move { reader.get("k").await });
    while cache.in_progress() == 0 {
        std::thread::yield_now();
    }
    own.shutdown_background();
    let error = other.block_on(reader).unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::LoadLost, true));
    let error = other.block_on(cache.get("k")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoadLost, "one that begins later does not hang either");
    assert_eq!(cache.in_progress(), 0);
}

#[test]
fn a_write_whose_runtime_ends_is_unknown_and_leaves_no_copy() {
    let (own, other) = (tokio_runtime(), tokio_runtime());
    let (sender, stored) = std::sync::mpsc::channel();
    let source = load_with(|_: String| async { Ok(Some(1)) }).store_with(move |_| {
        sender.send(()).expect("the test goes on");
        pending::<Result<(), SourceError>>()
    });
    let cache: Cache<String, u64> = Cache::builder("test")
        .max_entries(10)
        .source(source)
        .strategy(Strategy::write_through())
        .runtime(Arc::new(TokioRuntime::new(own.handle().clone())))
        .build()
        .unwrap();
    assert_eq!(other.block_on(cache.get("k")).unwrap(), Some(1));
    let writer = cache.clone();
    let writer = other.spawn(async move { writer.put("k".into(), 2).await });
    stored.recv().unwrap();
    own.shutdown_background();
    let error = other.block_on(writer).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown);
    assert_eq!(cache.peek("k"), None);
    assert_eq!(cache.in_progress(), 0);
}
