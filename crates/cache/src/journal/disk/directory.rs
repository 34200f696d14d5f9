//! A directory of the file system.
//!
//! ```text
//! write, sync, hosted task ──► thread of the log    one sync after the other
//! everything else          ──► thread of the files  may take long, holds up no sync
//! ```
//!
//! New files are filled with zeros instead of only being given room: where a file system has to note
//! with every sync which of the room is now in use, a sync costs more than twice as much.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use super::Disk;
use super::line::Line;
use crate::runtime::Runtime;

/// Holds the lock of the directory.
const LOCK: &str = "lock";

/// How a file's name ends while [`Disk::replace`] makes it.
const UNFINISHED: &str = ".new";

/// Zeros that are written at a time.
const PIECE: usize = 1 << 20;

/// A directory of the file system, for one process at a time.
///
/// ```
/// use larder::journal::{Directory, Disk};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders");
/// let disk = Directory::open(&path)?; // makes it where there is none
/// let second = Directory::open(&path).err().expect("it has an owner");
/// assert!(second.to_string().contains("another process"));
/// disk.release();
/// assert!(Directory::open(&path).is_ok());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Directory {
    files: Arc<Files>,
    log_line: Line,
    file_line: Line,
}

struct Files {
    path: PathBuf,
    /// The lock is this handle's.
    lock: File,
    open: Mutex<HashMap<String, Arc<File>>>,
}

impl Directory {
    /// Opens `path` and locks it. An error of kind [`io::ErrorKind::WouldBlock`] says that another
    /// process has it.
    ///
    /// ```
    /// # use larder::journal::Directory;
    /// # let folder = tempfile::tempdir()?;
    /// let disk = Directory::open(folder.path())?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        make(&path)?;
        let lock = lock(&path)?;
        let files = Files { path, lock, open: Mutex::default() };
        files.remove_unfinished()?;
        Ok(Self {
            files: Arc::new(files),
            log_line: Line::new("larder-journal")?,
            file_line: Line::new("larder-journal-files")?,
        })
    }

    fn call<T: Send + 'static>(
        &self,
        line: &Line,
        name: &str,
        call: impl FnOnce(&Files, &str) -> io::Result<T> + Send + 'static,
    ) -> BoxFuture<'static, io::Result<T>> {
        let (files, name) = (self.files.clone(), name.to_owned());
        line.call(move || call(&files, &name))
    }
}

/// Makes a directory and those that it is in, to last.
fn make(path: &Path) -> io::Result<()> {
    let missing: Vec<_> = path.ancestors().take_while(|ancestor| !ancestor.exists()).collect();
    fs::create_dir_all(path)?;
    for made in missing {
        let parent = made.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

fn lock(path: &Path) -> io::Result<File> {
    let lock = OpenOptions::new().create(true).append(true).open(path.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::Error(error)) => Err(error),
        Err(TryLockError::WouldBlock) => {
            let sentence = format!("another process has the directory {}", path.display());
            Err(io::Error::new(io::ErrorKind::WouldBlock, sentence))
        }
    }
}

impl Files {
    fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn file(&self, name: &str) -> io::Result<Arc<File>> {
        if let Some(file) = self.open.lock().get(name) {
            return Ok(file.clone());
        }
        let file = Arc::new(OpenOptions::new().read(true).write(true).open(self.path_of(name))?);
        self.open.lock().insert(name.to_owned(), file.clone());
        Ok(file)
    }

    fn forget(&self, name: &str) {
        self.open.lock().remove(name);
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != LOCK && entry.file_type()?.is_file() {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Removes what a process left that ended while it replaced a file.
    fn remove_unfinished(&self) -> io::Result<()> {
        let names = self.list()?;
        let mut unfinished = names.iter().filter(|name| name.ends_with(UNFINISHED));
        unfinished.try_for_each(|name| fs::remove_file(self.path_of(name)))
    }

    fn create(&self, name: &str, length: u64) -> io::Result<()> {
        let made = self.fill(name, length);
        if made.is_err() {
            // What there is of it takes up room that is wanted.
            let _ = fs::remove_file(self.path_of(name));
        }
        made
    }

    fn fill(&self, name: &str, length: u64) -> io::Result<()> {
        let path = self.path_of(name);
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        let zeros = vec![0; PIECE.min(usize::try_from(length).unwrap_or(PIECE))];
        let mut offset = 0;
        while offset < length {
            let count = (length - offset).min(zeros.len() as u64);
            file.write_all_at(&zeros[..count as usize], offset)?;
            // Piece by piece, so that the log's own syncs never wait for all of them.
            file.sync_data()?;
            offset += count;
        }
        file.sync_all()?;
        self.sync_directory()?;
        self.open.lock().insert(name.to_owned(), Arc::new(file));
        Ok(())
    }

    fn write(&self, name: &str, offset: u64, bytes: &[u8], sync: bool) -> io::Result<()> {
        let file = self.file(name)?;
        file.write_all_at(bytes, offset)?;
        if sync { file.sync_data() } else { Ok(()) }
    }

    fn truncate(&self, name: &str, length: u64) -> io::Result<()> {
        let file = self.file(name)?;
        file.set_len(length)?;
        file.sync_all()
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.path_of(&format!("{name}{UNFINISHED}"));
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&unfinished)?;
        file.write_all_at(bytes, 0)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.path_of(name))?;
        self.forget(name);
        self.sync_directory()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.forget(name);
        fs::remove_file(self.path_of(name))
    }

    fn sync_directory(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

impl Disk for Directory {
    fn place(&self) -> String {
        self.files.path.display().to_string()
    }

    fn list(&self) -> BoxFuture<'_, io::Result<Vec<String>>> {
        self.call(&self.file_line, "", |files, _| files.list())
    }

    fn read(&self, name: &str) -> BoxFuture<'_, io::Result<Vec<u8>>> {
        self.call(&self.file_line, name, |files, name| fs::read(files.path_of(name)))
    }

    fn create(&self, name: &str, length: u64) -> BoxFuture<'_, io::Result<()>> {
        self.call(&self.file_line, name, move |files, name| files.create(name, length))
    }

    fn write(
        &self,
        name: &str,
        offset: u64,
        bytes: Vec<u8>,
        sync: bool,
    ) -> BoxFuture<'_, io::Result<()>> {
        let write = move |files: &Files, name: &str| files.write(name, offset, &bytes, sync);
        self.call(&self.log_line, name, write)
    }

    fn sync(&self, name: &str) -> BoxFuture<'_, io::Result<()>> {
        self.call(&self.log_line, name, |files, name| files.file(name)?.sync_data())
    }

    fn truncate(&self, name: &str, length: u64) -> BoxFuture<'_, io::Result<()>> {
        self.call(&self.file_line, name, move |files, name| files.truncate(name, length))
    }

    fn replace(&self, name: &str, bytes: Vec<u8>) -> BoxFuture<'_, io::Result<()>> {
        self.call(&self.file_line, name, move |files, name| files.replace(name, &bytes))
    }

    fn remove(&self, name: &str) -> BoxFuture<'_, io::Result<()>> {
        self.call(&self.file_line, name, |files, name| files.remove(name))
    }

    fn host(&self, task: BoxFuture<'static, ()>, _runtime: &dyn Runtime) {
        self.log_line.host(task);
    }

    fn release(&self) {
        // The end of the process does the same.
        let _ = self.files.lock.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_replaced_whole_and_read_anew() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let disk = Directory::open(folder.path())?;
        disk.create("a", 10).await?;
        disk.write("a", 8, b"xy".to_vec(), true).await?;
        disk.replace("a", b"new".to_vec()).await?;
        assert_eq!(disk.read("a").await?, b"new");
        disk.write("a", 0, b"N".to_vec(), false).await?;
        disk.sync("a").await?;
        assert_eq!(disk.read("a").await?, b"New");
        disk.truncate("a", 1).await?;
        assert_eq!(disk.read("a").await?, b"N");
        disk.remove("a").await?;
        assert!(disk.list().await?.is_empty());
        Ok(())
    }

    #[tokio::test]
    async fn what_a_replacement_left_unfinished_goes_at_the_next_start() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("a.new"), b"half")?;
        let disk = Directory::open(folder.path())?;
        assert!(disk.list().await?.is_empty());
        disk.replace("a", b"whole".to_vec()).await?;
        assert_eq!(disk.list().await?, ["a"]);
        Ok(())
    }

    #[tokio::test]
    async fn a_directory_is_made_with_those_that_it_is_in() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("some/where/else");
        Directory::open(&path)?.create("a", 3).await?;
        assert_eq!(fs::read(path.join("a"))?, [0; 3]);
        Ok(())
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_an_error() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let disk = Directory::open(folder.path())?;
        let missing = disk.write("a", 0, b"x".to_vec(), false).await;
        assert_eq!(missing.map_err(|error| error.kind()), Err(io::ErrorKind::NotFound));
        assert!(disk.list().await?.is_empty());
        Ok(())
    }
}
