//! What the sessions of one server share: who is there, and what each is to be told.
//!
//! Sessions never call each other. What one has to tell another, a published message or a key
//! that has changed, is put into the other's mail, and its driver is woken.

mod card;
mod channels;
mod clients;
mod counts;
mod load;
mod mailbox;
mod overview;
mod pause;
#[cfg(test)]
mod tests;
mod tracking;
mod users;
mod watches;

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;

pub(crate) use card::{Card, Partial, Push, Sums};
pub(crate) use channels::Channels;
pub(crate) use clients::Clients;
pub use counts::{CommandCount, Counts};
pub use load::Load;
use mailbox::Mailbox;
pub use overview::Overview;
pub(crate) use pause::{PauseState, Paused};
pub(crate) use tracking::{Table as Tracking, Terms as TrackingTerms};
pub(crate) use watches::Watches;

use crate::acl::Users;
use crate::client::{Client, Watched, flag, kept_for};
use crate::limits::Limits;
use crate::session::{COUNTED_STEP, Session};
use crate::settings::Settings;

/// What the sessions of one server share.
///
/// ```
/// use larder_protocol::hub::{Arrival, Hub};
/// use larder_protocol::Limits;
///
/// let hub = Hub::new(Limits::default());
/// let session = hub.join(1, Arrival::default());
/// assert_eq!(session.id(), 1);
/// ```
#[derive(Debug)]
pub struct Hub {
    pub(crate) limits: Limits,
    pub(crate) settings: Settings,
    pub(crate) counts: Counts,
    pub(crate) users: Users,
    pub(crate) clients: Clients,
    pub(crate) channels: Channels,
    pub(crate) tracking: Tracking,
    pub(crate) watches: Watches,
    pub(crate) pause: PauseState,
    /// How often sessions have ended those of others.
    endings: AtomicU64,
    /// How many bytes all sessions hold, with their mail.
    bytes: Arc<AtomicUsize>,
    /// How many bytes the requests have that are being carried out.
    loaded: AtomicUsize,
    /// Sessions that track and keys that are watched.
    listeners: Arc<AtomicUsize>,
}

/// A client that has just connected.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Where it comes from, as `CLIENT LIST` shows it.
    pub address: Box<str>,
    /// Where it came to.
    pub local: Box<str>,
    /// Wakes the driver of its session, which then calls [`Session::advance`].
    pub waker: Waker,
    /// The wall clock in milliseconds.
    pub now_unix_ms: u64,
}

impl Default for Arrival {
    /// A client from nowhere, whose driver needs no waking.
    fn default() -> Self {
        let nowhere: Box<str> = "?:0".into();
        Self {
            address: nowhere.clone(),
            local: nowhere,
            waker: Waker::noop().clone(),
            now_unix_ms: 0,
        }
    }
}

/// What happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It has another value, or another expiry.
    Written,
    /// It is gone.
    Removed,
    /// Its copy was declared out of date.
    Invalidated,
    /// Its copy was brought from the source.
    Loaded,
    /// It, or its copy, has expired.
    Expired,
    /// It, or its copy, had to make room.
    Evicted,
}

/// A change of one key.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The whole key.
    pub key: &'a [u8],
    /// The database it is in; `None` when all databases share it.
    pub database: Option<u8>,
    /// What happened.
    pub cause: Cause,
    /// Whether what is held is but a copy of what a source holds.
    pub is_copy: bool,
    /// The session that did it in its present turn, if that is known; see [`Hub::end_turn`].
    pub by: Option<u64>,
}

impl Change<'_> {
    /// The session whose doing it is. That a key expires or makes room is nobody's, whoever's turn
    /// brought it to light.
    fn doer(&self) -> Option<u64> {
        self.by.filter(|_| !matches!(self.cause, Cause::Expired | Cause::Evicted))
    }

    /// The session that has seen it by its own command: it did it, or came upon a key that had
    /// expired.
    fn seen_by(&self) -> Option<u64> {
        self.by.filter(|_| self.cause != Cause::Evicted)
    }
}

impl Hub {
    /// A hub without sessions.
    pub fn new(limits: Limits) -> Arc<Self> {
        let listeners = Arc::<AtomicUsize>::default();
        Arc::new(Self {
            users: Users::default(),
            clients: Clients::default(),
            channels: Channels::default(),
            tracking: Tracking::new(listeners.clone()),
            watches: Watches::new(listeners.clone()),
            pause: PauseState::default(),
            settings: Settings::of(&limits),
            counts: Counts::default(),
            limits,
            endings: AtomicU64::new(0),
            bytes: Arc::default(),
            loaded: AtomicUsize::new(0),
            listeners,
        })
    }

    /// What `CONFIG` shows and changes.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How often commands ran.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The session of a client. `id` is what `CLIENT ID` answers: unique, above zero.
    pub fn join(self: &Arc<Self>, id: u64, arrival: Arrival) -> Session {
        let card = Arc::new(Card::new(id, arrival, self.mailbox()));
        self.clients.add(card.clone());
        Session::new(self.clone(), card)
    }

    fn mailbox(&self) -> Mailbox {
        Mailbox::new(self.limits.mail_bytes_max, self.bytes.clone())
    }

    /// Whether anybody wants to be told of changes. Costs one load.
    pub fn is_listening(&self) -> bool {
        self.listeners.load(Ordering::Relaxed) > 0
    }

    /// Grows whenever something comes into force that may bar sessions from what they could do before:
    /// other rules of users, a pause, an end by another session.
    pub fn revision(&self) -> u64 {
        self.users.changes() + self.pause.begun() + self.endings.load(Ordering::SeqCst)
    }

    /// Tells those whom it concerns that a key has changed, after it has. Calls of one key must
    /// come in the order of the changes; a caller may hold locks of its own meanwhile, as nothing
    /// is called back but wakers.
    pub fn changed(&self, change: &Change<'_>) {
        self.watches.changed(change);
        self.tracking.changed(change, &self.clients);
    }

    /// The turn of a session is over, in which it may have made changes. Those who listen to
    /// prefixes are told of all of them together, now.
    pub fn end_turn(&self, id: u64) {
        self.tracking.end_turn(id, &self.clients);
    }

    /// Tells those whom it concerns that a database, or every one, has been emptied.
    pub fn cleared(&self, database: Option<u8>) {
        self.watches.cleared(database);
        self.tracking.cleared(&self.clients);
    }

    /// Ends the pause of all clients.
    pub(crate) fn end_pause(&self) {
        self.pause.end();
        self.clients.each(|card| card.wake_if_held());
    }

    /// A session has gone.
    pub(crate) fn leave(&self, client: &mut Client, counted: usize) {
        self.end_turn(client.id());
        self.forget(client);
        self.tracking.leave(client.id());
        self.clients.remove(client.id());
        self.bytes.fetch_sub(counted, Ordering::Relaxed);
    }

    /// Ends sessions of others. Whoever asks from now on finds them gone, though their drivers may
    /// have yet to notice.
    pub(crate) fn end_others(&self, cards: &[Arc<Card>]) {
        for card in cards {
            card.end();
            self.tracking.leave(card.id);
            self.clients.remove(card.id);
        }
        if !cards.is_empty() {
            self.channels.forget_ended();
            self.endings.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Ends what a session has to do with others.
    pub(crate) fn forget(&self, client: &mut Client) {
        self.unwatch(client);
        for channel in mem::take(&mut client.channels) {
            client.keeps(0, kept_for(&channel));
            self.channels.unsubscribe(&channel, &client.card);
        }
        for pattern in mem::take(&mut client.patterns) {
            client.keeps(0, kept_for(&pattern));
            self.channels.unsubscribe_pattern(&pattern, &client.card);
        }
        self.tracking.rest(client.id());
    }

    /// Ends all watches of a client.
    pub(crate) fn unwatch(&self, client: &mut Client) {
        for Watched { key, database, .. } in mem::take(&mut client.watched) {
            client.keeps(0, kept_for(&key));
            self.watches.remove(&key, database, &client.card);
        }
        client.card.unspoil();
    }

    /// Notes that a session holds another number of bytes. When that is too much for all of them,
    /// the one that holds most is ended.
    pub(crate) fn count_bytes(&self, card: &Card, before: usize, now: usize) {
        let sum = match now.checked_sub(before) {
            Some(more) => self.bytes.fetch_add(more, Ordering::Relaxed) + more,
            None => {
                self.bytes.fetch_sub(before - now, Ordering::Relaxed);
                return;
            }
        };
        if !card.is_ended() {
            self.relieve(sum, Some(card.id));
        }
    }

    /// Ends those that hold most when all hold too much, but not very many at a time.
    fn relieve(&self, sum: usize, grown: Option<u64>) {
        const ENDED_MAX: usize = 8;
        let bytes_max = self.settings.sessions_bytes_max(&self.limits);
        for _ in 0..ENDED_MAX {
            if sum <= bytes_max || !self.end_largest(sum - bytes_max, grown) {
                break;
            }
        }
    }

    /// Ends the one that holds most, unless those that are ended already are about to give back
    /// `excess`. Of several that hold as much it is the one that has `grown`, as that one can let
    /// go at once. Says whether there is one.
    fn end_largest(&self, excess: usize, grown: Option<u64>) -> bool {
        let (mut ending, mut largest) = (0, None::<(usize, bool, Arc<Card>)>);
        self.clients.each(|card| {
            let bytes = card.tally.sums().total() + card.mail_bytes();
            if card.is_ended() {
                ending += bytes;
                return;
            }
            let is_spared = card.tally.flags.load(Ordering::Relaxed) & flag::NO_EVICT != 0;
            let has_grown = grown == Some(card.id);
            let is_larger =
                largest.as_ref().is_none_or(|(most, grew, _)| (*most, *grew) < (bytes, has_grown));
            // Nothing is won by ending one that holds next to nothing.
            if is_larger && !is_spared && bytes >= COUNTED_STEP {
                largest = Some((bytes, has_grown, card.clone()));
            }
        });
        let ended = largest.filter(|_| ending < excess);
        ended.inspect(|(_, _, card)| card.end()).is_some()
    }

    /// Forgets keys that are more than may be tracked by now.
    pub(crate) fn shrink_tracking(&self) {
        self.tracking.shrink(self.settings.tracked_keys_max(&self.limits), &self.clients);
    }

    /// Does what time brings: ends idle and slow clients, and a pause that is over, and forgets
    /// keys that are more than may be tracked by now. To be called several times a second.
    pub fn tick(&self, now_unix_ms: u64) {
        self.shrink_tracking();
        let idle_max = self.settings.idle_timeout_ms(&self.limits);
        if self.pause.end_if_over(now_unix_ms) {
            self.clients.each(|card| card.wake_if_held());
        }
        // Whoever fills the mail of others does not look at the sum.
        self.relieve(self.bytes.load(Ordering::Relaxed), None);
        self.clients.each(|card| {
            if card.is_overdue(&self.limits, idle_max, now_unix_ms) {
                card.end();
            }
        });
    }
}
