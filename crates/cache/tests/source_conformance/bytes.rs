//! Sources of bytes: larder's own tables, and closures.

use larder::source::Change;

use crate::subject::{Bytes, for_each_of_bytes};

fn put(key: &[u8], value: &[u8]) -> Change<Vec<u8>, Vec<u8>> {
    Change { key: key.into(), value: Some(value.into()) }
}

fn delete(key: &[u8]) -> Change<Vec<u8>, Vec<u8>> {
    Change { key: key.into(), value: None }
}

async fn load(source: &Bytes, keys: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
    let keys = keys.iter().map(|key| key.to_vec()).collect();
    source.load(keys).await.unwrap().into_iter().map(Result::unwrap).collect()
}

#[test]
fn loads_answer_in_the_order_of_the_keys() {
    for_each_of_bytes(async |name, source| {
        source.store(vec![put(b"a", b"1"), put(b"b", b"2")]).await.unwrap();
        let loaded = load(source, &[b"b", b"none", b"a", b"b"]).await;
        let expected = [Some(b"2".to_vec()), None, Some(b"1".to_vec()), Some(b"2".to_vec())];
        assert_eq!(loaded, expected, "{name}");
    });
}

#[test]
fn changes_take_effect_in_their_order() {
    for_each_of_bytes(async |name, source| {
        let changes =
            vec![put(b"a", b"1"), delete(b"a"), put(b"a", b"2"), put(b"b", b"1"), delete(b"b")];
        assert_eq!(source.store(changes).await.unwrap().len(), 5, "{name}");
        assert_eq!(load(source, &[b"a", b"b"]).await, [Some(b"2".to_vec()), None], "{name}");
    });
}

/// Bytes that a careless source would change, cut short, take for each other or run.
const ODD: [&[u8]; 12] = [
    b"",
    b"\0",
    b"\xff\xfe",
    b"'; DROP TABLE rows; --",
    "ü".as_bytes(),
    b"007",
    b"7",
    b"a",
    b"A",
    b"a ",
    b"a\0",
    b"\\",
];

#[test]
fn any_bytes_come_back_as_they_were() {
    for_each_of_bytes(async |name, source| {
        for (at, key) in ODD.iter().enumerate() {
            let value = ODD[(at + 5) % ODD.len()];
            source.store(vec![put(key, value)]).await.unwrap();
        }
        let expected: Vec<_> =
            (0..ODD.len()).map(|at| Some(ODD[(at + 5) % ODD.len()].to_vec())).collect();
        assert_eq!(load(source, &ODD).await, expected, "{name}");
    });
}

#[test]
fn a_megabyte_comes_back_whole() {
    for_each_of_bytes(async |name, source| {
        let large: Vec<u8> = (0..1_u32 << 20).map(|at| (at % 251) as u8).collect();
        let stored = source.store(vec![put(b"large", &large), put(b"too", &large)]).await.unwrap();
        assert_eq!(stored.len(), 2);
        let loaded = load(source, &[b"large", b"too"]).await;
        assert!(loaded.iter().all(|value| value.as_ref() == Some(&large)), "{name}");
    });
}

#[test]
fn a_large_batch_is_one_call() {
    for_each_of_bytes(async |name, source| {
        let keys: Vec<_> = (0..10_000_u32).map(|key| key.to_string().into_bytes()).collect();
        let changes = keys.iter().map(|key| put(key, key)).collect();
        assert_eq!(source.store(changes).await.unwrap().len(), keys.len());
        let loaded = source.load(keys.clone()).await.unwrap();
        let same = keys.iter().zip(loaded).all(|(key, value)| value.unwrap().as_ref() == Some(key));
        assert!(same, "{name}");
    });
}

#[test]
fn what_was_stored_and_what_existed_are_told_where_the_capabilities_say_so() {
    for_each_of_bytes(async |name, source| {
        let first = source.store(vec![put(b"a", b"1")]).await.unwrap();
        let again = source.store(vec![put(b"a", b"2"), delete(b"a"), delete(b"a")]).await.unwrap();
        if source.capabilities().returns_stored {
            assert_eq!(first[0].value, Some(b"1".to_vec()), "{name}");
            let existed = [&first[0], &again[0], &again[1], &again[2]].map(|stored| stored.existed);
            assert_eq!(existed, [false, true, true, false].map(Some), "{name}");
        } else {
            assert_eq!(first[0].value, None, "{name}");
        }
    });
}

#[test]
fn an_empty_call_is_answered_by_nothing() {
    for_each_of_bytes(async |name, source| {
        assert!(source.load(Vec::new()).await.unwrap().is_empty(), "{name}");
        assert!(source.store(Vec::new()).await.unwrap().is_empty(), "{name}");
    });
}
