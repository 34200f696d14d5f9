//! What is asked about the queues of writes.

/// A question about the journals of keyspaces, or an order to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalRequest<'a> {
    /// What they hold and have done; answers [`Outcome::Reply`](super::Outcome::Reply).
    Status {
        /// Only that of this keyspace.
        keyspace: Option<&'a [u8]>,
    },
    /// The dead letters of a keyspace; answers [`Outcome::Reply`](super::Outcome::Reply).
    DeadLetters {
        /// The keyspace.
        keyspace: &'a [u8],
        /// Only those behind this one.
        after: u64,
        /// At most so many.
        count: usize,
    },
    /// Queues dead letters again; answers [`Outcome::Count`](super::Outcome::Count).
    Replay {
        /// The keyspace.
        keyspace: &'a [u8],
        /// Which of them.
        letters: Letters,
        /// Those too whose key has been written since.
        force: bool,
    },
    /// Takes dead letters away for good; answers [`Outcome::Count`](super::Outcome::Count).
    Discard {
        /// The keyspace.
        keyspace: &'a [u8],
        /// Which of them.
        letters: Letters,
    },
}

/// Some dead letters of a keyspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Letters {
    /// All that there are.
    All,
    /// Those with these numbers.
    Numbered(Vec<u64>),
}

/// Whose queued writes are to reach the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flushed<'a> {
    /// Those of every keyspace.
    All,
    /// Those of this keyspace.
    Keyspace(&'a [u8]),
    /// Those of this key.
    Key(&'a [u8]),
}
