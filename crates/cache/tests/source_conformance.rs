//! What every source must do, run over each of them. Where they differ, their capabilities say so.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use larder::source::sqlite::{Sqlite, SqliteOptions};
use larder::source::{self, Change, Source};
use parking_lot::Mutex;

type Keys = Vec<Vec<u8>>;
type Shared = Arc<dyn Source<Vec<u8>, Vec<u8>>>;

/// A source, and what keeps it alive.
struct Subject {
    name: &'static str,
    source: Shared,
    _folder: Option<tempfile::TempDir>,
}

async fn subjects() -> Vec<Subject> {
    vec![closures(), sqlite().await]
}

fn closures() -> Subject {
    let rows: Arc<Mutex<BTreeMap<Vec<u8>, Vec<u8>>>> = Arc::default();
    let stored = rows.clone();
    let source = source::load_many_with(move |keys: Keys| {
        let rows = rows.lock();
        let values = keys.iter().map(|key| Ok(rows.get(key).cloned())).collect();
        async move { Ok(values) }
    })
    .store_with(move |changes: Vec<Change<Vec<u8>, Vec<u8>>>| {
        let mut rows = stored.lock();
        for Change { key, value } in changes {
            match value {
                Some(value) => drop(rows.insert(key, value)),
                None => drop(rows.remove(&key)),
            }
        }
        async { Ok(()) }
    });
    Subject { name: "closures", source: Arc::new(source), _folder: None }
}

async fn sqlite() -> Subject {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("conformance.db");
    let sqlite = Sqlite::open(file, SqliteOptions::default()).unwrap();
    let table = sqlite.key_value("rows").await.unwrap();
    Subject { name: "sqlite", source: Arc::new(table), _folder: Some(folder) }
}

/// Runs `check` over every source.
fn for_each(check: impl for<'s> Fn(&'s Subject) -> BoxFuture<'s, ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for subject in subjects().await {
            check(&subject).await;
        }
    });
}

fn put(key: &[u8], value: &[u8]) -> Change<Vec<u8>, Vec<u8>> {
    Change { key: key.into(), value: Some(value.into()) }
}

fn delete(key: &[u8]) -> Change<Vec<u8>, Vec<u8>> {
    Change { key: key.into(), value: None }
}

async fn load(subject: &Subject, keys: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
    let keys = keys.iter().map(|key| key.to_vec()).collect();
    let loads = subject.source.load(keys).await.unwrap();
    loads.into_iter().map(Result::unwrap).collect()
}

#[test]
fn loads_answer_in_the_order_of_the_keys() {
    for_each(|subject| {
        Box::pin(async move {
            subject.source.store(vec![put(b"a", b"1"), put(b"b", b"2")]).await.unwrap();
            let loaded = load(subject, &[b"b", b"none", b"a", b"b"]).await;
            let expected = [Some(b"2".to_vec()), None, Some(b"1".to_vec()), Some(b"2".to_vec())];
            assert_eq!(loaded, expected, "{}", subject.name);
        })
    });
}

#[test]
fn changes_take_effect_in_their_order() {
    for_each(|subject| {
        Box::pin(async move {
            let changes =
                vec![put(b"a", b"1"), delete(b"a"), put(b"a", b"2"), put(b"b", b"1"), delete(b"b")];
            assert_eq!(subject.source.store(changes).await.unwrap().len(), 5, "{}", subject.name);
            assert_eq!(
                load(subject, &[b"a", b"b"]).await,
                [Some(b"2".to_vec()), None],
                "{}",
                subject.name
            );
        })
    });
}

#[test]
fn any_bytes_come_back_as_they_were() {
    for_each(|subject| {
        Box::pin(async move {
            for key in ODD {
                for value in ODD {
                    subject.source.store(vec![put(key, value)]).await.unwrap();
                    assert_eq!(
                        load(subject, &[key]).await,
                        [Some(value.to_vec())],
                        "{}",
                        subject.name
                    );
                }
            }
        })
    });
}

/// Bytes that a careless source would change, cut short or run.
const ODD: [&[u8]; 6] =
    [b"", b"\0", b"\xff\xfe", b"'; DROP TABLE rows; --", "ü".as_bytes(), b"007"];

#[test]
fn a_large_batch_is_one_call() {
    for_each(|subject| {
        Box::pin(async move {
            let keys: Keys = (0..10_000u32).map(|key| key.to_string().into_bytes()).collect();
            let changes = keys.iter().map(|key| put(key, key)).collect();
            assert_eq!(subject.source.store(changes).await.unwrap().len(), keys.len());
            let loaded = subject.source.load(keys.clone()).await.unwrap();
            let same =
                keys.iter().zip(loaded).all(|(key, value)| value.unwrap().as_ref() == Some(key));
            assert!(same, "{}", subject.name);
        })
    });
}

#[test]
fn what_was_stored_and_what_existed_are_told_where_the_capabilities_say_so() {
    for_each(|subject| {
        Box::pin(async move {
            let first = subject.source.store(vec![put(b"a", b"1")]).await.unwrap();
            let again = subject.source.store(vec![put(b"a", b"2"), delete(b"a")]).await.unwrap();
            if subject.source.capabilities().returns_stored {
                assert_eq!(first[0].value, Some(b"1".to_vec()), "{}", subject.name);
                let existed = [first[0].existed, again[0].existed, again[1].existed];
                assert_eq!(existed, [Some(false), Some(true), Some(true)], "{}", subject.name);
            } else {
                assert_eq!(first[0].value, None, "{}", subject.name);
            }
        })
    });
}

#[test]
fn an_empty_call_is_answered_by_nothing() {
    for_each(|subject| {
        Box::pin(async move {
            assert!(subject.source.load(Vec::new()).await.unwrap().is_empty(), "{}", subject.name);
            assert!(subject.source.store(Vec::new()).await.unwrap().is_empty(), "{}", subject.name);
        })
    });
}
