//! Limits: of packets, of the pool, of time.

use std::sync::Arc;
use std::time::Duration;

use larder_kit::Options;
use larder_kit::mariadb::Server;

use super::*;

#[tokio::test]
async fn batches_keep_within_the_servers_packets_and_are_still_one_transaction() {
    let server = Server::start_with(Options::default().durable(false)).unwrap();
    server.run("SET GLOBAL max_allowed_packet = 65536").unwrap();
    let database = server.database().unwrap();
    database.run("CREATE TABLE t (id bigint PRIMARY KEY, text longtext)").unwrap();
    let mysql = Mysql::connect(&database.url(), MysqlOptions::default()).await.unwrap();
    let table = mysql.table("t").rows::<i64, Note>().await.unwrap();
    let long = "x".repeat(20_000);
    let changes: Vec<_> = (0..20).map(|id| put(id, note(&long))).collect();
    let before = mysql.queries();
    assert_eq!(table.store(changes).await.unwrap().len(), 20);
    assert_eq!(mysql.queries().commits - before.commits, 1);
    assert_eq!(load_one(&table, 19).await.unwrap(), Some(note(&long)));

    let larger = note(&"x".repeat(70_000));
    let error = store_one(&table, put(99, larger)).await.unwrap_err();
    assert_eq!(error.kind(), SourceErrorKind::Rejected, "{error}");
    assert!(error.message().contains("max_allowed_packet"), "{error}");
    assert_eq!(mysql.queries().connections, 1, "the connection has survived it");
}

#[tokio::test]
async fn keys_that_fill_several_packets_are_loaded_from_one_state() {
    let server = Server::start_with(Options::default().durable(false)).unwrap();
    server.run("SET GLOBAL max_allowed_packet = 65536").unwrap();
    let database = server.database().unwrap();
    let mysql = Mysql::connect(&database.url(), MysqlOptions::default()).await.unwrap();
    let table = mysql.key_value::<Vec<u8>, Vec<u8>>("t").await.unwrap();
    let key = |id: u32| [vec![b'k'; 2000], id.to_be_bytes().to_vec()].concat();
    table.store((0..60).map(|id| put(key(id), b"1".to_vec())).collect()).await.unwrap();
    let before = mysql.queries();
    let loaded = table.load((0..61).map(key).collect()).await.unwrap();
    let found = loaded.into_iter().filter(|value| value.as_ref().unwrap().is_some()).count();
    assert_eq!(found, 60);
    assert!(mysql.queries().loads - before.loads > 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_no_more_connections_than_allowed_and_who_waits_too_long_is_told() {
    let options = MysqlOptions::default().pool_max(2).pool_timeout(Duration::from_millis(50));
    let fixture =
        Fixture::with("CREATE TABLE t (id bigint PRIMARY KEY, count bigint)", options).await;
    let table = Arc::new(fixture.mysql.table("t").rows::<i64, Count>().await.unwrap());
    store_one(&table, put(1, Count { count: 0 })).await.unwrap();
    let blocker = fixture.database.clone();
    let hold = "START TRANSACTION; SELECT * FROM t FOR UPDATE; SELECT SLEEP(2); COMMIT";
    let blocking = std::thread::spawn(move || blocker.run(hold));
    // Stores pile up behind the lock until no connection is left.
    let mut stores = Vec::new();
    let refused = loop {
        let table = table.clone();
        stores
            .push(tokio::spawn(async move { store_one(&table, put(1, Count { count: 1 })).await }));
        if let Err(error) = fixture.mysql.ping().await {
            break error;
        }
    };
    assert_eq!(refused.kind(), SourceErrorKind::Unavailable);
    assert!(refused.message().contains("in use"), "{refused}");
    blocking.join().unwrap().unwrap();
    for store in stores {
        // Some waited for a connection, and too long; the others have stored.
        assert!(matches!(kind(store.await.unwrap()), None | Some(SourceErrorKind::Unavailable)));
    }
    assert!(fixture.mysql.queries().connections <= 2);
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended_and_may_be_tried_again() {
    let options = MysqlOptions::default().statement_timeout(Duration::from_secs(2));
    let schema = "CREATE TABLE t (id bigint PRIMARY KEY, count bigint); \
                  CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW SET new.count = SLEEP(20)";
    let fixture = Fixture::with(schema, options).await;
    let table = fixture.mysql.table("t").rows::<i64, Count>().await.unwrap();
    let error = store_one(&table, put(1, Count { count: 1 })).await.unwrap_err();
    assert_eq!(error.kind(), SourceErrorKind::Busy, "{error}");
    assert_eq!(fixture.mysql.queries().connections, 1, "the server ended it by itself");
}

#[tokio::test]
async fn nothing_is_done_once_it_is_closed() {
    let fixture = Fixture::new("CREATE TABLE t (id bigint PRIMARY KEY, count bigint)").await;
    let table = fixture.mysql.table("t").rows::<i64, Count>().await.unwrap();
    fixture.mysql.close();
    let stored = store_one(&table, put(1, Count { count: 1 })).await;
    assert_eq!(kind(stored), Some(SourceErrorKind::Unavailable));
    assert_eq!(fixture.ask("SELECT count(*) FROM t"), "0");
}

#[tokio::test]
async fn a_store_goes_on_though_nobody_waits_for_it() {
    use futures_util::FutureExt;
    let fixture = Fixture::new("CREATE TABLE t (id bigint PRIMARY KEY, count bigint)").await;
    let table = fixture.mysql.table("t").rows::<i64, Count>().await.unwrap();
    let mut store = table.store(vec![put(1, Count { count: 1 })]);
    assert!((&mut store).now_or_never().is_none());
    drop(store);
    while load_one(&table, 1).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
}

#[test]
fn options_that_allow_nothing_are_refused() {
    for options in [
        MysqlOptions::default().pool_max(0),
        MysqlOptions::default().pool_max(MysqlOptions::POOL_MAX + 1),
        MysqlOptions::default().connect_timeout(Duration::ZERO),
        MysqlOptions::default().pool_timeout(Duration::ZERO),
        MysqlOptions::default().statement_timeout(Duration::ZERO),
    ] {
        assert_eq!(kind(options.check()), Some(SourceErrorKind::Misconfigured));
    }
}
