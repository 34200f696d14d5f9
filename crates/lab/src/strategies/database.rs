//! The database behind the strategies, as the lab and its applications use it: one table, made at the
//! beginning and dropped at the end.
//!
//! The applications speak to it by the same client that larder has, so that what differs between two
//! rows of a report is the strategy.

mod address;
mod native;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use larder::journal::inspect;
use larder::source::{Change, Source, SourceError};
use tempfile::TempDir;
use tokio::runtime::{Handle, Runtime};

use crate::failure::{Failure, Result};
use crate::record::without_secrets;

use native::Native;

use super::observer::value;

/// The table of the lab.
const TABLE: &str = "larder_lab_strategies";

/// Where larder's write-behind keeps account of what has arrived.
const FENCE_TABLE: &str = "larder_fence";

/// Rows that are made in one transaction.
const ROWS_AT_ONCE: u64 = 2_000;

/// Threads that wait for answers of the database.
const WAITING_THREADS: usize = 2;

type Rows = Arc<dyn Source<String, Vec<u8>>>;

/// A database with the lab's table in it. Both are as before when this is dropped.
pub(super) struct Database {
    runtime: Runtime,
    native: Native,
    url: String,
    rows: Rows,
    counts: Arc<Counts>,
    had_fences: bool,
    /// Of the journals of write-behind; and of the database when it is the lab's own.
    folder: TempDir,
    is_removed: bool,
}

/// What applications have asked of the database themselves.
#[derive(Debug, Default)]
pub(super) struct Counts {
    reads: AtomicU64,
    writes: AtomicU64,
}

/// The table in the hands of one client.
pub(super) struct Table {
    handle: Handle,
    rows: Rows,
    counts: Arc<Counts>,
}

impl Database {
    /// Opens the database at `url`, or makes an SQLite file of its own, and makes the table.
    ///
    /// # Errors
    ///
    /// When there is a table of that name already: it may be somebody's.
    pub(super) fn open(url: Option<&str>, clients: usize) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("larder-lab-").tempdir();
        let folder = folder.map_err(|error| Failure::io("a temporary folder", error))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WAITING_THREADS)
            .enable_all()
            .build()
            .map_err(|error| Failure::io("the threads that speak to the database", error))?;
        let own = || format!("sqlite:{}", folder.path().join("lab.db").display());
        let url = url.map_or_else(|| Ok(own()), address::absolute)?;
        let (native, rows, had_fences) = runtime.block_on(make(&url, clients))?;
        let counts = Arc::default();
        Ok(Self { runtime, native, url, rows, counts, had_fences, folder, is_removed: false })
    }

    /// Makes rows for the keys from zero on, so many.
    pub(super) fn fill(&self, keys: u64) -> Result<()> {
        let table = self.observed();
        let mut first = 0;
        while first < keys {
            let last = keys.min(first + ROWS_AT_ONCE);
            table.store((first..last).map(|key| (key, value(0, 0))))?;
            first = last;
        }
        Ok(())
    }

    /// The table for one client of an application.
    pub(super) fn table(&self) -> Table {
        self.handed_out(self.counts.clone())
    }

    /// The table for somebody whose questions are not counted.
    pub(super) fn observed(&self) -> Table {
        self.handed_out(Arc::default())
    }

    fn handed_out(&self, counts: Arc<Counts>) -> Table {
        Table { handle: self.runtime.handle().clone(), rows: self.rows.clone(), counts }
    }

    /// What applications have read and written themselves.
    pub(super) fn asked(&self) -> (u64, u64) {
        let Counts { reads, writes } = &*self.counts;
        (reads.load(Ordering::Relaxed), writes.load(Ordering::Relaxed))
    }

    /// The table's name.
    pub(super) fn table_name(&self) -> &'static str {
        TABLE
    }

    /// The part of larder's configuration that says where the database is.
    pub(super) fn source_section(&self) -> String {
        // What is escaped for JSON is escaped for TOML.
        let url = serde_json::Value::from(self.url.as_str());
        format!("[sources.main]\nurl = {url}\n")
    }

    /// The kind of database and where it is, without what is secret.
    pub(super) fn place(&self) -> String {
        match self.url.strip_prefix("sqlite:").map(Path::new) {
            Some(file) if file.starts_with(self.folder.path()) => "an SQLite file".to_owned(),
            _ => without_secrets(&self.url),
        }
    }

    /// A folder for a journal of write-behind, which larder makes.
    pub(super) fn journal(&self, scene: u32) -> PathBuf {
        self.folder.path().join(JOURNALS).join(scene.to_string())
    }

    /// Removes the journals that are left, and what the database remembers of them. Nobody uses them any
    /// more.
    pub(super) fn clear_journals(&self) -> Result<()> {
        let folder = self.folder.path().join(JOURNALS);
        let Ok(journals) = fs::read_dir(&folder) else { return Ok(()) };
        for journal in journals.flatten() {
            // One whose larder was killed before it had made it has left nothing in the database.
            if let Ok(inspection) = inspect(journal.path(), |_| ()) {
                let identity = inspection.identity;
                let sql = format!("DELETE FROM {FENCE_TABLE} WHERE journal = '{identity}'");
                self.run(&sql)?;
            }
        }
        fs::remove_dir_all(&folder).map_err(|error| Failure::io("the journals", error))
    }

    /// Drops all that the lab has made in the database.
    pub(super) fn remove(mut self) -> Result<()> {
        self.clear()
    }

    fn clear(&mut self) -> Result<()> {
        self.is_removed = true;
        let journals = self.clear_journals();
        self.run(&format!("DROP TABLE IF EXISTS {TABLE}"))?;
        journals?;
        if self.has_table(FENCE_TABLE)? && !self.had_fences && self.has_no_fences()? {
            self.run(&format!("DROP TABLE {FENCE_TABLE}"))?;
        }
        Ok(())
    }

    fn has_table(&self, name: &str) -> Result<bool> {
        self.runtime.block_on(self.native.has_table(name))
    }

    fn has_no_fences(&self) -> Result<bool> {
        let count = format!("SELECT count(*) FROM {FENCE_TABLE}");
        Ok(self.runtime.block_on(self.native.number(count))? == 0)
    }

    fn run(&self, sql: &str) -> Result<()> {
        self.runtime.block_on(self.native.run(sql.to_owned()))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.is_removed {
            return;
        }
        // Something failed before: that is what the person is told, and this beside it.
        if let Err(failure) = self.clear() {
            eprintln!("larder: the table {TABLE} may be left: {failure}");
        }
    }
}

impl Table {
    /// The value of a key.
    pub(super) fn read(&self, key: u64) -> Result<Option<Vec<u8>>> {
        self.counts.reads.fetch_add(1, Ordering::Relaxed);
        let loaded = self.handle.block_on(self.rows.load(vec![key.to_string()]));
        let found = loaded.map_err(failed)?.pop();
        found.unwrap_or(Ok(None)).map_err(failed)
    }

    /// Gives a key a value.
    pub(super) fn write(&self, key: u64, value: Vec<u8>) -> Result<()> {
        self.counts.writes.fetch_add(1, Ordering::Relaxed);
        self.store([(key, value)])
    }

    fn store(&self, rows: impl IntoIterator<Item = (u64, Vec<u8>)>) -> Result<()> {
        let change = |(key, value): (u64, _)| Change { key: key.to_string(), value: Some(value) };
        let changes = rows.into_iter().map(change).collect();
        self.handle.block_on(self.rows.store(changes)).map(drop).map_err(failed)
    }
}

/// The folder of the journals, in the lab's own.
const JOURNALS: &str = "journals";

/// Connects, makes the table, and says whether fences were there before.
async fn make(url: &str, clients: usize) -> Result<(Native, Rows, bool)> {
    let native = Native::open(url, clients).await?;
    if native.has_table(TABLE).await? {
        return Err(Failure::misuse(format!(
            "there is a table {TABLE} in {} already: drop it if it is left from a run that was \
             broken off",
            without_secrets(url)
        )));
    }
    let had_fences = native.has_table(FENCE_TABLE).await?;
    native.ensure_table(TABLE).await?;
    let rows = native.rows(TABLE).await?;
    Ok((native, rows, had_fences))
}

fn failed(error: SourceError) -> Failure {
    Failure::run(format!("the database: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("shop.db").display());
        (folder, url)
    }

    #[test]
    fn what_is_written_is_read_and_counted() {
        let database = Database::open(None, 2).unwrap();
        database.fill(2 * ROWS_AT_ONCE + 1).unwrap();
        assert_eq!(database.asked(), (0, 0));
        let table = database.table();
        assert_eq!(table.read(2 * ROWS_AT_ONCE).unwrap(), Some(value(0, 0)));
        assert_eq!(table.read(2 * ROWS_AT_ONCE + 1).unwrap(), None);
        table.write(7, value(1, 2)).unwrap();
        assert_eq!(database.observed().read(7).unwrap(), Some(value(1, 2)));
        assert_eq!(database.asked(), (2, 1));
        assert_eq!(database.place(), "an SQLite file");
        database.remove().unwrap();
    }

    #[test]
    fn a_table_that_is_there_is_left_alone() {
        let (_folder, url) = file();
        let first = Database::open(Some(&url), 1).unwrap();
        let refusal = Database::open(Some(&url), 1).err().unwrap();
        assert!(matches!(refusal, Failure::Misuse(_)), "{refusal}");
        assert!(refusal.to_string().contains(TABLE), "{refusal}");
        assert!(first.has_table(TABLE).unwrap());
    }

    #[test]
    fn nothing_is_left_after_a_run_or_a_failure() {
        let (_folder, url) = file();
        Database::open(Some(&url), 1).unwrap().remove().unwrap();
        drop(Database::open(Some(&url), 1).unwrap());
        let database = Database::open(Some(&url), 1).unwrap();
        assert!(!database.has_table(FENCE_TABLE).unwrap());
    }

    #[test]
    fn fences_of_others_stay() {
        let (_folder, url) = file();
        let database = Database::open(Some(&url), 1).unwrap();
        let make = format!("CREATE TABLE {FENCE_TABLE} (journal TEXT)");
        database.run(&make).unwrap();
        database.run(&format!("INSERT INTO {FENCE_TABLE} VALUES ('another')")).unwrap();
        drop(database);
        let database = Database::open(Some(&url), 1).unwrap();
        assert!(database.has_table(FENCE_TABLE).unwrap());
        database.run(&format!("DELETE FROM {FENCE_TABLE}")).unwrap();
        drop(database);
        let database = Database::open(Some(&url), 1).unwrap();
        assert!(database.has_table(FENCE_TABLE).unwrap(), "it was there before");
    }
}
