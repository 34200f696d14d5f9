//! Types: what goes into a column and comes out of it is the same.

use larder::source::Source;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::kit::*;

const EVERY: &str = "\
    CREATE TYPE pair AS (a integer, b text); \
    CREATE TABLE every (id bigint PRIMARY KEY, small smallint, large bigint, real real, \
      double double precision, exact numeric, price numeric(10, 2), truth boolean, text text, \
      padded char(4), bytes bytea, document jsonb, text_document json, day date, time time, \
      moment timestamp, zoned timestamptz, span interval, uuid uuid, numbers integer[], \
      words text[], grid integer[], documents jsonb[], address inet, range int4range, pair pair)";

#[tokio::test]
async fn every_type_comes_back_as_it_went() {
    let fixture = Fixture::new(EVERY).await;
    let columns = "id small large real double exact price truth text padded document text_document \
        day time moment zoned span uuid numbers words grid documents address range pair";
    let table = fixture.postgres.table("every").columns(columns.split_whitespace());
    let table = table.rows::<i64, Json>().await.unwrap();
    let value = json!({
        "id": 1, "small": -32768, "large": i64::MIN, "real": 0.1, "double": 1e300,
        "exact": "12345678901234567890.12345678901234567890", "price": "4.50", "truth": true,
        "text": "ü'\"\\", "padded": "ab", "document": {"a": [1, null, "x"]},
        "text_document": {"b": 2.5}, "day": "2024-02-29", "time": "23:59:59.5",
        "moment": "2024-01-31 10:00:00.000001", "zoned": "2024-01-31 10:00:00+00",
        "span": "P1DT2H", "uuid": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "numbers": [1, null, -3], "words": ["a,b", "NULL", null, "\"\\{}"],
        "grid": [[1, 2], [3, 4]], "documents": [{"a": 1}, "x", [1], null],
        "address": "10.0.0.1/32", "range": "[1,5)", "pair": "(7,x)",
    });
    let stored = store_one(&table, put(1, value.clone())).await.unwrap();
    assert_eq!(stored.value, Some(value.clone()));
    let again = store_one(&table, put(1, value.clone())).await.unwrap();
    assert_eq!(again.value, Some(value));
    let exact = fixture.ask("SELECT exact, price, padded::text FROM every");
    assert_eq!(exact, "12345678901234567890.12345678901234567890\t4.50\tab");
}

#[tokio::test]
async fn null_is_a_value_of_every_type_and_not_absence() {
    let fixture = Fixture::new(EVERY).await;
    let table = fixture.json("every").await;
    let names = table.columns().iter().map(|column| column.name.to_string());
    let nulls: Json =
        names.map(|name| (name, Json::Null)).collect::<serde_json::Map<_, _>>().into();
    let mut expected = nulls.clone();
    expected["id"] = json!(1);
    assert_eq!(store_one(&table, put(1, expected.clone())).await.unwrap().value, Some(expected));
    assert_eq!(load_one(&table, 2).await.unwrap(), None);
}

#[tokio::test]
async fn numbers_at_their_limits_come_back() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Numbers {
        large: i64,
        double: f64,
    }
    let fixture = Fixture::new(EVERY).await;
    let table = fixture.postgres.table("every").columns(["large", "double"]);
    let table = table.rows::<i64, Numbers>().await.unwrap();
    let numbers = [
        (i64::MIN, Numbers { large: i64::MIN, double: f64::NEG_INFINITY }),
        (i64::MAX, Numbers { large: i64::MAX, double: f64::INFINITY }),
        (0, Numbers { large: 0, double: f64::MIN_POSITIVE }),
        (1, Numbers { large: -1, double: f64::MAX }),
    ];
    table.store(numbers.clone().map(|(key, value)| put(key, value)).to_vec()).await.unwrap();
    let found = table.load(numbers.clone().map(|(key, _)| key).to_vec()).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|loaded| loaded.unwrap().unwrap()).collect();
    assert_eq!(found, numbers.map(|(_, value)| value));
}

#[tokio::test]
async fn each_column_takes_and_gives_bytes() {
    let fixture = Fixture::new(EVERY).await;
    for (column, given, shown) in [
        ("small", "7", "7"),
        ("double", "0.5", "0.5"),
        ("exact", "1.50", "1.50"),
        ("truth", "t", "true"),
        ("text", "x", "x"),
        ("bytes", "x", "x"),
        ("document", r#"{"a": 1}"#, r#"{"a": 1}"#),
        ("numbers", "[1,2]", "[1,2]"),
        ("words", "{a,b}", r#"["a","b"]"#),
        ("day", "20240131", "2024-01-31"),
        ("zoned", "2024-01-31 11:00+01", "2024-01-31 10:00:00+00"),
    ] {
        let table = fixture.postgres.table("every").bytes::<String, Vec<u8>>(column).await.unwrap();
        let stored = store_one(&table, put("1".into(), given.into())).await.unwrap();
        assert_eq!(stored.value.unwrap(), shown.as_bytes(), "{column}");
    }
}
