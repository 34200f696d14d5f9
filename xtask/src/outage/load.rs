//! Clients that write at their own pace, and read what they wrote.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::crash::clients::{Writer, connect, told};
use crate::failure::Result;
use crate::random::Random;

/// How long a client rests between two rounds.
const REST: Duration = Duration::from_millis(5);

/// What all clients do.
#[derive(Clone, Copy)]
pub(super) struct Load<'a> {
    /// Where larder listens.
    pub(super) address: SocketAddr,
    pub(super) progress: &'a Progress,
    /// Whether they are to end.
    pub(super) ended: &'a AtomicBool,
}

/// What they have done so far.
#[derive(Default)]
pub(super) struct Progress {
    written: AtomicU64,
    read: AtomicU64,
    refused: AtomicU64,
}

impl Load<'_> {
    /// What one client does: it writes a few keys, has their copies dropped, and reads them again,
    /// which only what is pending can answer while the database is away.
    pub(super) fn run(&self, writer: &mut Writer, seed: u64) -> Result<()> {
        let mut connection = connect(self.address).map_err(told)?;
        let mut random = Random::new(seed, 0);
        while !self.ended.load(Ordering::Relaxed) {
            let keys = writer.write(&mut connection, &mut random).map_err(told)?;
            self.progress.written.fetch_add(keys.len() as u64, Ordering::Relaxed);
            writer.drop_copies(&mut connection, &keys).map_err(told)?;
            let count = match writer.read(&mut connection, &keys)? {
                Ok(()) => &self.progress.read,
                // It was in the database already when that went away.
                Err(_) => &self.progress.refused,
            };
            count.fetch_add(keys.len() as u64, Ordering::Relaxed);
            thread::sleep(REST);
        }
        Ok(())
    }
}

impl Progress {
    /// Writes that were acknowledged.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Keys that read as what was written.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Keys whose read was answered by an error.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}
