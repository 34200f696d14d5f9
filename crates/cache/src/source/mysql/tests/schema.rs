//! Tables that cannot be sources, and what to do about it.

use super::*;

async fn refusal(schema: &str) -> (Fixture, String) {
    let fixture = Fixture::new(schema).await;
    let error = fixture.mysql.table("t").rows::<String, Count>().await.err().unwrap();
    assert_eq!(error.kind(), SourceErrorKind::Misconfigured, "{error}");
    let sentence = error.message().to_owned();
    (fixture, sentence)
}

/// Does what the sentence says, after which the table is a source.
async fn mended(fixture: &Fixture, sentence: &str) {
    fixture.ask(sentence.split_once("run: ").unwrap().1);
    fixture.mysql.table("t").rows::<String, Count>().await.unwrap();
}

#[tokio::test]
async fn a_key_that_compares_by_letters_is_refused_with_the_statement_that_mends_it() {
    let (fixture, sentence) = refusal(
        "CREATE TABLE t (name varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci \
         PRIMARY KEY, count bigint)",
    )
    .await;
    assert!(sentence.contains("utf8mb4_general_ci"), "{sentence}");
    mended(&fixture, &sentence).await;
}

#[tokio::test]
async fn a_table_without_transactions_is_refused_with_the_statement_that_mends_it() {
    let (fixture, sentence) =
        refusal("CREATE TABLE t (name varbinary(20) PRIMARY KEY, count bigint) ENGINE = MyISAM")
            .await;
    assert!(sentence.contains("MyISAM"), "{sentence}");
    mended(&fixture, &sentence).await;
}

#[tokio::test]
async fn a_key_that_is_unique_by_its_beginning_only_is_refused() {
    let schema = "CREATE TABLE t (id bigint PRIMARY KEY, name text CHARACTER SET utf8mb4 \
                  COLLATE utf8mb4_bin, count bigint, UNIQUE (name(10)))";
    let fixture = Fixture::new(schema).await;
    let opened = fixture.mysql.table("t").key(["name"]).rows::<String, Count>().await;
    assert_eq!(kind(opened), Some(SourceErrorKind::Misconfigured));
}

#[tokio::test]
async fn an_enumeration_and_a_floating_point_number_are_no_keys() {
    for declared in ["enum('a', 'b')", "double", "float", "bit(4)"] {
        let (_, sentence) =
            refusal(&format!("CREATE TABLE t (name {declared} PRIMARY KEY, count bigint)")).await;
        assert!(sentence.contains("cannot be a key") || sentence.contains("run: "), "{sentence}");
    }
}

#[tokio::test]
async fn a_key_has_as_many_parts_as_there_are_key_columns() {
    let schema = "CREATE TABLE t (a bigint, b bigint, count bigint, PRIMARY KEY (a, b))";
    let fixture = Fixture::new(schema).await;
    let opened = fixture.mysql.table("t").rows::<i64, Count>().await;
    assert_eq!(kind(opened), Some(SourceErrorKind::Misconfigured));
    let table = fixture.mysql.table("t").rows::<(i64, i64), Count>().await.unwrap();
    store_one(&table, put((1, 2), Count { count: 3 })).await.unwrap();
    assert_eq!(load_one(&table, (1, 2)).await.unwrap(), Some(Count { count: 3 }));
}

#[tokio::test]
async fn a_name_is_found_whatever_its_case_where_only_one_is_meant() {
    let fixture = Fixture::new("CREATE TABLE t (ID bigint PRIMARY KEY, count bigint)").await;
    let table = fixture.mysql.table("t").key(["id"]).bytes::<String, Vec<u8>>("COUNT").await;
    let table = table.unwrap();
    assert_eq!(table.key_columns().collect::<Vec<_>>(), ["ID"]);
    assert_eq!(&*table.columns()[0].name, "count");
}

#[tokio::test]
async fn dates_are_keys_in_the_spelling_of_the_server() {
    let fixture = Fixture::new("CREATE TABLE t (day date PRIMARY KEY, count bigint)").await;
    let table = fixture.mysql.table("t").rows::<String, Count>().await.unwrap();
    store_one(&table, put("2024-01-31".into(), Count { count: 1 })).await.unwrap();
    assert!(load_one(&table, "2024-01-31".into()).await.unwrap().is_some());
    for other in ["2024-1-31", "20240131", "2024-01-31 00:00:00"] {
        assert_eq!(load_one(&table, other.to_owned()).await.unwrap(), None, "{other}");
        let stored = store_one(&table, put(other.to_owned(), Count { count: 2 })).await;
        assert_eq!(kind(stored), Some(SourceErrorKind::Rejected), "{other}");
    }
}

#[tokio::test]
async fn a_key_of_an_older_character_set_is_refused_with_the_statement_that_mends_it() {
    let (fixture, sentence) = refusal(
        "CREATE TABLE t (name varchar(20) CHARACTER SET latin1 COLLATE latin1_bin PRIMARY KEY, \
         count bigint)",
    )
    .await;
    mended(&fixture, &sentence).await;
}

#[tokio::test]
async fn text_in_another_character_set_is_the_same_text() {
    let fixture = Fixture::new(
        "CREATE TABLE t (name char(9) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, \
         text varchar(20) CHARACTER SET latin1)",
    )
    .await;
    let table = fixture.mysql.table("t").rows::<String, Note>().await.unwrap();
    store_one(&table, put("tea".into(), note("é"))).await.unwrap();
    let loaded = table.load(vec!["tea".to_owned(), "日本".to_owned()]).await.unwrap();
    assert_eq!(loaded[0].as_ref().unwrap(), &Some(note("é")));
    assert_eq!(loaded[1].as_ref().unwrap(), &None);
    for unfit in [put("tea".into(), note("日本")), put("日本".into(), note("a"))] {
        assert_eq!(kind(store_one(&table, unfit).await), Some(SourceErrorKind::Rejected));
    }
}
