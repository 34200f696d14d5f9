//! What a table looks like, and whether it can be a source.

use std::collections::{BTreeMap, HashSet};

use mysql_async::prelude::FromRow;
use mysql_async::{Value, from_row_opt};

use super::error::misconfigured;
use super::native::{Collation, Native};
use super::session::Session;
use super::statement::quoted;
use crate::source::row::Column;
use crate::source::table::{self, TableSpec, existing, not_unique};
use crate::source::{SourceError, SourceErrorKind};

type Described = table::Described<Native>;

/// A table as the server describes it.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) table: table::Layout<Native>,
    /// Whether one statement may insert a row or change it, whichever is needed. It may not where
    /// another unique index than the key's could make it change a row of another key, nor where a
    /// trigger for new rows would see one that is not new.
    pub(super) can_upsert: bool,
    /// The positions of the value's columns that such a statement has to name, because the server
    /// looks at the row as it would be if it were new. `None` when it has to name one that is not the
    /// value's.
    pub(super) required: Option<Vec<usize>>,
}

impl Layout {
    /// Looks the table up. Every way in which it does not fit is
    /// [`SourceErrorKind::Misconfigured`] and says what exists.
    pub(super) async fn inspect(
        session: &mut Session,
        spec: &TableSpec,
    ) -> Result<Self, SourceError> {
        let name = find_table(session, &spec.table).await?;
        let answered = answered_columns(session, &name).await?;
        let documents = documents(session, &name).await?;
        let described: Vec<_> =
            answered.iter().map(|answered| answered.described(&documents)).collect();
        let table = table::Layout::choose(&name, &described, spec)?;
        require_exact(&table, &answered)?;
        let unique = unique_indexes(session, &name).await?;
        let names = table.key_names();
        let is_key = |index: &UniqueIndex| index.is_over(&names);
        if !unique.iter().any(is_key) {
            return Err(not_unique(&name, &names, &unique_index(&name, &names)));
        }
        let can_upsert = unique.iter().all(is_key) && !has_insert_trigger(session, &name).await?;
        let required = required(&table, &answered, has_checks(session, &name).await?);
        Ok(Self { table, can_upsert, required })
    }
}

/// What has no default, and where rows are checked, everything: a check of several columns holds for
/// the row that is there, not for one of a few values and many defaults.
fn required(
    table: &table::Layout<Native>,
    answered: &[Answered],
    has_checks: bool,
) -> Option<Vec<usize>> {
    let keys = table.key_names();
    let is_required = |column: &&Answered| {
        !column.generated && (has_checks || !(column.nullable || column.has_default))
    };
    let required = answered.iter().filter(is_required);
    let beside = required.filter(|column| !keys.contains(&&*column.name));
    beside.map(|column| table.columns.position(&column.name)).collect()
}

async fn has_checks(session: &mut Session, table: &str) -> Result<bool, SourceError> {
    let sql = "SELECT COUNT(*) FROM information_schema.TABLE_CONSTRAINTS \
               WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? COLLATE utf8mb4_bin \
               AND CONSTRAINT_TYPE = 'CHECK'";
    let checks: Vec<(u64,)> = ask(session, sql, &[table]).await?;
    Ok(checks.iter().any(|(count,)| *count > 0))
}

async fn has_insert_trigger(session: &mut Session, table: &str) -> Result<bool, SourceError> {
    let sql = "SELECT COUNT(*) FROM information_schema.TRIGGERS \
               WHERE EVENT_OBJECT_SCHEMA = DATABASE() \
               AND EVENT_OBJECT_TABLE = ? COLLATE utf8mb4_bin \
               AND EVENT_MANIPULATION = 'INSERT' AND ACTION_TIMING = 'BEFORE'";
    let triggers: Vec<(u64,)> = ask(session, sql, &[table]).await?;
    Ok(triggers.iter().any(|(count,)| *count > 0))
}

async fn find_table(session: &mut Session, name: &str) -> Result<String, SourceError> {
    let sql = "SELECT TABLE_NAME, TABLE_TYPE, COALESCE(ENGINE, '') FROM information_schema.TABLES \
               WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? \
               ORDER BY TABLE_NAME = ? COLLATE utf8mb4_bin DESC LIMIT 1";
    let found: Vec<(String, String, String)> = ask(session, sql, &[name, name]).await?;
    let Some((found, kind, engine)) = found.into_iter().next() else {
        let sql = "SELECT TABLE_NAME FROM information_schema.TABLES \
                   WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME";
        let tables: Vec<(String,)> = ask(session, sql, &[]).await?;
        let existing = existing(name, tables.iter().map(|(table,)| table.as_str()));
        return Err(misconfigured(format!("there is no table {name:?}; {existing}")));
    };
    if kind.contains("VIEW") {
        let kind = kind.to_lowercase();
        return Err(misconfigured(format!("{name:?} is a {kind}; a source needs a table")));
    }
    if !engine.eq_ignore_ascii_case("InnoDB") {
        let table = quoted(&found);
        return Err(misconfigured(format!(
            "table {found:?} is kept by {engine}, which knows no transactions; \
             run: ALTER TABLE {table} ENGINE = InnoDB"
        )));
    }
    Ok(found)
}

/// A column as the server tells of it.
struct Answered {
    name: String,
    data_type: String,
    /// The type as a statement has it.
    declared: String,
    nullable: bool,
    /// Whether the server has a value when nobody gives one.
    has_default: bool,
    collation: Option<String>,
    /// The digits of a decimal behind the point, or the bits of a field.
    digits: u32,
    /// The length of what has a fixed one.
    bytes: u64,
    generated: bool,
    primary: i64,
}

const COLUMNS: &str = "SELECT c.COLUMN_NAME AS name, LOWER(c.DATA_TYPE) AS data_type, \
     LOWER(c.COLUMN_TYPE) AS declared, c.IS_NULLABLE = 'YES' AS nullable, \
     c.COLUMN_DEFAULT IS NOT NULL OR c.EXTRA LIKE '%auto_increment%' AS has_default, \
     c.COLLATION_NAME AS collation, \
     CAST(COALESCE(c.NUMERIC_SCALE, c.NUMERIC_PRECISION, 0) AS UNSIGNED) AS digits, \
     CAST(COALESCE(c.CHARACTER_OCTET_LENGTH, 0) AS UNSIGNED) AS bytes, \
     COALESCE(c.GENERATION_EXPRESSION, '') <> '' AS `generated`, \
     CAST(COALESCE(k.SEQ_IN_INDEX, 0) AS SIGNED) AS `primary` \
     FROM information_schema.COLUMNS AS c LEFT JOIN information_schema.STATISTICS AS k \
     ON k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME \
     AND k.COLUMN_NAME = c.COLUMN_NAME AND k.INDEX_NAME = 'PRIMARY' \
     WHERE c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME = ? COLLATE utf8mb4_bin \
     ORDER BY c.ORDINAL_POSITION";

async fn answered_columns(
    session: &mut Session,
    table: &str,
) -> Result<Vec<Answered>, SourceError> {
    let rows = ask(session, COLUMNS, &[table]).await?;
    let columns = rows.into_iter().map(
        |(
            name,
            data_type,
            declared,
            nullable,
            has_default,
            collation,
            digits,
            bytes,
            generated,
            primary,
        )| Answered {
            name,
            data_type,
            declared,
            nullable,
            has_default,
            collation,
            digits,
            bytes,
            generated,
            primary,
        },
    );
    Ok(columns.collect())
}

impl Answered {
    fn described(&self, documents: &HashSet<String>) -> Described {
        let native = match self.native() {
            Native::Text(_) if documents.contains(&self.name) => Native::Json,
            native => native,
        };
        let (name, kind) = (self.name.as_str().into(), native.column_type());
        Described {
            column: Column { name, kind, nullable: self.nullable },
            native,
            generated: self.generated,
            primary: self.primary,
        }
    }

    fn native(&self) -> Native {
        let unsigned = self.declared.contains("unsigned");
        let integer = |bits| Native::Integer { bits, unsigned };
        match self.data_type.as_str() {
            "tinyint" => integer(8),
            "smallint" => integer(16),
            "mediumint" => integer(24),
            "int" => integer(32),
            "bigint" => integer(64),
            "year" => Native::Integer { bits: 16, unsigned: true },
            "bit" => Native::Bits(self.digits),
            "float" => Native::Float,
            "double" => Native::Double,
            "decimal" => Native::Decimal { scale: self.digits },
            "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => {
                Native::Text(self.collation())
            }
            // What is read from it never ends with a space.
            "char" => Native::Text(self.collation().padded()),
            "binary" => Native::Bytes { fixed: usize::try_from(self.bytes).ok() },
            "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => {
                Native::Bytes { fixed: None }
            }
            "json" => Native::Json,
            "date" => Native::Date,
            "time" => Native::Time,
            "datetime" | "timestamp" => Native::Timestamp,
            "uuid" => Native::Uuid,
            _ => Native::Other,
        }
    }

    fn collation(&self) -> Collation {
        Collation::of(self.collation.as_deref().unwrap_or_default())
    }

    /// Why it cannot be part of a key, and what to do.
    fn refusal(&self, table: &str) -> SourceError {
        let Self { name, declared, .. } = self;
        let Some(collation) = &self.collation else {
            let sentence =
                format!("column {name:?} of table {table:?}, {declared}, cannot be a key");
            return misconfigured(sentence);
        };
        let nullable = if self.nullable { "NULL" } else { "NOT NULL" };
        misconfigured(format!(
            "the key column {name:?} of table {table:?} compares by {collation}; a key has to be \
             compared byte by byte, or two keys would be one row; run: ALTER TABLE {} MODIFY {} \
             {declared} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin {nullable}",
            quoted(table),
            quoted(name),
        ))
    }
}

/// Two keys must never be one row.
fn require_exact(table: &table::Layout<Native>, answered: &[Answered]) -> Result<(), SourceError> {
    let inexact = table.key.iter().find(|column| !column.native.can_be_key());
    let Some(inexact) = inexact else { return Ok(()) };
    let column = answered.iter().find(|column| *column.name == *inexact.name);
    column.map_or(Ok(()), |column| Err(column.refusal(&table.table)))
}

/// The columns of text that MariaDB made of columns declared as JSON.
async fn documents(session: &mut Session, table: &str) -> Result<HashSet<String>, SourceError> {
    if !session.is_mariadb {
        return Ok(HashSet::new());
    }
    let sql = "SELECT CONSTRAINT_NAME FROM information_schema.CHECK_CONSTRAINTS \
               WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = ? COLLATE utf8mb4_bin \
               AND CHECK_CLAUSE = CONCAT('json_valid(`', CONSTRAINT_NAME, '`)')";
    let names: Vec<(String,)> = ask(session, sql, &[table]).await?;
    Ok(names.into_iter().map(|(name,)| name).collect())
}

struct UniqueIndex {
    columns: Vec<String>,
    /// Whether it is over whole columns, neither over their beginnings nor over an expression.
    whole: bool,
}

impl UniqueIndex {
    fn is_over(&self, names: &[&str]) -> bool {
        let has = |name: &&str| self.columns.iter().any(|column| column == name);
        self.whole && self.columns.len() == names.len() && names.iter().all(has)
    }
}

async fn unique_indexes(
    session: &mut Session,
    table: &str,
) -> Result<Vec<UniqueIndex>, SourceError> {
    let sql = "SELECT INDEX_NAME, COALESCE(COLUMN_NAME, ''), \
               COLUMN_NAME IS NOT NULL AND SUB_PART IS NULL \
               FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() \
               AND TABLE_NAME = ? COLLATE utf8mb4_bin AND NON_UNIQUE = 0";
    let parts: Vec<(String, String, bool)> = ask(session, sql, &[table]).await?;
    let mut indexes: BTreeMap<String, UniqueIndex> = BTreeMap::new();
    for (name, column, whole) in parts {
        let new = UniqueIndex { columns: Vec::new(), whole: true };
        let index = indexes.entry(name).or_insert(new);
        index.columns.push(column);
        index.whole &= whole;
    }
    Ok(indexes.into_values().collect())
}

fn unique_index(table: &str, names: &[&str]) -> String {
    let columns = names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let index = quoted(&format!("{table}_{}", names.join("_")));
    format!("CREATE UNIQUE INDEX {index} ON {} ({columns})", quoted(table))
}

async fn ask<T: FromRow>(
    session: &mut Session,
    sql: &str,
    words: &[&str],
) -> Result<Vec<T>, SourceError> {
    let values = words.iter().map(|word| Value::Bytes(word.as_bytes().to_vec())).collect();
    let rows = session.rows(sql, values).await?;
    let answers = rows.into_iter().map(|row| {
        from_row_opt(row).map_err(|error| {
            let sentence = format!("the MySQL server describes itself in an unknown way: {error}");
            SourceError::new(SourceErrorKind::Misconfigured, sentence)
        })
    });
    answers.collect()
}
