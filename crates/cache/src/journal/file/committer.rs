//! The one task that writes the log.
//!
//! ```text
//! append ─► desk ─► group ─► disk: one write, one sync ─► queue ─► everybody whose write it was
//! ```
//!
//! While the disk is busy with one group, the next one gathers on the desk. So the more writes there
//! are, the more of them share a sync, and a lone one waits for nothing. (The group commit of DeWitt
//! and others, "Implementation techniques for main memory database systems", 1984.)
//!
//! When nothing comes for a moment, it writes how far the journal has come. That group is not synced:
//! its work is to vouch for the one before, see [`group`](super::group).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::FutureExt;

use super::desk::Forming;
use super::group;
use super::item::Progress;
use super::log::{Log, Trouble};
use super::options::SyncMode;
use super::shared::Shared;
use crate::journal::AppendError;
use crate::runtime::Time;
use crate::sabotage::{self, Mutation};
use crate::{Key, Value};

/// How long nothing comes before it is said how far the journal has come.
const QUIET: Duration = Duration::from_millis(5);

/// How long a segment that could not be removed is left alone.
const REMOVAL_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Committer<K, V> {
    shared: Arc<Shared<K, V>>,
    log: Log,
    /// When the bell is next rung for the time; past when it is not.
    alarm: Time,
    last_write: Time,
    /// Since when there is something that does not last.
    unsynced: Option<Time>,
    /// No segment is removed before.
    removal: Time,
    broken: Option<String>,
}

impl<K: Key, V: Value> Committer<K, V> {
    pub(super) fn new(shared: Arc<Shared<K, V>>, log: Log) -> Self {
        Self {
            shared,
            log,
            alarm: Time::ZERO,
            last_write: Time::ZERO,
            unsynced: None,
            removal: Time::ZERO,
            broken: None,
        }
    }

    /// Works until the journal's handle is gone.
    pub(super) async fn run(mut self) {
        loop {
            self.count();
            match self.shared.desk.take() {
                Some(group) => self.commit_and_tidy(group).await,
                None if self.shared.desk.has_ended() => break,
                None => {
                    self.tidy().await;
                    self.set_alarm();
                    self.shared.desk.bell.notified().await;
                }
            }
        }
        self.finish().await;
    }

    /// Where groups never cease, a new segment is the occasion to remove old ones.
    async fn commit_and_tidy(&mut self, group: Forming<K, V>) {
        let segments = self.log.segments();
        self.commit(group).await;
        if self.log.segments() > segments {
            self.tidy().await;
        }
    }

    async fn commit(&mut self, group: Forming<K, V>) {
        if let Some(reason) = &self.broken {
            self.shared.queue.miss(group.size);
            return group.ticket.decide(Err(AppendError::Failed(reason.clone())));
        }
        let Forming { mut bytes, entries, first, sync, size, ticket } = group;
        if entries.is_empty() && self.is_all_said() {
            return ticket.decide(Ok(()));
        }
        let told = self.add_progress(&mut bytes);
        let sync = sync || self.is_sync_due();
        match self.log.write(bytes, first, entries.len() as u32, sync).await {
            Ok(()) => {
                self.note_write(sync);
                self.shared.queue.publish(entries);
                ticket.decide(Ok(()));
            }
            Err(Trouble::NoRoom(error)) => {
                self.shared.moved.fetch_or(told, Ordering::AcqRel);
                self.shared.queue.miss(size);
                let reason = format!("no file can be added to the log: {error}");
                tracing::error!(place = self.shared.disk.place(), reason, "writes are refused");
                ticket.decide(Err(AppendError::Failed(reason)));
            }
            Err(Trouble::Doubt(error)) => {
                let reason = self.break_off(&error);
                self.shared.queue.miss(size);
                ticket.decide(Err(AppendError::Unknown(reason)));
                self.rescue().await;
            }
        }
    }

    /// Whether the log has, and keeps, everything that could be asked of it.
    fn is_all_said(&self) -> bool {
        self.log.is_synced() && !self.shared.moved.load(Ordering::Acquire)
    }

    /// After a failed write or sync nobody knows what the log's file holds: nothing is written behind
    /// it any more, and after a failed sync none is asked for again, since the next one would not cover
    /// what that one lost.
    fn break_off(&mut self, error: &std::io::Error) -> String {
        let reason = format!("the log cannot be written: {error}");
        tracing::error!(
            place = self.shared.disk.place(),
            reason,
            "writes are refused until the journal is opened again"
        );
        self.broken = Some(reason.clone());
        self.shared.queue.refuse(AppendError::Failed(reason.clone()));
        reason
    }

    /// What was acknowledged before a write failed still gets the sync that it waits for.
    async fn rescue(&mut self) {
        let is_promised = matches!(self.shared.options.sync, SyncMode::Interval(_));
        let may = self.log.may_sync() && !sabotage::is(Mutation::LeaveUnsynced);
        if !is_promised || !may || self.unsynced.is_none() {
            return;
        }
        match self.log.sync().await {
            Ok(()) => self.note_sync(),
            Err(error) => {
                let place = self.shared.disk.place();
                tracing::error!(place, %error, "a power failure may lose the last writes");
            }
        }
    }

    fn is_sync_due(&self) -> bool {
        match self.shared.options.sync {
            SyncMode::Always => !sabotage::is(Mutation::AcknowledgeBeforeSync),
            SyncMode::Os => false,
            SyncMode::Interval(interval) => self
                .unsynced
                .is_some_and(|since| self.shared.runtime.now_precise() >= since + interval),
        }
    }

    fn note_write(&mut self, synced: bool) {
        self.last_write = self.shared.runtime.now_precise();
        self.shared.counters.groups.fetch_add(1, Ordering::Relaxed);
        match synced {
            true => self.note_sync(),
            false => drop(self.unsynced.get_or_insert(self.last_write)),
        }
    }

    fn note_sync(&mut self) {
        self.unsynced = None;
        self.shared.counters.syncs.fetch_add(1, Ordering::Relaxed);
    }

    /// Puts how far the journal has come behind what a group holds, if the log does not know it.
    fn add_progress(&self, bytes: &mut Vec<u8>) -> bool {
        let may = !self.shared.is_rewriting();
        let told = may && self.shared.moved.swap(false, Ordering::AcqRel);
        if told {
            self.progress().encode(bytes);
        }
        told
    }

    fn progress(&self) -> Progress {
        let reached = self.shared.queue.reached();
        Progress { segment: self.log.first_needed(self.shared.queue.first()), reached }
    }

    /// Does what can be done when nothing is written.
    async fn tidy(&mut self) {
        if self.broken.is_some() {
            return;
        }
        if let Err(error) = self.tidy_log().await {
            self.break_off(&error);
            self.rescue().await;
        }
    }

    async fn tidy_log(&mut self) -> std::io::Result<()> {
        let now = self.shared.runtime.now_precise();
        if now >= self.removal {
            self.remove_segments(now).await?;
        }
        if self.sync_deadline().is_some_and(|deadline| now >= deadline) {
            self.log.sync().await?;
            self.note_sync();
        }
        if self.progress_deadline().is_some_and(|deadline| now >= deadline) {
            self.write_progress(false).await?;
        }
        Ok(())
    }

    fn sync_deadline(&self) -> Option<Time> {
        match self.shared.options.sync {
            SyncMode::Interval(interval) => self.unsynced.map(|since| since + interval),
            SyncMode::Always | SyncMode::Os => None,
        }
    }

    fn progress_deadline(&self) -> Option<Time> {
        let may = !self.shared.is_rewriting();
        let moved = may && self.shared.moved.load(Ordering::Acquire);
        (moved || self.log.wants_witness()).then(|| self.last_write + QUIET)
    }

    /// Removes the segments that nobody needs, once the log says for good that nobody does.
    async fn remove_segments(&mut self, now: Time) -> std::io::Result<()> {
        let needed = self.log.first_needed(self.shared.queue.first());
        let may = !self.shared.is_rewriting();
        if !may || !self.log.has_before(needed) {
            return Ok(());
        }
        self.write_progress(true).await?;
        if let Err(error) = self.log.remove_before(needed).await {
            self.removal = now + REMOVAL_PAUSE;
            let place = self.shared.disk.place();
            tracing::warn!(place, %error, "a file of the log that is no longer needed stays");
        }
        self.count();
        self.shared.queue.announce_room();
        Ok(())
    }

    async fn write_progress(&mut self, sync: bool) -> std::io::Result<()> {
        let mut bytes = group::begin();
        self.shared.moved.store(false, Ordering::Release);
        self.progress().encode(&mut bytes);
        match self.log.write(bytes, self.shared.desk.next(), 0, sync).await {
            Ok(()) => self.note_write(sync),
            // It is said with the next group.
            Err(Trouble::NoRoom(_)) => self.shared.moved.store(true, Ordering::Release),
            Err(Trouble::Doubt(error)) => return Err(error),
        }
        Ok(())
    }

    /// Has the bell rung when there will be something to do.
    fn set_alarm(&mut self) {
        let now = self.shared.runtime.now_precise();
        let deadlines = [self.sync_deadline(), self.progress_deadline()];
        let Some(deadline) = deadlines.into_iter().flatten().min() else { return };
        let is_set = now < self.alarm && self.alarm <= deadline;
        if self.broken.is_some() || is_set {
            return;
        }
        self.alarm = deadline;
        let shared = self.shared.clone();
        let ring = async move {
            shared.runtime.sleep_until(deadline).await;
            shared.desk.bell.notify_one();
        };
        self.shared.runtime.spawn(ring.boxed());
    }

    fn count(&self) {
        let counters = &self.shared.counters;
        counters.segments.store(self.log.segments(), Ordering::Relaxed);
        counters.disk_bytes.store(self.log.bytes(), Ordering::Relaxed);
    }

    /// Leaves a log that lasts and whose last group is vouched for.
    async fn finish(mut self) {
        while self.shared.is_rewriting() {
            self.shared.desk.bell.notified().await;
        }
        if self.broken.is_none()
            && let Err(error) = self.close_log().await
        {
            self.break_off(&error);
            self.rescue().await;
        }
        self.shared.disk.release();
        self.shared.over.decide(Ok(()));
    }

    async fn close_log(&mut self) -> std::io::Result<()> {
        self.log.sync().await?;
        let moved = self.shared.moved.load(Ordering::Acquire);
        match moved || self.log.wants_witness() {
            true => self.write_progress(false).await,
            false => Ok(()),
        }
    }
}
