//! Keys and values as bytes, in larder's own table and in others'.

use super::*;

type Bytes = Vec<u8>;

async fn own(fixture: &Fixture) -> SqliteTable<Bytes, Bytes> {
    fixture.sqlite.key_value("through").await.unwrap()
}

#[tokio::test]
async fn any_bytes_come_back_and_no_two_keys_meet() {
    let fixture = Fixture::new("").await;
    let table = own(&fixture).await;
    let mut keys: Vec<Bytes> = (0..=255).map(|byte| vec![byte]).collect();
    keys.extend([vec![], b"7".to_vec(), b"7.0".to_vec(), b"a\0b".to_vec(), b"a".to_vec()]);
    keys.extend(["é".into(), "e\u{301}".into(), b"\xc3".to_vec(), b"x'61'".to_vec()]);
    keys.sort();
    keys.dedup();
    let changes = keys.iter().map(|key| put(key.clone(), [b"v", &key[..]].concat())).collect();
    let stored = table.store(changes).await.unwrap();
    assert!(stored.iter().all(|stored| stored.existed == Some(false)));
    let found = table.load(keys.clone()).await.unwrap();
    for (key, loaded) in keys.iter().zip(found) {
        assert_eq!(loaded.unwrap().unwrap(), [b"v", &key[..]].concat());
    }
}

#[tokio::test]
async fn text_is_shown_as_text_and_everything_else_as_bytes() {
    let fixture = Fixture::new("").await;
    let table = own(&fixture).await;
    table.store(vec![put("clé".into(), "1".into()), put(vec![255], vec![0])]).await.unwrap();
    let types = "SELECT group_concat(typeof(key) || '=' || typeof(value), ' ') FROM through";
    assert_eq!(fixture.ask(types).await, "text=text blob=blob");
    assert_eq!(fixture.ask("SELECT value FROM through WHERE key = 'clé'").await, "1");
}

#[tokio::test]
async fn what_a_person_inserts_by_hand_is_found() {
    let fixture = Fixture::new("").await;
    let table = own(&fixture).await;
    fixture.run("INSERT INTO through VALUES ('a', 'text'), (7, 1.5), ('n', 12)").await;
    for (key, value) in [("a", "text"), ("7", "1.5"), ("n", "12")] {
        assert_eq!(load_one(&table, key.into()).await.unwrap(), Some(value.into()), "{key}");
    }
}

#[tokio::test]
async fn a_megabyte_comes_back() {
    let fixture = Fixture::new("").await;
    let table = own(&fixture).await;
    let text = vec![b'x'; 1 << 20];
    let bytes: Bytes = (0..1_u32 << 20).map(|at| at as u8).collect();
    table.store(vec![put(vec![1], text.clone()), put(vec![2], bytes.clone())]).await.unwrap();
    assert_eq!(load_one(&table, vec![1]).await.unwrap(), Some(text));
    assert_eq!(load_one(&table, vec![2]).await.unwrap(), Some(bytes));
}

#[tokio::test]
async fn the_own_table_is_made_once_and_checked() {
    let fixture = Fixture::new("CREATE TABLE taken (id INTEGER PRIMARY KEY)").await;
    store_one(&own(&fixture).await, put(b"k".to_vec(), b"v".to_vec())).await.unwrap();
    assert_eq!(load_one(&own(&fixture).await, b"k".to_vec()).await.unwrap(), Some(b"v".to_vec()));
    let taken = fixture.sqlite.key_value::<Bytes, Bytes>("taken").await;
    assert_eq!(kind(taken), Some(SourceErrorKind::Misconfigured));
    let nul = fixture.sqlite.key_value::<Bytes, Bytes>("a\0b").await;
    assert_eq!(kind(nul), Some(SourceErrorKind::Misconfigured));
}

#[tokio::test]
async fn a_column_of_bytes_is_given_bytes_and_null_is_none() {
    let fixture = Fixture::new("CREATE TABLE t (k BLOB PRIMARY KEY, v BLOB) STRICT").await;
    let table = fixture.sqlite.table("t").bytes::<Bytes, Bytes>("v").await.unwrap();
    store_one(&table, put(b"k".to_vec(), b"v".to_vec())).await.unwrap();
    assert_eq!(fixture.ask("SELECT typeof(k) || typeof(v) FROM t").await, "blobblob");
    fixture.run("UPDATE t SET v = NULL").await;
    let null = load_one(&table, b"k".to_vec()).await;
    assert_eq!(kind(null), Some(SourceErrorKind::Undecodable));
    assert_eq!(load_one(&table, b"none".to_vec()).await.unwrap(), None);
}
