//! The log: segments one behind the other, of which the last one is written.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use futures_util::future::FutureExt;
use tokio::sync::oneshot;

use super::group::{self, Header};
use super::identity::Identity;
use super::segment::{self, Segment};
use crate::journal::{Disk, Sequence};
use crate::runtime::Runtime;
use crate::sabotage::{self, Mutation};

/// Why a group was not written.
#[derive(Debug)]
pub(super) enum Trouble {
    /// There was no segment to write it into. Nothing is in doubt.
    NoRoom(io::Error),
    /// Nobody knows what of it is on the disk.
    Doubt(io::Error),
}

/// Where segments come from.
#[derive(Clone)]
pub(super) struct Maker {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) identity: Identity,
    pub(super) segment_bytes: u64,
}

/// A segment that takes groups.
struct Active {
    segment: Segment,
    name: String,
    length: u64,
    offset: u64,
}

/// A segment that takes no more groups.
pub(super) struct Full {
    pub(super) number: u64,
    pub(super) bytes: u64,
    /// The sequence that follows its last record.
    pub(super) next: u64,
}

pub(super) struct Log {
    maker: Maker,
    active: Active,
    /// The first one first.
    full: VecDeque<Full>,
    spare: Option<oneshot::Receiver<io::Result<Active>>>,
    /// The last group that was written.
    written: u64,
    /// The last one that is known to last.
    synced: u64,
    /// The last one that a later group vouches for.
    vouched: u64,
    /// The last one with records.
    telling: u64,
    /// A sync has failed: the next one would not cover what that one lost.
    sync_failed: bool,
}

impl Maker {
    async fn make(self, number: u64, length: u64) -> io::Result<Active> {
        let segment = Segment { number, tag: self.runtime.random() };
        let name = segment::name(number);
        self.disk.create(&name, length).await?;
        // Nothing is written behind a header that may get lost.
        self.disk.write(&name, 0, segment.encode(self.identity), true).await?;
        Ok(Active { segment, name, length, offset: segment::HEADER_BYTES as u64 })
    }
}

impl Log {
    /// Goes on behind the segments in `full` and the group `written`, which last.
    pub(super) async fn begin(
        maker: Maker,
        full: VecDeque<Full>,
        written: u64,
    ) -> io::Result<Self> {
        let number = full.back().map_or(1, |last| last.number + 1);
        let active = maker.clone().make(number, maker.segment_bytes).await?;
        Ok(Self {
            maker,
            active,
            full,
            spare: None,
            written,
            synced: written,
            vouched: 0,
            telling: written,
            sync_failed: false,
        })
    }

    /// Writes a group; `unfinished` is as [`group::begin`] made it, with content behind.
    pub(super) async fn write(
        &mut self,
        unfinished: Vec<u8>,
        first: Sequence,
        records: u32,
        sync: bool,
    ) -> Result<(), Trouble> {
        let length = group::length(&unfinished) as u64;
        self.make_room(length, first).await?;
        let number = self.written + 1;
        let header = Header { number, synced: self.synced, first: first.0, records };
        let active = &mut self.active;
        let offset = active.offset;
        let bytes = group::finish(unfinished, header, active.segment.tag, offset as usize);
        let written = self.maker.disk.write(&active.name, offset, bytes, sync).await;
        if let Err(error) = written
            && !sabotage::is(Mutation::IgnoreSyncError)
        {
            return Err(Trouble::Doubt(error));
        }
        active.offset += length;
        self.written = number;
        self.vouched = header.synced;
        if sync {
            self.synced = number;
        }
        if records > 0 {
            self.telling = number;
        }
        Ok(())
    }

    /// Makes all that was written last.
    pub(super) async fn sync(&mut self) -> io::Result<()> {
        let written = self.written;
        if self.synced < written {
            let synced = self.maker.disk.sync(&self.active.name).await;
            self.sync_failed |= synced.is_err();
            synced?;
            self.synced = written;
        }
        Ok(())
    }

    pub(super) fn may_sync(&self) -> bool {
        !self.sync_failed
    }

    pub(super) fn is_synced(&self) -> bool {
        self.synced == self.written
    }

    /// Whether records last that no later group vouches for.
    pub(super) fn wants_witness(&self) -> bool {
        self.vouched < self.telling && self.telling <= self.synced
    }

    async fn make_room(&mut self, length: u64, first: Sequence) -> Result<(), Trouble> {
        if self.active.offset + length > self.active.length {
            let fresh = self.fresh(length).await.map_err(Trouble::NoRoom)?;
            // The first group of a segment vouches for the whole of the one before.
            self.sync().await.map_err(Trouble::Doubt)?;
            let full = std::mem::replace(&mut self.active, fresh);
            let Segment { number, .. } = full.segment;
            self.full.push_back(Full { number, bytes: full.length, next: first.0 });
        }
        if self.spare.is_none() && self.active.offset + length > self.active.length / 2 {
            self.make_spare();
        }
        Ok(())
    }

    /// A segment with room for a group of this length.
    async fn fresh(&mut self, length: u64) -> io::Result<Active> {
        let needed = segment::HEADER_BYTES as u64 + length;
        if let Some(spare) = self.spare.take() {
            // A spare that failed is made again, here.
            if let Ok(Ok(spare)) = spare.await
                && spare.length >= needed
            {
                return Ok(spare);
            }
        }
        let length = self.maker.segment_bytes.max(needed);
        self.maker.clone().make(self.active.segment.number + 1, length).await
    }

    /// Has the next segment made while this one still takes groups.
    fn make_spare(&mut self) {
        let (sender, receiver) = oneshot::channel();
        let (maker, number) = (self.maker.clone(), self.active.segment.number + 1);
        let length = maker.segment_bytes;
        let make = async move { drop(sender.send(maker.make(number, length).await)) };
        self.maker.runtime.spawn(make.boxed());
        self.spare = Some(receiver);
    }

    /// The first segment that holds one of these records; `held` is the first of them.
    pub(super) fn first_needed(&self, held: Option<Sequence>) -> u64 {
        let held = held.filter(|_| !sabotage::is(Mutation::RemoveSegmentEarly));
        let is_needed = |full: &&Full| held.is_some_and(|held| held.0 < full.next);
        self.full.iter().find(is_needed).map_or(self.active.segment.number, |full| full.number)
    }

    pub(super) fn has_before(&self, number: u64) -> bool {
        self.full.front().is_some_and(|full| full.number < number)
    }

    /// Removes the segments before `number`, the first one first, so that none is ever missing
    /// between others.
    pub(super) async fn remove_before(&mut self, number: u64) -> io::Result<()> {
        while let Some(full) = self.full.front().filter(|full| full.number < number) {
            self.maker.disk.remove(&segment::name(full.number)).await?;
            self.full.pop_front();
        }
        Ok(())
    }

    pub(super) fn segments(&self) -> u64 {
        self.full.len() as u64 + 1
    }

    pub(super) fn bytes(&self) -> u64 {
        self.full.iter().map(|full| full.bytes).sum::<u64>() + self.active.length
    }
}
