//! A page of memory that the parent and its workers have in common.

#![allow(unsafe_code, reason = "the memory is mapped, and other processes write to it")]

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::room;
use crate::model::Mandate;

/// What is on the page. Every bit pattern is a value of it, and all of it is atomic, so it does not
/// matter who else has it mapped.
#[repr(C)]
struct Words {
    /// The number of the mandate in force.
    mandate: Word,
    /// How many requests workers have answered.
    hits: Word,
}

/// One word on a cache line of its own: that which is counted is not where all others look.
#[repr(C, align(128))]
struct Word(AtomicU64);

/// In the place of a mandate: none is in force, nor ever will be. It is above all others.
const CLOSED: u64 = u64::MAX;

/// The page, for as long as this process has it mapped.
pub(super) struct Page {
    words: NonNull<Words>,
}

// Atomics are for all threads.
unsafe impl Send for Page {}
unsafe impl Sync for Page {}

impl Page {
    /// Makes the file of the page.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Self::map(&room::reserve(path, size_of::<Words>() as u64)?)
    }

    /// Maps the page that the parent has made.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        if file.metadata()?.len() < size_of::<Words>() as u64 {
            return Err(io::Error::other("the page of a shared-memory tier is too short"));
        }
        Self::map(&file)
    }

    fn map(file: &File) -> io::Result<Self> {
        let (access, shared) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: the address is the kernel's to choose, so nothing that exists is mapped over. The file
        // is as long as what is mapped, and stays so: only larder may enter its folder.
        let address =
            unsafe { mmap(ptr::null_mut(), size_of::<Words>(), access, shared, file, 0)? };
        let words = NonNull::new(address.cast());
        words.map(|words| Self { words }).ok_or_else(|| io::Error::other("mapped nowhere"))
    }

    fn words(&self) -> &Words {
        // SAFETY: it is mapped until this is dropped, and pages are aligned better than `Words`.
        unsafe { self.words.as_ref() }
    }

    /// The mandate in force, by its number.
    pub(super) fn mandate(&self) -> Mandate {
        Mandate(self.words().mandate.0.load(Ordering::SeqCst))
    }

    /// Brings the mandate of this [revision](larder_protocol::hub::Hub::revision) into force, and ends all before it.
    pub(super) fn follow(&self, revision: u64) {
        if self.mandate().0 < revision {
            self.words().mandate.0.fetch_max(revision, Ordering::SeqCst);
        }
    }

    /// Ends every mandate, those to come too.
    pub(super) fn close(&self) {
        self.follow(CLOSED);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.mandate() == Mandate(CLOSED)
    }

    /// Counts a request that a worker has answered.
    pub(super) fn count_hit(&self) {
        self.words().hits.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn hits(&self) -> u64 {
        self.words().hits.0.load(Ordering::Relaxed)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this size, and nobody can have borrowed what is being dropped.
        let unmapped = unsafe { munmap(self.words.as_ptr().cast(), size_of::<Words>()) };
        debug_assert!(unmapped.is_ok(), "a mapping of our own");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_writes_the_other_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page");
        let (parent, worker) = (Page::create(&path).unwrap(), Page::open(&path).unwrap());
        parent.follow(7);
        worker.count_hit();
        assert_eq!((worker.mandate(), parent.hits()), (Mandate(7), 1));
    }

    #[test]
    fn a_mandate_that_was_ended_does_not_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let page = Page::create(&folder.path().join("page")).unwrap();
        page.follow(7);
        page.follow(6);
        assert_eq!(page.mandate(), Mandate(7));
        page.close();
        page.follow(8);
        assert!(page.is_closed());
    }

    #[test]
    fn a_file_that_is_no_page_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page");
        File::create(&path).unwrap();
        let error = Page::open(&path).err().unwrap();
        assert_eq!(error.to_string(), "the page of a shared-memory tier is too short");
    }
}
