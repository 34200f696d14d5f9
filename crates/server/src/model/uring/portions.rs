//! Provided buffers: memory that the kernel takes for what comes in, whichever socket that is.
//!
//! A connection that waits for input has no buffer of its own. When something has come, the kernel
//! takes the next buffer of this ring, fills it and says which one it was.

#![allow(unsafe_code, reason = "the kernel writes to this memory")]

use std::io;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::Submitter;
use io_uring::types::BufRingEntry;

/// How many buffers there are; the kernel wants a power of two.
const COUNT: u16 = 256;

/// How large each of them is.
const BYTES: usize = 16 * 1024;

/// The number of the group of buffers. A ring has but one.
pub(super) const GROUP: u16 = 0;

/// The buffers of one ring.
pub(super) struct Buffers {
    page: Box<Page>,
    memory: Box<[u8]>,
    /// How many buffers the kernel was ever given, modulo the range of the number.
    given: u16,
}

/// The list of the buffers that the kernel may take: one page, and on the bounds of one.
#[repr(C, align(4096))]
struct Page([BufRingEntry; COUNT as usize]);

/// Bytes that have come, in a buffer that has to be given back.
#[derive(Debug)]
pub(super) struct Portion {
    buffer: u16,
    length: usize,
}

impl Buffers {
    pub(super) fn new() -> Self {
        // SAFETY: an entry is an address and three numbers, for all of which zero is a value.
        let page = unsafe { Box::<Page>::new_zeroed().assume_init() };
        let memory = vec![0; usize::from(COUNT) * BYTES].into_boxed_slice();
        let mut buffers = Self { page, memory, given: 0 };
        (0..COUNT).for_each(|buffer| buffers.give(buffer));
        buffers
    }

    /// Lets the kernel use them. They must live for as long as the ring of `submitter`.
    pub(super) fn register(&self, submitter: &Submitter<'_>) -> io::Result<()> {
        let list = self.page.0.as_ptr() as u64;
        // SAFETY: the list and the memory that it names are on the heap and keep their place, and the
        // caller keeps them for as long as the ring.
        unsafe { submitter.register_buf_ring_with_flags(list, COUNT, GROUP, 0) }
    }

    /// The first `length` bytes of `buffer`, which the kernel has filled.
    pub(super) fn portion(&self, buffer: u16, length: usize) -> Portion {
        Portion { buffer, length: length.min(BYTES) }
    }

    pub(super) fn bytes(&self, portion: &Portion) -> &[u8] {
        let start = usize::from(portion.buffer) * BYTES;
        &self.memory[start..start + portion.length]
    }

    /// Lets the kernel fill the buffer again.
    pub(super) fn give_back(&mut self, portion: Portion) {
        self.give(portion.buffer);
    }

    fn give(&mut self, buffer: u16) {
        let memory = &mut self.memory[usize::from(buffer) * BYTES..][..BYTES];
        let entry = &mut self.page.0[usize::from(self.given % COUNT)];
        entry.set_addr(memory.as_mut_ptr() as u64);
        entry.set_len(BYTES as u32);
        entry.set_bid(buffer);
        self.given = self.given.wrapping_add(1);
        self.publish();
    }

    /// Tells the kernel up to where the list is good.
    fn publish(&mut self) {
        // SAFETY: it is the address of the first entry of the list, within which the count is kept.
        let count = unsafe { BufRingEntry::tail(self.page.0.as_mut_ptr()) }.cast_mut();
        // SAFETY: the count is a number of this size and aligned to it; the kernel only reads it.
        let count = unsafe { AtomicU16::from_ptr(count) };
        // What was written to the entry has to be seen before the count.
        count.store(self.given, Ordering::Release);
    }
}
