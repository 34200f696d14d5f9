//! What commands mean for a keyspace: data for `docs/commands.md`.

/// What a command does to a key's copy and to the row behind it. Each row of the table names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Meaning {
    /// It concerns no key.
    #[default]
    NoKeys,
    ReadValue,
    ReadFields,
    WriteValue,
    WriteFields,
    Remove,
    Transfer,
    Expiry,
    Cached,
    Drop,
    Lease,
    Queue,
    /// As the command that it carries.
    AsCarried,
}

/// The ways in which a keyspace can be kept, as the columns of the documentation have them.
pub(crate) const WAYS: [&str; 6] =
    ["no source", "cache-aside", "read-through", "write-through", "write-behind", "write-around"];

impl Meaning {
    pub(crate) const ALL: [Self; 13] = [
        Self::ReadValue,
        Self::ReadFields,
        Self::WriteValue,
        Self::WriteFields,
        Self::Remove,
        Self::Transfer,
        Self::Expiry,
        Self::Cached,
        Self::Drop,
        Self::Lease,
        Self::Queue,
        Self::AsCarried,
        Self::NoKeys,
    ];

    /// A word for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::NoKeys => "no keys",
            Self::ReadValue => "reads a value",
            Self::ReadFields => "reads fields",
            Self::WriteValue => "writes a value",
            Self::WriteFields => "writes fields",
            Self::Remove => "removes",
            Self::Transfer => "transfers",
            Self::Expiry => "expiry",
            Self::Cached => "what is cached",
            Self::Drop => "drops copies",
            Self::Lease => "lease",
            Self::Queue => "waits for the queue",
            Self::AsCarried => "as carried",
        }
    }

    /// What it comes to in each of [`WAYS`]; one sentence when it is the same in all.
    pub(crate) const fn sentences(self) -> &'static [&'static str] {
        match self {
            Self::NoKeys => &["Concerns no key, and so no strategy."],
            Self::ReadValue | Self::ReadFields => &[
                "answers the value; a miss is a key that does not exist",
                "answers the copy; a miss is answered as a key that does not exist, and the \
                 application loads and fills",
                "answers the copy; a miss loads",
                "answers the copy; a miss loads",
                "answers the copy; a miss looks at the queue of writes, then loads",
                "answers the copy; a miss loads, or is as under cache-aside with \
                 `read = \"cache-aside\"`",
            ],
            Self::WriteValue | Self::WriteFields => &[
                "changes the value",
                "refused with `-READONLY`: write the source, then `DEL`",
                "refused with `-READONLY`: write the source, then `DEL`",
                "writes the source, then the copy, then replies (`order` can turn the first two \
                 around)",
                "queues the write, then changes the copy, then replies; the source follows",
                "writes the source, drops the copy (unless `drop_cached = false`), then replies",
            ],
            Self::Remove => &[
                "removes the key",
                "drops the copy: an invalidation",
                "drops the copy: an invalidation",
                "deletes the row, then the copy",
                "queues the delete; the key is absent from then on",
                "deletes the row and drops the copy",
            ],
            Self::Transfer => &[
                "in one step, with the expiry",
                "refused with `-READONLY`",
                "refused with `-READONLY`",
                "reads one row, writes the other, and deletes the first unless it is to stay: \
                 not in one step",
                "as under write-through, through the queue",
                "as under write-through, and copies are dropped",
            ],
            Self::Expiry => &[
                "the value's own: it is gone when it expires",
                "the copy's",
                "the copy's: the read after it loads; the row stays",
                "the copy's: the read after it loads; the row stays",
                "the copy's: the read after it looks at the queue, then loads; the row stays",
                "the copy's: the read after it loads; the row stays",
            ],
            Self::Cached => &[
                "Looks at what is cached at the moment and at nothing else: it loads nothing, and \
                 a row without a copy is not seen.",
            ],
            Self::Drop => &[
                "the values are gone, since they are nowhere else",
                "drops copies; the rows stay",
                "drops copies; the rows stay",
                "drops copies; the rows stay",
                "drops copies; the rows and what is queued stay",
                "drops copies; the rows stay",
            ],
            Self::Lease => &[
                "yes",
                "yes: this is how the application fills",
                "refused with `-READONLY`: larder loads",
                "refused with `-READONLY`: larder loads",
                "refused with `-READONLY`: larder loads",
                "only with `read = \"cache-aside\"`",
            ],
            Self::Queue => &[
                "Waits, under write-behind, until the source has what is queued for the key; where \
                 nothing is queued there is nothing to wait for.",
            ],
            Self::AsCarried => &["Means what the command that follows means."],
        }
    }
}
