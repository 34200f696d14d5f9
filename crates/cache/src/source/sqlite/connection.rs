//! Opening connections to one file.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, MAIN_DB, OpenFlags};

use super::error::{misconfigured, opening};
use super::options::{Durability, SqliteOptions};
use crate::source::SourceError;

/// Statements kept prepared on each connection: a few shapes for each of some dozens of tables.
const STATEMENTS_KEPT: usize = 256;

/// Pages that each connection keeps in memory. (Mapping the file instead would turn its truncation
/// by another program into a signal.)
const PAGES_KEPT_KIB: i64 = 8 << 10;

/// What the write-ahead log is cut back to once its pages are in the file.
const LOG_BYTES_KEPT: u32 = 64 << 20;

/// The path as SQLite is to see it: absolute, so that no name is taken for a URI or for a database
/// in memory.
pub(super) fn resolve(path: &Path, options: &SqliteOptions) -> Result<PathBuf, SourceError> {
    let shown = path.display();
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return Err(misconfigured(format!("{shown:?} is no file, and SQLite needs one here")));
    }
    let path = std::path::absolute(path)
        .map_err(|error| misconfigured(format!("the path {shown} cannot be resolved: {error}")))?;
    if path.is_dir() {
        return Err(misconfigured(format!("{shown} is a folder, not an SQLite file")));
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    if !folder.is_dir() {
        let folder = folder.display();
        return Err(misconfigured(format!("the folder {folder} of {shown} does not exist")));
    }
    if !options.create && !path.exists() {
        return Err(misconfigured(format!("the SQLite file {shown} does not exist")));
    }
    Ok(path)
}

/// The connection that writes. It turns the file to WAL mode.
pub(super) fn writer(path: &Path, options: &SqliteOptions) -> Result<Connection, SourceError> {
    let connection = connect(path, options).map_err(|error| opening(path, &error))?;
    let is_read_only = connection.is_readonly(MAIN_DB).map_err(|error| opening(path, &error))?;
    if is_read_only {
        return Err(misconfigured(format!("the SQLite file {} is read-only", path.display())));
    }
    connection
        .pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)
        .map_err(|error| opening(path, &error))?;
    let mode = turn_to_wal(&connection).map_err(|error| opening(path, &error))?;
    if mode != "wal" {
        let path = path.display();
        return Err(misconfigured(format!("the SQLite file {path} cannot use WAL, only {mode}")));
    }
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn reader(path: &Path, options: &SqliteOptions) -> Result<Connection, SourceError> {
    let query_only = |connection: Connection| {
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    };
    connect(path, options).and_then(query_only).map_err(|error| opening(path, &error))
}

fn connect(path: &Path, options: &SqliteOptions) -> rusqlite::Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, options.create);
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    let synchronous = match options.durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -PAGES_KEPT_KIB)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // SQLite reads the file no sooner than the first statement needs it.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

fn turn_to_wal(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
}
