//! What a table looks like, and whether it can be a source.

use tokio_postgres::types::Oid;

use super::native::{Form, Native};
use super::session::Session;
use super::statement::quoted;
use crate::source::SourceError;
use crate::source::error::misconfigured;
use crate::source::row::Column;
use crate::source::table::{self, TableSpec, existing, not_unique};

/// A table as PostgreSQL describes it.
pub(super) type Layout = table::Layout<Native>;

type Described = table::Described<Native>;

/// A table that was found.
#[derive(Debug)]
pub(super) struct Found {
    oid: Oid,
    /// Its name, with its schema where it is not found without.
    pub(super) name: Box<str>,
    /// Its name in SQL.
    pub(super) quoted: Box<str>,
    /// Whether rows compete for more than one key each: it has several unique indexes.
    pub(super) is_contested: bool,
}

/// Looks the table up. Every way in which it does not fit is
/// [`SourceErrorKind::Misconfigured`](crate::source::SourceErrorKind) and says what exists.
pub(super) async fn inspect(
    session: &Session,
    spec: &TableSpec,
) -> Result<(Layout, Found), SourceError> {
    let found = find_table(session, &spec.table).await?;
    let described = describe(session, &found).await?;
    let layout = Layout::choose(&found.name, &described, spec)?;
    refuse_strange_keys(&layout)?;
    require_unique(session, &found, &layout.key_names()).await?;
    Ok((layout, found))
}

/// The relation of that name, whatever it is; the name may have a schema before it.
async fn relation(session: &Session, name: &str) -> Result<Option<(Found, String)>, SourceError> {
    const SQL: &str = "\
        SELECT c.oid, c.relname::text, n.nspname::text, c.relkind::text, pg_table_is_visible(c.oid), \
          (SELECT count(*) > 1 FROM pg_index \
           WHERE indrelid = c.oid AND (indisunique OR indisexclusion)) \
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') \
          AND ((c.relname::text = $1::text AND pg_table_is_visible(c.oid)) \
            OR n.nspname::text || '.' || c.relname::text = $1::text) \
        ORDER BY 5 DESC LIMIT 1";
    if name.contains('\0') {
        return Err(misconfigured(format!("{name:?} is no table name: it contains a NUL")));
    }
    let rows = session.query(SQL, &[&name]).await?;
    Ok(rows.first().map(|row| {
        let (table, schema): (&str, &str) = (row.get(1), row.get(2));
        let shown = if row.get(4) { table.to_owned() } else { format!("{schema}.{table}") };
        let quoted = format!("{}.{}", quoted(schema), quoted(table));
        let (name, quoted) = (shown.into(), quoted.into());
        (Found { oid: row.get(0), name, quoted, is_contested: row.get(5) }, row.get(3))
    }))
}

/// Whether there is a relation of that name.
pub(super) async fn exists(session: &Session, name: &str) -> Result<bool, SourceError> {
    Ok(relation(session, name).await?.is_some())
}

async fn find_table(session: &Session, name: &str) -> Result<Found, SourceError> {
    let kind = match relation(session, name).await? {
        None => {
            let tables = tables(session).await?;
            let existing = existing(name, tables.iter().map(String::as_str));
            return Err(misconfigured(format!("there is no table {name:?}; {existing}")));
        }
        Some((found, kind)) => match &*kind {
            "r" | "p" => return Ok(found),
            "v" => "view",
            "m" => "materialized view",
            _ => "foreign table",
        },
    };
    Err(misconfigured(format!("{name:?} is a {kind}; a source needs an ordinary table")))
}

async fn tables(session: &Session) -> Result<Vec<String>, SourceError> {
    const SQL: &str = "\
        SELECT CASE WHEN pg_table_is_visible(c.oid) THEN '' ELSE n.nspname || '.' END || c.relname \
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition \
          AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' ORDER BY 1";
    let rows = session.query(SQL, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// A domain stands for the type that it is made of, except in casts.
async fn describe(session: &Session, table: &Found) -> Result<Vec<Described>, SourceError> {
    const SQL: &str = "\
        WITH RECURSIVE base AS ( \
          SELECT attnum, atttypid AS type, attnotnull AS strict FROM pg_attribute \
          WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped \
          UNION ALL \
          SELECT b.attnum, t.typbasetype, b.strict OR t.typnotnull FROM base b \
          JOIN pg_type t ON t.oid = b.type AND t.typtype = 'd') \
        SELECT a.attname::text, format_type(a.atttypid, -1), NOT b.strict, \
          a.attgenerated <> '' OR a.attidentity = 'a', \
          coalesce(array_position((i.indkey::int2[])[0:i.indnkeyatts - 1], a.attnum), 0)::bigint, t.typname::text, \
          CASE WHEN t.typcategory = 'A' THEN e.typname::text END \
        FROM pg_attribute a \
        JOIN base b USING (attnum) JOIN pg_type t ON t.oid = b.type AND t.typtype <> 'd' \
        LEFT JOIN pg_type e ON e.oid = t.typelem \
        LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary \
        WHERE a.attrelid = $1::oid AND NOT a.attisdropped ORDER BY a.attnum";
    let rows = session.query(SQL, &[&table.oid]).await?;
    Ok(rows.iter().map(described).collect())
}

fn described(row: &tokio_postgres::Row) -> Described {
    let (name, cast, kind, element): (&str, &str, &str, Option<&str>) =
        (row.get(0), row.get(1), row.get(5), row.get(6));
    let form = Form::of(kind, element);
    let column = Column { name: name.into(), kind: form.column_type(), nullable: row.get(2) };
    let native = Native { cast: cast.into(), form };
    Described { column, native, generated: row.get(3), primary: row.get(4) }
}

fn refuse_strange_keys(layout: &Layout) -> Result<(), SourceError> {
    match layout.key.iter().find(|key| !key.native.form.is_key()) {
        Some(key) => {
            let (name, cast, table) = (&key.name, &key.native.cast, &layout.table);
            let sentence = format!(
                "the key column {name:?} of table {table:?} is of type {cast}, which has no one text"
            );
            Err(misconfigured(sentence))
        }
        None => Ok(()),
    }
}

/// An index that is checked at the end of a transaction does not tell an insert that there is a row,
/// and one over a collation that folds case would give one row two keys.
async fn require_unique(session: &Session, table: &Found, key: &[&str]) -> Result<(), SourceError> {
    const SQL: &str = "\
        SELECT array_agg(a.attname::text ORDER BY a.attname::text) FROM pg_index i \
        CROSS JOIN LATERAL generate_series(0, i.indnkeyatts - 1) AS p(at) \
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p.at] \
        LEFT JOIN pg_collation c ON c.oid = i.indcollation[p.at] \
        WHERE i.indrelid = $1::oid AND i.indisunique AND i.indisvalid AND i.indimmediate \
          AND i.indpred IS NULL AND i.indexprs IS NULL \
        GROUP BY i.indexrelid HAVING bool_and(coalesce(c.collisdeterministic, true))";
    let rows = session.query(SQL, &[&table.oid]).await?;
    let mut wanted = key.to_vec();
    wanted.sort_unstable();
    let is_over = |row: &tokio_postgres::Row| {
        let mut names: Vec<&str> = row.get(0);
        names.sort_unstable();
        names == wanted
    };
    match rows.iter().any(is_over) {
        true => Ok(()),
        false => Err(not_unique(&table.name, key, &unique_index(table, key))),
    }
}

fn unique_index(table: &Found, names: &[&str]) -> String {
    let columns = names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    format!("CREATE UNIQUE INDEX ON {} ({columns})", table.quoted)
}
