//! Room for files that are mapped. Whoever writes to a part of one that its file system has no room for
//! is killed (SIGBUS), in the midst of serving. So the room is taken at the start, where a lack of it
//! is an error.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};

/// Makes a file of so many bytes, all of which it has.
///
/// # Errors
///
/// What the file system says, and what can be done about it.
pub(super) fn reserve(path: &Path, bytes: u64) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
    let reserved = fallocate(&file, FallocateFlags::empty(), 0, bytes).map_err(io::Error::from);
    reserved.map_err(|error| lacking(path, bytes, &error)).map(|()| file)
}

fn lacking(path: &Path, bytes: u64, error: &io::Error) -> io::Error {
    let (kibibytes, path) = (bytes.div_ceil(1024), path.display());
    let message = format!(
        "there is no room for the {kibibytes} KiB of {path} ({error}): remove something from its file \
         system, give that a larger size (mount -o remount,size=..., or --shm-size for a container), or \
         choose another model"
    );
    io::Error::new(error.kind(), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_is_there() {
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        let file = reserve(&folder.path().join("lock"), 100_000).unwrap();
        let held = rustix::fs::fstat(&file).unwrap();
        assert_eq!(held.st_size, 100_000);
        assert!(512 * held.st_blocks >= 100_000, "it is sparse: {} blocks", held.st_blocks);
    }

    #[test]
    fn a_lack_of_room_is_told_with_what_to_do() {
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        let path = folder.path().join("lock");
        // More than any machine has.
        let error = reserve(&path, 1 << 60).unwrap_err().to_string();
        let begin = format!("there is no room for the {} KiB of {}", 1u64 << 50, path.display());
        assert!(error.starts_with(&begin), "{error}");
        assert!(error.contains("--shm-size"), "{error}");
    }
}
