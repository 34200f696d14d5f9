//! Where the parameters are that something depends on.

use super::table::TABLE;

/// A parameter that is known to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place(usize);

impl Place {
    pub(super) const fn at(index: usize) -> Self {
        Self(index)
    }

    pub(super) const fn index(self) -> usize {
        self.0
    }

    /// Its name, the first if it has two.
    pub const fn name(self) -> &'static str {
        TABLE[self.0].name
    }
}

macro_rules! places {
    ($($(#[$doc:meta])* $place:ident = $name:literal;)*) => {
        $($(#[$doc])* pub const $place: Place = find($name);)*
    };
}

places! {
    /// What channels a new user may use.
    ACL_PUBSUB_DEFAULT = "acl-pubsub-default";
    /// How many denials are remembered.
    ACLLOG_MAX_LEN = "acllog-max-len";
    /// The addresses that are listened on.
    BIND = "bind";
    /// How much unsent output ends a session, by what it is.
    CLIENT_OUTPUT_BUFFER_LIMIT = "client-output-buffer-limit";
    /// The longest request.
    CLIENT_QUERY_BUFFER_LIMIT = "client-query-buffer-limit";
    /// Where relative file names begin.
    DIR = "dir";
    /// The most fields of a hash that is kept small.
    HASH_MAX_LISTPACK_ENTRIES = "hash-max-listpack-entries";
    /// The longest field or value of a hash that is kept small.
    HASH_MAX_LISTPACK_VALUE = "hash-max-listpack-value";
    /// How fast frequencies fall.
    LFU_DECAY_TIME = "lfu-decay-time";
    /// How slowly frequencies rise.
    LFU_LOG_FACTOR = "lfu-log-factor";
    /// How many clients may be connected.
    MAXCLIENTS = "maxclients";
    /// How much the default keyspace may hold.
    MAXMEMORY = "maxmemory";
    /// How much all sessions may hold together.
    MAXMEMORY_CLIENTS = "maxmemory-clients";
    /// What is evicted.
    MAXMEMORY_POLICY = "maxmemory-policy";
    /// The port.
    PORT = "port";
    /// The longest argument.
    PROTO_MAX_BULK_LEN = "proto-max-bulk-len";
    /// The password of the default user.
    REQUIREPASS = "requirepass";
    /// After how long silent connections are probed.
    TCP_KEEPALIVE = "tcp-keepalive";
    /// How long a client may be idle.
    TIMEOUT = "timeout";
    /// The port for TLS.
    TLS_PORT = "tls-port";
    /// How many keys are remembered for sessions that track.
    TRACKING_TABLE_MAX_KEYS = "tracking-table-max-keys";
}

/// Does not compile for a name that is not in the table.
const fn find(name: &str) -> Place {
    let mut index = 0;
    while !is(TABLE[index].name.as_bytes(), name.as_bytes()) {
        index += 1;
    }
    Place(index)
}

const fn is(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut place = 0;
    while place < one.len() {
        if one[place] != other[place] {
            return false;
        }
        place += 1;
    }
    true
}
