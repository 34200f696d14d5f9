//! The shared-memory tier: values of hits, where workers find them without the parent.
//!
//! It is a copy of some of what the memory tiers hold: whole keys of database 0, and the strings that
//! `GET` answers for them, in an LMDB in memory. Only the parent writes. Many processes read at once
//! without a lock between them, and each sees one state of it from the beginning of a look to its end.
//!
//! # How it stays true
//!
//! * A value is put there when a `GET` finds it in a memory tier, under a [`Lease`] from before that
//!   look. Before any change of a key, as the keyspace's observer is told of it, the leases of its
//!   stripe are void and the value is taken out. Both are done under one lock, so a value that was read
//!   before a change cannot be put there after it. While the change goes on there is no lease.
//! * So once the memory tier shows a newer value, to whomever, no worker finds the older one; all the
//!   more once the write was acknowledged.
//! * A value has the deadline at which its copy expires, or at which it is due for a refresh.
//! * A worker looks only under the [mandate](crate::model::Mandate) that the parent has in force,
//!   and looks again whether it still is when it has read. Whatever may bar clients from reading (rules
//!   of users, a pause) brings another into force before it is answered.
//!
//! A value that cannot be taken out would be served for ever. If the tier fails like that, which it
//! does when its file system is full, it is closed: no mandate is in force any more, and workers pass
//! everything on.

mod deputy;
mod page;
mod record;
mod request;
mod room;

use std::fmt;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use heed::types::Bytes;
use heed::{Database, Env, EnvFlags, EnvOpenOptions, RwTxn};
use parking_lot::Mutex;

use crate::scratch::Scratch;
use page::Page;

pub use deputy::SharedHits;
pub(crate) use record::Moment;

/// The file of the page.
const PAGE: &str = "page";

/// How much the tier holds, with all that LMDB needs beside the values.
const BYTES_MAX: usize = 64 << 20;

/// How much of it is for values. What is left is for what LMDB writes when it takes some out.
const VALUE_BYTES_MAX: usize = BYTES_MAX / 4 * 3;

/// How many processes and threads may have looked into it.
const READERS_MAX: u32 = 16 * 1024;

/// The file in which LMDB keeps its readers, all of whom write to it.
const LOCK: &str = "lock.mdb";

/// How long it is: a cache line for each reader, and more than LMDB needs beside them.
const LOCK_BYTES: u64 = 64 * READERS_MAX as u64 + 4096;

/// More stripes void fewer leases that nothing has happened to.
const STRIPES: usize = 1024;

/// The tier as the parent has it.
pub struct SharedTier {
    env: Env,
    values: Database<Bytes, Bytes>,
    page: Page,
    hasher: RandomState,
    /// How often a key of each stripe has begun to change, and has changed.
    changes: Box<[Changes]>,
    /// Held to write, and to see to it that what is written is not out of date.
    writing: Mutex<()>,
    folder: Scratch,
}

/// The changes of the keys of a stripe.
#[derive(Default)]
struct Changes {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// The right to put the value of a key there that is read next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    stripe: usize,
    /// How many changes had begun, and ended.
    changes: u64,
}

/// A value to be put there.
pub(crate) struct Fill {
    key: Box<[u8]>,
    lease: Lease,
    record: Vec<u8>,
}

impl Fill {
    /// A value that may be served until then, if the tier takes such a one.
    pub(crate) fn new(
        key: &[u8],
        lease: Lease,
        value: &[u8],
        until: Option<Moment>,
    ) -> Option<Self> {
        let record = record::record(value, until)?;
        Some(Self { key: key.into(), lease, record })
    }
}

impl SharedTier {
    /// An empty tier in a folder of its own, in shared memory.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub(crate) fn create() -> io::Result<Self> {
        Self::create_in(Scratch::create()?)
    }

    fn create_in(folder: Scratch) -> io::Result<Self> {
        // Before LMDB has the file: its locks on it would go with any other descriptor of it.
        room::reserve(&folder.path().join(LOCK), LOCK_BYTES)?;
        let env = options(folder.path(), EnvFlags::empty())?;
        let mut transaction = env.write_txn().map_err(failed)?;
        let values = env.create_database(&mut transaction, None).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(Self {
            page: Page::create(&folder.path().join(PAGE))?,
            env,
            values,
            hasher: RandomState::new(),
            changes: (0..STRIPES).map(|_| Changes::default()).collect(),
            writing: Mutex::new(()),
            folder,
        })
    }

    /// Where workers find it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Removes its folder, as nobody is to find it any more. Whoever has it open is not disturbed.
    pub(crate) fn withdraw(&self) {
        if let Err(error) = fs::remove_dir_all(self.folder()) {
            tracing::warn!(%error, folder = %self.folder().display(), "cannot remove the shared-memory tier");
        }
    }

    /// How many requests workers have answered from it.
    pub(crate) fn hits(&self) -> u64 {
        self.page.hits()
    }

    /// The lease of a key, to be had before its value is read. `None` where none can be put there.
    pub(crate) fn lease(&self, key: &[u8]) -> Option<Lease> {
        if !record::takes_key(key) || self.page.is_closed() {
            return None;
        }
        let stripe = self.stripe(key);
        let Changes { begun, ended } = &self.changes[stripe];
        // In this order: what begins in between is seen.
        let changes = ended.load(Ordering::SeqCst);
        (begun.load(Ordering::SeqCst) == changes).then_some(Lease { stripe, changes })
    }

    fn stripe(&self, key: &[u8]) -> usize {
        self.hasher.hash_one(key) as usize % STRIPES
    }

    /// Puts values there whose leases are not void.
    pub(crate) fn fill(&self, fills: &[Fill]) {
        let _writing = self.writing.lock();
        if fills.iter().all(|fill| self.serves(&fill.key)) {
            return;
        }
        if let Err(error) = self.put_all(fills) {
            tracing::debug!(%error, "nothing is put into the shared-memory tier");
            // It may be that some who have died hold on to what was taken out.
            self.env.clear_stale_readers().ok();
            self.change(|transaction| self.values.clear(transaction));
        }
    }

    fn put_all(&self, fills: &[Fill]) -> heed::Result<()> {
        let mut transaction = self.env.write_txn()?;
        if self.is_full(&transaction)? {
            self.values.clear(&mut transaction)?;
        }
        for Fill { key, lease, record } in fills {
            if self.changes[lease.stripe].begun.load(Ordering::SeqCst) == lease.changes {
                self.values.put(&mut transaction, key, record)?;
            }
        }
        transaction.commit()
    }

    /// Whether it is time to begin anew. There is no telling which values are in use.
    fn is_full(&self, transaction: &RwTxn<'_>) -> heed::Result<bool> {
        let held = self.values.stat(transaction)?;
        let pages = held.branch_pages + held.leaf_pages + held.overflow_pages;
        Ok(pages * held.page_size as usize > VALUE_BYTES_MAX)
    }

    /// A key is about to change: what was read of it is void, and what is there of it goes.
    pub(crate) fn begin_change(&self, key: &[u8]) {
        self.changes[self.stripe(key)].begun.fetch_add(1, Ordering::SeqCst);
        let _writing = self.writing.lock();
        if record::takes_key(key) && self.holds(key) {
            self.change(|transaction| self.values.delete(transaction, key).map(drop));
        }
    }

    /// It has changed.
    pub(crate) fn end_change(&self, key: &[u8]) {
        self.changes[self.stripe(key)].ended.fetch_add(1, Ordering::SeqCst);
    }

    /// Any number of keys are about to change.
    pub(crate) fn begin_clear(&self) {
        for changes in &self.changes {
            changes.begun.fetch_add(1, Ordering::SeqCst);
        }
        let _writing = self.writing.lock();
        self.change(|transaction| self.values.clear(transaction));
    }

    /// They have changed.
    pub(crate) fn end_clear(&self) {
        for changes in &self.changes {
            changes.ended.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Whether there may be something of a key.
    fn holds(&self, key: &[u8]) -> bool {
        self.look(key, |record| record.is_some()).unwrap_or(true)
    }

    /// Whether workers find the value of a key. It is the present one, or it would be gone.
    fn serves(&self, key: &[u8]) -> bool {
        self.look(key, |record| record.and_then(record::value).is_some()).unwrap_or(false)
    }

    fn look<T>(&self, key: &[u8], see: impl FnOnce(Option<&[u8]>) -> T) -> heed::Result<T> {
        let transaction = self.env.read_txn()?;
        Ok(see(self.values.get(&transaction, key)?))
    }

    /// Takes something out, or closes the tier if it does not let go.
    fn change(&self, change: impl Fn(&mut RwTxn<'_>) -> heed::Result<()>) {
        if self.page.is_closed() {
            return;
        }
        let changed = self.write(&change).or_else(|_| {
            // It may be that some who have died hold on to all the room that there is.
            self.env.clear_stale_readers()?;
            self.write(&change)
        });
        if let Err(error) = changed {
            self.page.close();
            tracing::error!(
                %error,
                "the shared-memory tier is closed, as it cannot be written: workers pass everything on"
            );
        }
    }

    fn write(&self, change: impl Fn(&mut RwTxn<'_>) -> heed::Result<()>) -> heed::Result<()> {
        let mut transaction = self.env.write_txn()?;
        change(&mut transaction)?;
        transaction.commit()
    }

    /// Brings the mandate of this revision into force.
    pub(crate) fn follow(&self, revision: u64) {
        self.page.follow(revision);
    }

    /// Gives back what workers that have died had in use.
    pub(crate) fn forget_the_dead(&self) {
        if let Err(error) = self.env.clear_stale_readers() {
            tracing::warn!(%error, "cannot look after the readers of the shared-memory tier");
        }
    }
}

impl fmt::Debug for SharedTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedTier").field("folder", &self.folder.path()).finish_non_exhaustive()
    }
}

/// Opens the LMDB in `folder`.
#[allow(unsafe_code, reason = "LMDB maps a file that others could write to")]
fn options(folder: &Path, more: EnvFlags) -> io::Result<Env> {
    let mut options = EnvOpenOptions::new();
    options.map_size(BYTES_MAX).max_readers(READERS_MAX);
    // SAFETY: what is not synced is lost with the machine, and the tier is not to outlive that. The
    // folder is larder's alone and the parent the only one who writes, so nobody changes the file under
    // those who read it, and within one process it is opened once.
    unsafe {
        options.flags(EnvFlags::NO_SYNC | EnvFlags::NO_META_SYNC | more);
        options.open(folder).map_err(failed)
    }
}

fn failed(error: heed::Error) -> io::Error {
    match error {
        heed::Error::Io(error) => error,
        error => io::Error::other(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
