//! Disks: where a durable journal keeps its files.
//!
//! The seam between [`FileJournal`](super::FileJournal) and the operating system, so that a simulated
//! disk can fail, stall, tear and forget, and every outcome of a crash can be tried.

mod directory;
mod line;

use std::io;

use futures_util::future::BoxFuture;

pub use directory::Directory;

use crate::runtime::Runtime;

/// The directory of one journal.
///
/// A caller makes one call a file at a time; calls for different files may overlap. A call whose
/// future is dropped may still take effect.
///
/// After an error nobody knows which of the call's bytes are on the disk. In particular a
/// [`sync`](Self::sync) that failed may not be repeated in the hope that the next one covers what
/// this one did not (Rebello and others, "Can applications recover from fsync failures?", 2020).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use larder::journal::{Directory, Disk};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path();
/// let disk = Directory::open(path)?;
/// disk.create("notes", 4096).await?;
/// disk.write("notes", 0, b"tea".to_vec(), true).await?;
/// assert!(disk.read("notes").await?.starts_with(b"tea\0"));
/// assert_eq!(disk.list().await?, ["notes"]);
/// # Ok(())
/// # }
/// ```
pub trait Disk: Send + Sync + 'static {
    /// What the directory is called in messages.
    fn place(&self) -> String;

    /// The names of the files in it, in any order.
    fn list(&self) -> BoxFuture<'_, io::Result<Vec<String>>>;

    /// All bytes of a file.
    fn read(&self, name: &str) -> BoxFuture<'_, io::Result<Vec<u8>>>;

    /// Makes a file of `length` zeros whose room is taken: writing inside it needs no more of it. The
    /// file and its name last from now on.
    fn create(&self, name: &str, length: u64) -> BoxFuture<'_, io::Result<()>>;

    /// Writes into a file. With `sync`, all that was ever written into the file lasts when this is
    /// ready; without, it outlives the process, though not the machine.
    fn write(
        &self,
        name: &str,
        offset: u64,
        bytes: Vec<u8>,
        sync: bool,
    ) -> BoxFuture<'_, io::Result<()>>;

    /// Makes all that was written into a file last.
    fn sync(&self, name: &str) -> BoxFuture<'_, io::Result<()>>;

    /// Cuts a file off at `length`; the new end lasts when this is ready.
    fn truncate(&self, name: &str, length: u64) -> BoxFuture<'_, io::Result<()>>;

    /// Makes `bytes` the whole content of a file, new or not: after a crash it holds either these or
    /// what it held before. It lasts when this is ready.
    fn replace(&self, name: &str, bytes: Vec<u8>) -> BoxFuture<'_, io::Result<()>>;

    /// Removes a file. It may be there again after a crash.
    fn remove(&self, name: &str) -> BoxFuture<'_, io::Result<()>>;

    /// Runs `task`, which makes most of the calls, to its end. A disk that has a thread runs it
    /// there, so that a call of [`write`](Self::write) changes threads no more.
    fn host(&self, task: BoxFuture<'static, ()>, runtime: &dyn Runtime) {
        runtime.spawn(task);
    }

    /// Nobody will call this disk again: another process may have the directory.
    fn release(&self) {}
}
