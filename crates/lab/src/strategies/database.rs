//! The database behind the strategies, as the lab and its applications use it: one table, made at the
//! beginning and dropped at the end.
//!
//! The applications speak to it by the same client that larder has, so that what differs between two
//! rows of a report is the strategy.

mod address;
mod native;

use std::fs;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use larder::journal::inspect;
use larder::source::{Change, Source, SourceError};
use tempfile::TempDir;
use tokio::runtime::{Handle, Runtime};

use crate::failure::{Failure, Result};
use crate::interruption;

use address::Address;
use native::Native;

use super::observer::value;

/// The table of the lab.
const TABLE: &str = "larder_lab_strategies";

/// Where larder's write-behind keeps account of what has arrived.
const FENCE_TABLE: &str = "larder_fence";

/// Rows that are made or removed in one transaction.
const ROWS_AT_ONCE: u64 = 2_000;

/// Nobody else may look into the folder of the lab.
const PRIVATE: u32 = 0o700;

/// Threads that wait for answers of the database.
const WAITING_THREADS: usize = 2;

type Rows = Arc<dyn Source<String, Vec<u8>>>;

/// A database with the lab's table in it, which is dropped with this; an SQLite file that was not there before
/// goes too. One that was there stays in WAL mode, which the applications need.
pub(super) struct Database {
    runtime: Runtime,
    native: Native,
    address: Address,
    rows: Rows,
    counts: Arc<Counts>,
    had_fences: bool,
    /// How many keys have rows before anything is measured.
    filled: AtomicU64,
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
        let folder = tempfile::Builder::new()
            .prefix("larder-lab-")
            .permissions(fs::Permissions::from_mode(PRIVATE))
            .tempdir();
        let folder = folder.map_err(|error| Failure::io("a temporary folder", error))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WAITING_THREADS)
            .enable_all()
            .build()
            .map_err(|error| Failure::io("the threads that speak to the database", error))?;
        let address = Address::of(url, folder.path())?;
        let (native, rows, had_fences) = runtime.block_on(make(&address, clients))?;
        let (counts, filled) = Default::default();
        Ok(Self {
            runtime,
            native,
            address,
            rows,
            counts,
            had_fences,
            filled,
            folder,
            is_removed: false,
        })
    }

    /// Makes rows for the keys from zero on, so many.
    pub(super) fn fill(&self, keys: u64) -> Result<()> {
        let table = self.observed();
        self.filled.store(keys, Ordering::Relaxed);
        in_batches(0..keys, |keys| table.change(keys.map(|key| (key, Some(value(0, 0))))))
    }

    /// Removes the rows of the keys from those that were [filled](Self::fill) up to `end`, which it does not
    /// include.
    pub(super) fn trim(&self, end: u64) -> Result<()> {
        let table = self.observed();
        let first = self.filled.load(Ordering::Relaxed);
        in_batches(first..end, |keys| table.change(keys.map(|key| (key, None))))
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
        let url = serde_json::Value::from(self.address.url.as_str());
        format!("[sources.main]\nurl = {url}\n")
    }

    /// Where it is, as the person gave it, without what is secret.
    pub(super) fn place(&self) -> &str {
        &self.address.shown
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
        // A larder that failed early has made a journal and no fences.
        let has_fences = self.has_table(FENCE_TABLE)?;
        for journal in journals.flatten() {
            // One whose larder was killed before it had made it has left nothing in the database.
            if has_fences && let Ok(inspection) = inspect(journal.path(), |_| ()) {
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
        let is_empty = self.address.new_file.is_some() && !self.has_any_table()?;
        if let Some(file) = &mut self.address.new_file {
            file.is_empty = is_empty;
        }
        Ok(())
    }

    /// Of a file.
    fn has_any_table(&self) -> Result<bool> {
        let count = "SELECT count(*) FROM sqlite_schema".to_owned();
        Ok(self.runtime.block_on(self.native.number(count))? > 0)
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
        self.change([(key, Some(value))])
    }

    /// Gives keys values, or none.
    fn change(&self, rows: impl IntoIterator<Item = (u64, Option<Vec<u8>>)>) -> Result<()> {
        let change = |(key, value): (u64, _)| Change { key: key.to_string(), value };
        let changes = rows.into_iter().map(change).collect();
        self.handle.block_on(self.rows.store(changes)).map(drop).map_err(failed)
    }
}

/// Does something for all keys, [`ROWS_AT_ONCE`] at a time, unless the run is broken off.
fn in_batches(keys: Range<u64>, mut work: impl FnMut(Range<u64>) -> Result<()>) -> Result<()> {
    let mut first = keys.start;
    while first < keys.end {
        interruption::check()?;
        let last = keys.end.min(first + ROWS_AT_ONCE);
        work(first..last)?;
        first = last;
    }
    Ok(())
}

/// The folder of the journals, in the lab's own.
const JOURNALS: &str = "journals";

/// Connects, makes the table, and says whether fences were there before.
async fn make(address: &Address, clients: usize) -> Result<(Native, Rows, bool)> {
    let native = Native::open(&address.url, clients).await?;
    if native.has_table(TABLE).await? {
        return Err(Failure::misuse(format!(
            "there is a table {TABLE} in {} already: drop it if it is left from a run that was \
             broken off",
            address.shown
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
mod tests;
