//! How much one session may make this process hold.

/// Bounds on what a peer can send, and on what is kept for it.
///
/// All sizes are bytes and counts of one session. One value is shared by every session of a
/// listener; [`Limits::default`] suits a server whose clients are applications, not the public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The longest argument (Redis' `proto-max-bulk-len`).
    pub bulk_bytes_max: usize,
    /// The most arguments in one request, its name included.
    pub arguments_max: usize,
    /// The longest line: an inline request, or the count before a bulk string.
    pub inline_bytes_max: usize,
    /// How deep a frame may nest, when frames in general are decoded.
    pub nesting_max: usize,
    /// The longest request in all. Never more than 4 GiB, whatever is written here.
    pub input_bytes_max: usize,
    /// How much is read ahead of requests that may not run yet, before input is refused.
    pub backlog_bytes_max: usize,
    /// How much unsent output stops further requests from running.
    pub output_bytes_high: usize,
    /// How much unsent output ends the session: a single reply can pass `output_bytes_high`.
    pub output_bytes_max: usize,
    /// The most requests of one session that wait for the store at a time.
    pub waiting_max: usize,
    /// How many bytes of requests a transaction may queue.
    pub transaction_bytes_max: usize,
    /// How many channels and patterns a session may listen to.
    pub subscriptions_max: usize,
    /// How many keys a session may watch.
    pub watches_max: usize,
    /// How many bytes of messages may wait for a session that does not take them.
    pub mail_bytes_max: usize,
    /// How many keys are remembered for sessions that track (Redis' `tracking-table-max-keys`).
    pub tracked_keys_max: usize,
    /// How many bytes all sessions may hold together, in input, output and transactions (Redis'
    /// `maxmemory-clients`); past it, the one that holds most is ended.
    pub sessions_bytes_max: usize,
    /// How long a request may take to arrive whole, in milliseconds.
    pub request_timeout_ms: Option<u64>,
    /// How long a session may be idle, in milliseconds (Redis' `timeout`).
    pub idle_timeout_ms: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1 << 20;
        Self {
            bulk_bytes_max: 64 * MIB,
            arguments_max: 1 << 20,
            inline_bytes_max: 64 << 10,
            nesting_max: 32,
            input_bytes_max: 256 * MIB,
            backlog_bytes_max: MIB,
            output_bytes_high: MIB,
            output_bytes_max: 256 * MIB,
            waiting_max: 4096,
            transaction_bytes_max: 64 * MIB,
            subscriptions_max: 100_000,
            watches_max: 100_000,
            mail_bytes_max: 32 * MIB,
            tracked_keys_max: 1_000_000,
            sessions_bytes_max: 1024 * MIB,
            request_timeout_ms: Some(30_000),
            idle_timeout_ms: None,
        }
    }
}
