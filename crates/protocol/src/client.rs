//! What a session knows about the client at the other end.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use crate::acl::{Identity, Users};
use crate::args::{Args, OwnedArgs};
use crate::command::Command;
use crate::error::Error;
use crate::frame::Protocol;
use crate::hub::Card;

/// Who the client is, and what it has asked of its session.
#[derive(Debug)]
pub(crate) struct Client {
    /// What others see of it.
    pub(crate) card: Arc<Card>,
    /// Who it is.
    pub(crate) identity: Identity,
    /// `HELLO`.
    pub(crate) protocol: Protocol,
    /// `SELECT`.
    pub(crate) database: u8,
    /// What has been queued since `MULTI`.
    pub(crate) transaction: Option<Transaction>,
    /// `WATCH`.
    pub(crate) watched: Vec<Watched>,
    /// `SUBSCRIBE`.
    pub(crate) channels: BTreeSet<Arc<[u8]>>,
    /// `PSUBSCRIBE`.
    pub(crate) patterns: BTreeSet<Arc<[u8]>>,
    /// `CLIENT TRACKING ON`.
    pub(crate) tracking: Option<Tracking>,
    /// `CLIENT REPLY`.
    pub(crate) replies: Replies,
    /// How many bytes are kept of what it listens to, what it watches, and its names.
    pub(crate) kept_bytes: usize,
    /// The name of its last command.
    pub(crate) last_command: &'static str,
    /// `CLIENT NO-EVICT ON`.
    pub(crate) no_evict: bool,
    /// `CLIENT NO-TOUCH ON`.
    pub(crate) no_touch: bool,
}

/// Requests that wait for their `EXEC`.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    pub(crate) requests: Vec<Queued>,
    pub(crate) bytes: usize,
    /// One of the requests was refused, so none will run.
    pub(crate) is_refused: bool,
}

/// A request that waits for its `EXEC`.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) command: &'static Command,
    pub(crate) args: OwnedArgs,
}

/// A key that is watched.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) key: Box<[u8]>,
    pub(crate) database: u8,
    /// There was a value of its own under it, no copy: if that expires, it has changed.
    pub(crate) was_there: bool,
}

/// About how many bytes it takes to note that a client watches `key`, or listens to it.
pub(crate) fn kept_for(key: &[u8]) -> usize {
    const UPKEEP: usize = 128;
    key.len() + UPKEEP
}

/// How the client is told of keys that change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tracking {
    pub(crate) selection: Selection,
    pub(crate) redirect: Option<u64>,
    pub(crate) no_loop: bool,
    /// The session that was to be told is gone.
    pub(crate) is_broken: bool,
    /// What `CLIENT CACHING` said of the next command.
    pub(crate) caching: Option<bool>,
}

/// Which keys a client is told of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Selection {
    /// Those that it reads.
    #[default]
    Read,
    /// Those that it reads right after `CLIENT CACHING YES`.
    OptIn,
    /// Those that it reads, except right after `CLIENT CACHING NO`.
    OptOut,
    /// All that begin with one of these.
    Broadcast(Vec<Box<[u8]>>),
}

/// Which replies the client wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Replies {
    #[default]
    All,
    /// None until further notice.
    Off,
    /// Not the one to this command, but that to the next but one.
    SkipNext,
    /// Not the one to this command.
    SkipThis,
}

impl Replies {
    /// Whether that to the present command is not sent.
    pub(crate) fn are_kept_back(self) -> bool {
        matches!(self, Self::Off | Self::SkipThis)
    }
}

impl Transaction {
    /// Adds a request; false when that would be more than `bytes_max`. Nothing is kept of a
    /// transaction that will not run.
    pub(crate) fn queue(
        &mut self,
        command: &'static Command,
        args: Args<'_>,
        bytes_max: usize,
    ) -> bool {
        if self.is_refused {
            return true;
        }
        let request = Queued { command, args: args.to_owned() };
        self.bytes += request.size();
        if self.bytes > bytes_max {
            self.requests = Vec::new();
            self.bytes = 0;
            return false;
        }
        self.requests.push(request);
        true
    }
}

impl Queued {
    /// About how many bytes it takes to hold.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>() + self.args.size()
    }
}

/// What a session is up to, as bits that others see of it.
pub(crate) mod flag {
    pub(crate) const SUBSCRIBED: u32 = 1;
    pub(crate) const IN_TRANSACTION: u32 = 1 << 1;
    pub(crate) const TRACKS: u32 = 1 << 2;
    pub(crate) const REDIRECT_BROKEN: u32 = 1 << 3;
    pub(crate) const BROADCAST: u32 = 1 << 4;
    pub(crate) const NO_EVICT: u32 = 1 << 5;
    pub(crate) const NO_TOUCH: u32 = 1 << 6;
    pub(crate) const ENDS: u32 = 1 << 7;
    pub(crate) const WAITS: u32 = 1 << 8;
}

impl Client {
    pub(crate) fn new(card: Arc<Card>, users: &Users) -> Self {
        let identity = Identity::unknown(users);
        card.names.lock().user = identity.user().name().into();
        Self {
            card,
            identity,
            protocol: Protocol::default(),
            database: 0,
            transaction: None,
            watched: Vec::new(),
            channels: BTreeSet::new(),
            patterns: BTreeSet::new(),
            tracking: None,
            replies: Replies::All,
            kept_bytes: 0,
            last_command: "",
            no_evict: false,
            no_touch: false,
        }
    }

    pub(crate) fn become_user(&mut self, identity: Identity) {
        self.card.names.lock().user = identity.user().name().into();
        self.identity = identity;
    }

    pub(crate) fn id(&self) -> u64 {
        self.card.id
    }

    /// Takes a name, or none when it is empty.
    pub(crate) fn rename(&mut self, name: &[u8]) -> Result<(), Error> {
        if !is_plain(name) {
            let text = "Client names cannot contain spaces, newlines or special characters.";
            return Err(Error::plain(text));
        }
        let before = mem::replace(&mut self.card.names.lock().name, name.into());
        self.keeps(name.len(), before.len());
        Ok(())
    }

    /// Notes that `more` bytes are kept for it, and `fewer` are not any longer.
    pub(crate) fn keeps(&mut self, more: usize, fewer: usize) {
        self.kept_bytes = (self.kept_bytes + more).saturating_sub(fewer);
    }

    pub(crate) fn is_subscribed(&self) -> bool {
        !self.channels.is_empty() || !self.patterns.is_empty()
    }

    pub(crate) fn subscriptions(&self) -> usize {
        self.channels.len() + self.patterns.len()
    }

    /// Whether the keys that the present command reads are to be remembered.
    pub(crate) fn remembers_reads(&self) -> bool {
        self.tracking.as_ref().is_some_and(|tracking| match tracking.selection {
            Selection::Read => true,
            Selection::OptIn => tracking.caching == Some(true),
            Selection::OptOut => tracking.caching != Some(false),
            Selection::Broadcast(_) => false,
        })
    }

    /// `CLIENT CACHING` holds for one command, or for the transaction that follows.
    pub(crate) fn end_caching(&mut self, command: &Command) {
        let is_over = self.transaction.is_none() && !command.name.starts_with("client");
        if let (true, Some(tracking)) = (is_over, &mut self.tracking) {
            tracking.caching = None;
        }
    }

    /// What it is up to, as [`flag`]s.
    pub(crate) fn flags(&self) -> u32 {
        let tracking = self.tracking.as_ref();
        let is_broadcast =
            |tracking: &Tracking| matches!(tracking.selection, Selection::Broadcast(_));
        [
            (self.is_subscribed(), flag::SUBSCRIBED),
            (self.transaction.is_some(), flag::IN_TRANSACTION),
            (tracking.is_some(), flag::TRACKS),
            (tracking.is_some_and(|tracking| tracking.is_broken), flag::REDIRECT_BROKEN),
            (tracking.is_some_and(is_broadcast), flag::BROADCAST),
            (self.no_evict, flag::NO_EVICT),
            (self.no_touch, flag::NO_TOUCH),
        ]
        .into_iter()
        .fold(0, |flags, (is_set, flag)| flags | if is_set { flag } else { 0 })
    }
}

/// Whether `text` can stand in a list of clients, one a line with blanks between the columns.
pub(crate) fn is_plain(text: &[u8]) -> bool {
    text.iter().all(|byte| (b'!'..=b'~').contains(byte))
}
