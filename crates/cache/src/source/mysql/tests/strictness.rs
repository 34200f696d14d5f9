//! Values that MySQL would change if it were let.

use super::*;

const NOTES: &str = "CREATE TABLE t (id bigint AUTO_INCREMENT PRIMARY KEY, text varchar(4))";

#[tokio::test]
async fn text_that_is_too_long_is_refused_and_not_cut() {
    let fixture = Fixture::new(NOTES).await;
    let table = fixture.mysql.table("t").rows::<i64, Note>().await.unwrap();
    let long = store_one(&table, put(1, note("12345"))).await;
    assert_eq!(kind(long), Some(SourceErrorKind::Rejected));
    assert_eq!(fixture.ask("SELECT count(*) FROM t"), "0");
}

#[tokio::test]
async fn the_server_gives_no_row_another_key() {
    let fixture = Fixture::new(NOTES).await;
    let table = fixture.mysql.table("t").rows::<i64, Note>().await.unwrap();
    store_one(&table, put(0, note("zero"))).await.unwrap();
    assert_eq!(fixture.ask("SELECT id, text FROM t"), "0\tzero");
}

#[tokio::test]
async fn numbers_that_are_out_of_range_and_dates_that_are_none_are_refused() {
    let schema = "CREATE TABLE t (id bigint PRIMARY KEY, small tinyint, day date)";
    let fixture = Fixture::new(schema).await;
    for (column, value) in [("small", "128"), ("day", "2024-02-30"), ("day", "tomorrow")] {
        let table = fixture.mysql.table("t").bytes::<String, Vec<u8>>(column).await.unwrap();
        let stored = store_one(&table, put("1".into(), value.as_bytes().to_vec())).await;
        assert_eq!(kind(stored), Some(SourceErrorKind::Rejected), "{column} {value}");
    }
}

#[tokio::test]
async fn what_is_no_number_is_refused() {
    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct Ratio {
        ratio: f64,
    }
    let fixture = Fixture::new("CREATE TABLE t (id bigint PRIMARY KEY, ratio double)").await;
    let table = fixture.mysql.table("t").rows::<i64, Ratio>().await.unwrap();
    for ratio in [f64::NAN, f64::INFINITY] {
        let stored = store_one(&table, put(1, Ratio { ratio })).await;
        assert_eq!(kind(stored), Some(SourceErrorKind::Rejected));
    }
}

#[tokio::test]
async fn a_moment_is_that_of_utc_whatever_the_servers_time_zone_is() {
    let schema = "CREATE TABLE t (id bigint PRIMARY KEY, moment timestamp NULL)";
    let fixture = Fixture::new(schema).await;
    let table = fixture.mysql.table("t").bytes::<String, Vec<u8>>("moment").await.unwrap();
    store_one(&table, put("1".into(), b"2024-01-31 12:00:00".to_vec())).await.unwrap();
    let seconds = fixture.ask("SELECT UNIX_TIMESTAMP(moment) FROM t");
    assert_eq!(seconds, "1706702400");
}

#[tokio::test]
async fn a_row_whose_key_a_trigger_changes_is_not_stored() {
    let fixture = Fixture::new(
        "CREATE TABLE t (id bigint PRIMARY KEY, count bigint); \
         CREATE TRIGGER moves BEFORE INSERT ON t FOR EACH ROW SET new.id = new.id + 1",
    )
    .await;
    let table = fixture.mysql.table("t").rows::<i64, Count>().await.unwrap();
    let error = store_one(&table, put(1, Count { count: 1 })).await.unwrap_err();
    assert_eq!(error.kind(), SourceErrorKind::Rejected, "{error}");
    assert_eq!(fixture.ask("SELECT count(*) FROM t"), "0");
}

#[tokio::test]
async fn a_row_that_could_not_be_read_again_is_not_stored() {
    let fixture = Fixture::new(
        "CREATE TABLE t (id bigint PRIMARY KEY, count varchar(9)); \
         CREATE TRIGGER ages BEFORE INSERT ON t FOR EACH ROW SET new.count = 'many'",
    )
    .await;
    let table = fixture.mysql.table("t").rows::<i64, Count>().await.unwrap();
    let answer = store_one(&table, put(1, Count { count: 1 })).await;
    assert_eq!(kind(answer), Some(SourceErrorKind::Undecodable));
    assert_eq!(fixture.ask("SELECT count(*) FROM t"), "0");
}

#[tokio::test]
async fn a_trigger_for_new_rows_sees_no_others() {
    let fixture = Fixture::new(
        "CREATE TABLE t (id bigint PRIMARY KEY, count bigint); \
         CREATE TABLE seen (id bigint); \
         CREATE TRIGGER sees BEFORE INSERT ON t FOR EACH ROW INSERT INTO seen VALUES (new.id)",
    )
    .await;
    let table = fixture.mysql.table("t").rows::<i64, Count>().await.unwrap();
    for count in 0..3 {
        table.store(vec![put(1, Count { count }), put(2, Count { count })]).await.unwrap();
    }
    assert_eq!(fixture.ask("SELECT id FROM seen ORDER BY id"), "1\n2");
}

#[tokio::test]
async fn what_a_trigger_signals_is_a_refusal() {
    let fixture = Fixture::new(
        "CREATE TABLE t (id bigint PRIMARY KEY, count bigint); \
         CREATE TRIGGER stops BEFORE INSERT ON t FOR EACH ROW \
         SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the shop is closed'",
    )
    .await;
    let table = fixture.mysql.table("t").rows::<i64, Count>().await.unwrap();
    let error = store_one(&table, put(1, Count { count: 1 })).await.unwrap_err();
    assert_eq!(error.kind(), SourceErrorKind::Rejected);
    assert!(error.message().contains("the shop is closed"), "{error}");
}
