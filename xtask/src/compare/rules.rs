//! Where replies may differ: what Redis leaves open, and what larder does otherwise on purpose.
//!
//! This is the one place for it. `cargo xtask compare --known-differences` prints it for
//! `crates/protocol/docs/commands/differences.md`, from where it goes into `docs/commands.md`.

use super::sequence::name;

/// Which replies of some commands may differ, how, and why.
pub(super) struct Rule {
    pub(super) commands: &'static [&'static str],
    pub(super) tolerance: Tolerance,
    pub(super) reason: &'static str,
}

/// How replies may differ. An error is never taken for a reply that is none, and two errors are
/// always compared byte for byte, except under [`Tolerance::Anything`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tolerance {
    /// The order of the items.
    Order,
    /// The order of pairs that follow each other in an array, or of the entries of a map.
    PairOrder,
    /// The order of the words of texts, and those about commands, or the category, that only larder
    /// has.
    WordOrder,
    /// Which items there are; not their number and kind.
    Choice,
    /// A number, by so much; negative ones are answers of another kind.
    Number(i64),
    /// What the items of an array are; it is an array in either case.
    Items,
    /// Everything except its kind.
    Value,
    /// As [`Value`](Self::Value), and larder may answer that there is nothing.
    ValueOrNull,
    /// The cursor, the order and the repetitions of a walk over keys or fields.
    Walk,
    /// The values of some fields.
    Fields(&'static [&'static str]),
    /// The order in which the parts of several replies are.
    ReplyOrder,
    /// Items that larder does not have.
    FewerItems,
    /// The order of parameters and, where a pattern asks for them, which there are.
    Parameters,
    /// Everything.
    Anything,
}

/// What Redis leaves open.
pub(super) const OPEN: &[Rule] = &[
    Rule {
        commands: &["KEYS", "HKEYS", "HVALS", "PUBSUB CHANNELS"],
        tolerance: Tolerance::Order,
        reason: "the order of keys, fields and channels is undefined",
    },
    Rule {
        commands: &["HGETALL"],
        tolerance: Tolerance::PairOrder,
        reason: "the order of fields is undefined",
    },
    Rule {
        commands: &["SCAN", "HSCAN"],
        tolerance: Tolerance::Walk,
        reason: "the cursor and the order of a walk are undefined",
    },
    Rule {
        commands: &["UNSUBSCRIBE", "PUNSUBSCRIBE"],
        tolerance: Tolerance::ReplyOrder,
        reason: "the order in which a client leaves all channels is undefined",
    },
    Rule {
        commands: &["RANDOMKEY", "HRANDFIELD", "ACL GENPASS"],
        tolerance: Tolerance::Choice,
        reason: "the choice is random",
    },
    Rule {
        commands: &["TTL", "EXPIRETIME"],
        tolerance: Tolerance::Number(2),
        reason: "time passes between the two servers",
    },
    Rule {
        commands: &["PTTL", "PEXPIRETIME"],
        tolerance: Tolerance::Number(2_000),
        reason: "time passes between the two servers",
    },
    Rule {
        commands: &[
            "TIME",
            "OBJECT IDLETIME",
            "CLIENT ID",
            "CLIENT INFO",
            "CLIENT LIST",
            "LASTSAVE",
            "INFO",
        ],
        tolerance: Tolerance::Value,
        reason: "it tells of the moment and of the server",
    },
    Rule {
        commands: &["HELLO"],
        tolerance: Tolerance::Fields(&["id"]),
        reason: "each server counts its own clients",
    },
    Rule {
        commands: &["ACL GETUSER", "ACL LIST"],
        tolerance: Tolerance::WordOrder,
        reason: "the order of the rules about single commands is undefined",
    },
    Rule {
        commands: &["ACL LOG"],
        tolerance: Tolerance::Fields(&["age-seconds", "client-info"]),
        reason: "it tells of the moment",
    },
];

/// What larder does otherwise.
pub(super) const KNOWN: &[Rule] = &[
    Rule {
        commands: &["COMMAND", "COMMAND COUNT", "COMMAND LIST", "ACL CAT"],
        tolerance: Tolerance::FewerItems,
        reason: "larder tells of the commands that it has",
    },
    Rule {
        commands: &["CONFIG GET"],
        tolerance: Tolerance::Parameters,
        reason: "a pattern finds the parameters that larder has, with its own values",
    },
    Rule {
        commands: &["COMMAND DOCS"],
        tolerance: Tolerance::Items,
        reason: "larder describes its commands in its own words",
    },
    Rule {
        commands: &["ACL HELP", "CLIENT HELP", "COMMAND HELP", "CONFIG HELP", "DEBUG HELP"],
        tolerance: Tolerance::Items,
        reason: "larder describes the subcommands that it has, in its own words",
    },
    Rule {
        commands: &["FUNCTION HELP", "MEMORY HELP", "OBJECT HELP", "PUBSUB HELP"],
        tolerance: Tolerance::Items,
        reason: "larder describes the subcommands that it has, in its own words",
    },
    Rule {
        commands: &["CLIENT NO-TOUCH", "CLIENT SETINFO"],
        tolerance: Tolerance::Anything,
        reason: "larder has these commands of Redis 7.2, since clients send them",
    },
    Rule {
        commands: &["OBJECT REFCOUNT"],
        tolerance: Tolerance::Number(1),
        reason: "Redis counts the command of the same transaction that has brought the value, too",
    },
    Rule {
        commands: &["MEMORY USAGE"],
        tolerance: Tolerance::ValueOrNull,
        reason: "an entry takes as many bytes as it does in larder's own memory; Redis also tells of one \
                 that has expired until it is removed",
    },
];

/// What larder does otherwise that is not about the reply to one command. The comparison knows it
/// from its own structure: it keeps messages apart, and sends nothing else of this.
const APART: &[&str] = &[
    "A message comes before or after the reply to `EXEC`; Redis 7.0 puts one that the client publishes \
     to itself in the midst of that reply.",
    "A key has at most `key_bytes_max` bytes (16 KiB by default); Redis allows 512 MiB.",
    "A command has at most `arguments_max` arguments (1,048,576 by default); Redis allows 2^31 - 1.",
    "`TIME` tells microseconds as whole milliseconds; `INFO commandstats` counts calls and measures no \
     time.",
    "`CONFIG GET` answers what holds in larder: there is no persistence (`save` is empty), whatever is \
     used least is evicted (`maxmemory-policy` is `allkeys-lru`), and `port`, `bind` and `dir` are its \
     own.",
    "`ACL GETUSER` and `ACL LIST` tell of larder's own commands too, and of their category `@cache`, \
     among the rules about others.",
    "`MEMORY` has `USAGE` only, `FUNCTION` has `FLUSH` only, as there are no functions, and `DEBUG` \
     has what can do no harm.",
];

/// Commands that larder will not have, by what they are about. It answers as Redis does to a command
/// that there is not.
pub(super) const ABSENT: &[(&str, &[&str])] = &[
    (
        "lists",
        &[
            "LPUSH",
            "RPUSH",
            "LPUSHX",
            "RPUSHX",
            "LPOP",
            "RPOP",
            "LRANGE",
            "LLEN",
            "LINDEX",
            "LSET",
            "LINSERT",
            "LREM",
            "LTRIM",
            "LMOVE",
            "LPOS",
            "RPOPLPUSH",
            "BLPOP",
            "BRPOP",
            "BLMOVE",
        ],
    ),
    (
        "sets",
        &[
            "SADD",
            "SREM",
            "SMEMBERS",
            "SISMEMBER",
            "SMISMEMBER",
            "SCARD",
            "SPOP",
            "SRANDMEMBER",
            "SMOVE",
            "SINTER",
            "SUNION",
            "SDIFF",
            "SSCAN",
        ],
    ),
    (
        "sorted sets",
        &[
            "ZADD",
            "ZREM",
            "ZRANGE",
            "ZRANGEBYSCORE",
            "ZSCORE",
            "ZCARD",
            "ZCOUNT",
            "ZINCRBY",
            "ZRANK",
            "ZPOPMIN",
            "ZPOPMAX",
            "ZUNION",
            "ZSCAN",
        ],
    ),
    ("streams", &["XADD", "XRANGE", "XREAD", "XLEN", "XDEL", "XTRIM", "XGROUP", "XACK", "XINFO"]),
    ("scripts and functions", &["EVAL", "EVALSHA", "EVAL_RO", "SCRIPT", "FCALL", "FCALL_RO"]),
    ("positions on a map", &["GEOADD", "GEODIST", "GEOPOS", "GEOSEARCH"]),
    ("estimates", &["PFADD", "PFCOUNT", "PFMERGE"]),
    ("bits", &["SETBIT", "GETBIT", "BITCOUNT", "BITOP", "BITPOS", "BITFIELD", "BITFIELD_RO"]),
    (
        "clusters and replicas",
        &[
            "CLUSTER",
            "ASKING",
            "READONLY",
            "READWRITE",
            "REPLICAOF",
            "SSUBSCRIBE",
            "SPUBLISH",
            "WAIT",
        ],
    ),
    ("files", &["SAVE", "BGSAVE", "BGREWRITEAOF", "LASTSAVE", "DUMP", "RESTORE", "MIGRATE"]),
    ("other", &["SORT", "SORT_RO", "SWAPDB", "MODULE", "LATENCY", "LOLWUT"]),
];

/// The rules that a command is under.
pub(super) fn find(arguments: &[Vec<u8>]) -> impl Iterator<Item = &'static Rule> {
    let name = name(arguments);
    let rules = OPEN.iter().chain(KNOWN);
    rules.filter(move |rule| rule.commands.contains(&name.as_str()))
}

/// What larder does otherwise, in Markdown.
pub(super) fn known_differences() -> String {
    let mut text = String::from("| commands | what differs |\n|---|---|\n");
    for rule in KNOWN {
        text += &format!("| {} | {} |\n", quoted(rule.commands), rule.reason);
    }
    text += "\n";
    for sentence in APART {
        text += &format!("- {sentence}\n");
    }
    text += "\n| absent | commands |\n|---|---|\n";
    for (subject, commands) in ABSENT {
        text += &format!("| {subject} | {} |\n", quoted(commands));
    }
    text
}

fn quoted(commands: &[&str]) -> String {
    commands.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_under_one_rule() {
        let all: Vec<_> = OPEN.iter().chain(KNOWN).flat_map(|rule| rule.commands).collect();
        for (place, name) in all.iter().enumerate() {
            assert!(!all[..place].contains(name), "{name}");
        }
    }

    #[test]
    fn rules_are_found_by_name_in_any_case() {
        assert_eq!(find(&[b"ttl".into(), b"k".into()]).count(), 1);
        assert_eq!(find(&[b"client".into(), b"Id".into()]).count(), 1);
        assert_eq!(find(&[b"GET".into(), b"k".into()]).count(), 0);
    }

    #[test]
    fn the_known_differences_are_told_with_their_reasons() {
        let text = known_differences();
        assert!(text.contains("| `MEMORY USAGE` | "), "{text}");
        assert!(text.contains("| lists | `LPUSH`"), "{text}");
    }

    #[test]
    fn the_documentation_has_the_known_differences() {
        let path = "../crates/protocol/docs/commands/differences.md";
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let written = std::fs::read_to_string(path).unwrap();
        assert!(written.ends_with(&known_differences()), "see `compare --known-differences`");
    }
}
