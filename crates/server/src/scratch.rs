//! Folders that go with their process.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use tempfile::TempDir;

/// Where Linux has a file system in memory.
const SHARED_MEMORY: &str = "/dev/shm";

/// What their names begin with.
const PREFIX: &str = "larder-";

/// The file that its process holds locked for as long as it lives.
const LOCK: &str = "lock";

/// A folder in memory that nobody else may enter. It is removed when this is dropped, or, if its process
/// is killed before that, when another such folder is made.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: TempDir,
    _lock: File,
}

impl Scratch {
    /// A new folder.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub(crate) fn create() -> io::Result<Self> {
        Self::create_in(Path::new(SHARED_MEMORY))
    }

    /// A new folder in `parent`.
    pub(crate) fn create_in(parent: &Path) -> io::Result<Self> {
        leftovers(parent)?.iter().for_each(|folder| remove(folder));
        let private = Permissions::from_mode(0o700);
        let mut builder = tempfile::Builder::new();
        let folder = builder.prefix(PREFIX).permissions(private).tempdir_in(parent)?;
        // It has its name only once it is locked: nobody takes the folder for left over meanwhile.
        let unnamed = folder.path().join("unlocked");
        let lock = File::create(&unnamed)?;
        lock.lock()?;
        fs::rename(&unnamed, folder.path().join(LOCK))?;
        Ok(Self { folder, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// The folders of processes that were killed.
fn leftovers(parent: &Path) -> io::Result<Vec<PathBuf>> {
    let all = fs::read_dir(parent)?.filter_map(Result::ok);
    let named =
        all.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()));
    Ok(named.map(|entry| entry.path()).filter(|path| is_left_over(path)).collect())
}

/// Whether a path is a folder of this user's whose process is gone.
fn is_left_over(path: &Path) -> bool {
    let is_own = fs::symlink_metadata(path)
        .is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == geteuid().as_raw());
    is_own && File::open(path.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok())
}

fn remove(folder: &Path) {
    // Another process may be about it at the same time.
    if let Err(error) = fs::remove_dir_all(folder)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, folder = %folder.display(), "cannot remove what was left over");
    }
}

#[cfg(test)]
mod tests {
    use std::mem;

    use super::*;

    #[test]
    fn a_folder_is_private_and_goes_with_its_owner() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::create_in(parent.path()).unwrap();
        let path = scratch.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_killed_process_has_left_is_removed_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let (living, dead) = (
            Scratch::create_in(parent.path()).unwrap(),
            Scratch::create_in(parent.path()).unwrap(),
        );
        let left = dead.path().to_owned();
        let Scratch { folder, _lock } = dead;
        mem::forget(folder);
        drop(_lock);
        let other = parent.path().join("larder-of-something-else");
        fs::create_dir(&other).unwrap();
        let _next = Scratch::create_in(parent.path()).unwrap();
        assert!(!left.exists());
        assert!(living.path().exists() && other.exists());
    }

    #[test]
    fn without_a_place_for_it_there_is_no_folder() {
        let error = Scratch::create_in(Path::new("/no/such/folder")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
