//! How the databases differ, as data.

use larder::source::row::Cell;

/// A database's own words.
pub(crate) struct Dialect {
    pub(crate) name: &'static str,
    /// What a name is quoted with.
    pub(crate) quote: char,
    /// A type for text in a key, compared byte by byte.
    pub(crate) key_text: &'static str,
    /// A type for bytes in a key.
    pub(crate) key_bytes: &'static str,
    /// Large text.
    pub(crate) text: &'static str,
    pub(crate) integer: &'static str,
    /// A trigger that counts the changes of a row of `counted` in its column `changes`.
    pub(crate) counter: &'static str,
    /// Whether a column refuses what is not of its type.
    pub(crate) has_strict_types: bool,
    /// The types, each with values that have to come back as they were given.
    pub(crate) types: fn() -> Vec<Type>,
}

/// A column type and what it holds.
pub(crate) struct Type {
    pub(crate) declared: &'static str,
    pub(crate) cells: Vec<Cell>,
}

impl Dialect {
    /// A name as this database quotes it.
    pub(crate) fn quoted(&self, name: &str) -> String {
        let quote = self.quote;
        format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")))
    }
}

pub(crate) const SQLITE: Dialect = Dialect {
    name: "sqlite",
    quote: '"',
    key_text: "TEXT",
    key_bytes: "BLOB",
    text: "TEXT",
    integer: "INTEGER",
    counter: "CREATE TRIGGER count_changes AFTER UPDATE OF value ON counted BEGIN \
              UPDATE counted SET changes = changes + 1 WHERE id = new.id; END",
    has_strict_types: false,
    types: sqlite_types,
};

#[cfg(feature = "postgres")]
pub(crate) const POSTGRES: Dialect = Dialect {
    name: "postgres",
    quote: '"',
    key_text: "text",
    key_bytes: "bytea",
    text: "text",
    integer: "bigint",
    counter: "CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS \
              'BEGIN new.changes := old.changes + 1; RETURN new; END'; \
              CREATE TRIGGER count_changes BEFORE UPDATE ON counted \
              FOR EACH ROW EXECUTE FUNCTION count_change()",
    has_strict_types: true,
    types: postgres_types,
};

#[cfg(feature = "mysql")]
pub(crate) const MARIADB: Dialect = Dialect {
    name: "mariadb",
    quote: '`',
    key_text: "varchar(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    key_bytes: "varbinary(200)",
    text: "longtext",
    integer: "bigint",
    counter: "CREATE TRIGGER count_changes BEFORE UPDATE ON counted \
              FOR EACH ROW SET new.changes = old.changes + 1",
    has_strict_types: true,
    types: mariadb_types,
};

fn integers(values: &[i64]) -> Vec<Cell> {
    values.iter().copied().map(Cell::Integer).collect()
}

fn reals(values: &[f64]) -> Vec<Cell> {
    values.iter().copied().map(Cell::Real).collect()
}

fn texts(values: &[&str]) -> Vec<Cell> {
    values.iter().map(|value| Cell::Text((*value).into())).collect()
}

fn blobs(values: &[&[u8]]) -> Vec<Cell> {
    values.iter().map(|value| Cell::Blob((*value).into())).collect()
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn decimals(values: &[&str]) -> Vec<Cell> {
    values.iter().map(|value| Cell::Decimal((*value).into())).collect()
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn documents(values: &[&str]) -> Vec<Cell> {
    values.iter().map(|value| Cell::Json((*value).into())).collect()
}

const EDGES: [f64; 6] = [0.0, -0.5, 0.1, f64::MAX, f64::MIN_POSITIVE, -1e-300];
const LETTERS: [&str; 6] = ["", "tea", "ü \"'`\\ %_", "日本語", "🫖", " spaces at both ends "];
const OCTETS: [&[u8]; 4] = [b"", b"\0", b"\xff\xfe", b"text"];

fn sqlite_types() -> Vec<Type> {
    vec![
        Type { declared: "INTEGER", cells: integers(&[i64::MIN, -1, 0, 1, i64::MAX]) },
        Type { declared: "REAL", cells: [reals(&EDGES), reals(&[f64::INFINITY])].concat() },
        Type { declared: "TEXT", cells: texts(&LETTERS) },
        Type { declared: "BLOB", cells: blobs(&OCTETS) },
    ]
}

#[cfg(feature = "postgres")]
fn postgres_types() -> Vec<Type> {
    vec![
        Type { declared: "smallint", cells: integers(&[i16::MIN.into(), 0, i16::MAX.into()]) },
        Type { declared: "integer", cells: integers(&[i32::MIN.into(), 0, i32::MAX.into()]) },
        Type { declared: "bigint", cells: integers(&[i64::MIN, -1, 0, 1, i64::MAX]) },
        Type { declared: "real", cells: reals(&[0.0, 0.1, -2.5]) },
        Type {
            declared: "double precision",
            cells: [reals(&EDGES), reals(&[f64::INFINITY])].concat(),
        },
        Type {
            declared: "numeric",
            cells: decimals(&["0", "-0.10", "12345678901234567890.12345"]),
        },
        Type { declared: "numeric(10,2)", cells: decimals(&["0.00", "-99999999.99"]) },
        Type { declared: "boolean", cells: vec![Cell::Boolean(true), Cell::Boolean(false)] },
        Type { declared: "text", cells: texts(&LETTERS) },
        Type { declared: "varchar(40)", cells: texts(&LETTERS) },
        Type { declared: "bytea", cells: blobs(&OCTETS) },
        Type { declared: "json", cells: documents(&[r#"{"b":1,"a":[null,true]}"#, "7"]) },
        Type { declared: "jsonb", cells: documents(&["7", "[]", "null"]) },
        Type { declared: "date", cells: texts(&["2024-02-29", "0001-01-01", "9999-12-31"]) },
        Type { declared: "time", cells: texts(&["00:00:00", "23:59:59.5", "12:00:00.000001"]) },
        Type {
            declared: "timestamp",
            cells: texts(&["2024-02-29 23:59:59.5", "0001-01-01 00:00:00"]),
        },
        Type { declared: "uuid", cells: texts(&["0123abcd-0000-4000-8000-0123456789ab"]) },
        Type { declared: "bigint[]", cells: documents(&["[1,2,null]", "[]"]) },
        Type { declared: "text[]", cells: documents(&[r#"["a","b \"c\"",null]"#]) },
    ]
}

#[cfg(feature = "mysql")]
fn mariadb_types() -> Vec<Type> {
    vec![
        Type { declared: "tinyint", cells: integers(&[i8::MIN.into(), 0, i8::MAX.into()]) },
        Type { declared: "boolean", cells: integers(&[0, 1]) },
        Type { declared: "smallint unsigned", cells: integers(&[0, u16::MAX.into()]) },
        Type { declared: "mediumint", cells: integers(&[-8_388_608, 8_388_607]) },
        Type { declared: "int", cells: integers(&[i32::MIN.into(), 0, i32::MAX.into()]) },
        Type { declared: "bigint", cells: integers(&[i64::MIN, -1, 0, 1, i64::MAX]) },
        Type { declared: "bigint unsigned", cells: decimals(&["0", "18446744073709551615"]) },
        Type { declared: "bit(9)", cells: integers(&[0, 258, 511]) },
        Type { declared: "year", cells: integers(&[1901, 2155]) },
        Type { declared: "float", cells: reals(&[0.0, 0.1, -2.5]) },
        Type { declared: "double", cells: reals(&EDGES) },
        Type { declared: "decimal(38,10)", cells: decimals(&["0.0000000000", "-1.5000000000"]) },
        Type {
            declared: "decimal(65,0)",
            cells: decimals(&["99999999999999999999999999999999999999999999999999999999999999999"]),
        },
        Type { declared: "varchar(40) CHARACTER SET utf8mb4", cells: texts(&LETTERS) },
        Type { declared: "longtext CHARACTER SET utf8mb4", cells: texts(&LETTERS) },
        Type { declared: "enum('small', 'large')", cells: texts(&["small", "large"]) },
        Type { declared: "set('a', 'b')", cells: texts(&["", "a", "a,b"]) },
        Type { declared: "varbinary(20)", cells: blobs(&OCTETS) },
        Type { declared: "longblob", cells: blobs(&OCTETS) },
        Type { declared: "json", cells: documents(&[r#"{"b":1,"a":[null,true]}"#, "7"]) },
        Type { declared: "date", cells: texts(&["2024-02-29", "1000-01-01", "9999-12-31"]) },
        Type { declared: "time", cells: texts(&["00:00:00", "23:59:59", "-838:59:59"]) },
        Type { declared: "time(6)", cells: texts(&["23:59:59.5", "12:00:00.000001"]) },
        Type { declared: "datetime", cells: texts(&["2024-02-29 23:59:59"]) },
        Type { declared: "datetime(6)", cells: texts(&["2024-02-29 23:59:59.5"]) },
        Type { declared: "timestamp NULL", cells: texts(&["2024-02-29 23:59:59"]) },
        Type { declared: "uuid", cells: texts(&["0123abcd-0000-4000-8000-0123456789ab"]) },
    ]
}
