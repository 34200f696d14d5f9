//! Kinds of arguments, each with a way to draw one: few different ones, so that commands meet, and
//! odd ones now and then.

use crate::random::Random;

/// Draws an argument.
pub(super) type Draw = fn(&mut Random) -> Vec<u8>;

/// How often an argument is none of its kind.
const ODD: usize = 25;

const KINDS: &[(&str, Draw)] = &[
    ("key", key),
    ("field", field),
    ("value", value),
    ("text", |random| one(random, &["", "a", "abcde", "ohmytext", "mynewtext", "a b\r\n", "\0"])),
    ("integer", |random| odd(random, integer)),
    ("float", |random| odd(random, float)),
    ("index", |random| odd(random, index)),
    ("offset", |random| odd(random, offset)),
    ("count", |random| odd(random, count)),
    ("database", |random| odd(random, database)),
    ("seconds", |random| odd(random, |random| lifetime(random, 1))),
    ("milliseconds", |random| odd(random, |random| lifetime(random, 1_000))),
    ("second", |random| odd(random, |random| moment(random, 1))),
    ("millisecond", |random| odd(random, |random| moment(random, 1_000))),
    ("pattern", pattern),
    ("type", |random| one(random, &["string", "hash", "list", "STRING", "zset", "nosuch"])),
    ("cursor", |random| if random.once_in(6) { odd(random, integer) } else { b"0".into() }),
    ("channel", |random| one(random, &["news", "news.a", "news.b", "chat", "", "a\0b"])),
    ("channels", |random| one(random, &["news*", "news.?", "*", "n[ae]ws", "chat", ""])),
    ("message", value),
    ("user", |random| one(random, &["alice", "bob", "carol", "alice", "bob", "nobody"])),
    ("password", |random| one(random, &["secret", "other", "", "p w"])),
    ("rule", rule),
    ("category", |random| {
        one(random, &["read", "write", "string", "hash", "fast", "slow", "keyspace", "nosuch"])
    }),
    ("command", |random| {
        one(random, &["get", "set", "mset", "hset", "copy", "config|get", "del", "ping", "nosuch"])
    }),
    ("parameter", |random| one(random, PARAMETERS)),
    ("name", |random| one(random, &["me", "", "a-b:c", "a b", "a\nb", "\x7f"])),
    ("anything", anything),
];

const PARAMETERS: &[&str] = &["maxmemory-policy", "databases", "nosuch", "appendonly", "save"];

/// How to draw an argument of the kind with that name.
pub(super) fn kind(name: &str) -> Option<Draw> {
    KINDS.iter().find(|(other, _)| *other == name).map(|(_, draw)| *draw)
}

/// An argument that hardly any command expects.
pub(super) fn anything(random: &mut Random) -> Vec<u8> {
    const ODDITIES: &[&str] = &[
        "",
        " ",
        "0",
        "-1",
        "1",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "0x10",
        "+1",
        "01",
        " 1",
        "1 ",
        "-0",
        "1.5",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "NX",
        "XX",
        "GT",
        "LT",
        "KEEPTTL",
        "GET",
        "MATCH",
        "COUNT",
        "*",
        "\0",
        "\r\n",
        "(",
    ];
    one(random, ODDITIES)
}

fn one(random: &mut Random, texts: &[&str]) -> Vec<u8> {
    random.pick(texts).as_bytes().to_vec()
}

fn odd(random: &mut Random, usual: impl Fn(&mut Random) -> Vec<u8>) -> Vec<u8> {
    if random.once_in(ODD) { anything(random) } else { usual(random) }
}

fn number(random: &mut Random, first: i64, last: i64) -> Vec<u8> {
    random.between(first, last).to_string().into_bytes()
}

fn key(random: &mut Random) -> Vec<u8> {
    const ODD_KEYS: &[&[u8]] =
        &[b"", b"a b", b"\r\n", b"\x00\xff", b"*", b"h?llo", b"[a]", b"{tag}k", b"k\\"];
    if random.once_in(12) {
        return random.pick(ODD_KEYS).to_vec();
    }
    one(random, &["k1", "k2", "k3", "h1", "h2", "n1"])
}

fn field(random: &mut Random) -> Vec<u8> {
    if random.once_in(20) {
        return random.pick(&[&b""[..], b"\xff\x00", b"a long field with spaces"]).to_vec();
    }
    one(random, &["f1", "f2", "f3", "f4", "n1", "n2"])
}

/// The lengths are those at which Redis changes the encoding, and some above.
fn value(random: &mut Random) -> Vec<u8> {
    // None is longer than a key of larder's may be, as any of them may become one.
    const LENGTHS: &[usize] = &[20, 44, 45, 63, 64, 65, 100, 513, 16_000];
    match random.below(16) {
        0..=4 => integer(random),
        5..=6 => float(random),
        7 => anything(random),
        8 => random.pick(&[&b""[..], b"\x00", b"\xff\xfe\r\n", b"\"quoted\""]).to_vec(),
        9 => b"x".repeat(*random.pick(LENGTHS)),
        _ => one(random, &["a", "abcde", "some words", "ohmytext", "mynewtext", "1.50", "007"]),
    }
}

fn integer(random: &mut Random) -> Vec<u8> {
    match random.below(8) {
        0 => random.pick(&[i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1]).to_string().into(),
        1 => number(random, -1_000_000_000_000, 1_000_000_000_000),
        2 => number(random, 9_990, 10_010),
        _ => number(random, -20, 20),
    }
}

fn float(random: &mut Random) -> Vec<u8> {
    const FLOATS: &[&str] = &[
        "1.5",
        "-0.1",
        "3.0e3",
        "5.0e-5",
        "1e17",
        "1e-20",
        "0.30000000000000004",
        "-2.25",
        "200",
        "1e308",
        "1.7976931348623157e308",
        ".5",
        "5.",
        "1e",
        "infinity",
        "-0.0",
    ];
    one(random, FLOATS)
}

fn index(random: &mut Random) -> Vec<u8> {
    match random.below(8) {
        0 => integer(random),
        _ => number(random, -12, 12),
    }
}

/// Beyond what a string may be long, where it is refused, or near its beginning.
fn offset(random: &mut Random) -> Vec<u8> {
    match random.below(10) {
        0 => random.pick(&[536_870_912_i64, -1, i64::MAX]).to_string().into(),
        _ => number(random, 0, 40),
    }
}

/// Never far below zero: that asks for so many repetitions.
fn count(random: &mut Random) -> Vec<u8> {
    match random.below(10) {
        0 => random.pick(&[i64::MAX, i64::MIN, 1_000_000_000_000]).to_string().into(),
        _ => number(random, -3, 12),
    }
}

fn database(random: &mut Random) -> Vec<u8> {
    match random.below(6) {
        0 => one(random, &["15", "16", "-1"]),
        _ => number(random, 0, 3),
    }
}

/// Long enough that nothing expires while the sequence is played, or past.
fn lifetime(random: &mut Random, unit: i64) -> Vec<u8> {
    match random.below(10) {
        0 => number(random, -2, 0),
        1 => random
            .pick(&[i64::MAX, i64::MIN, i64::MAX / 1_000, 9_223_370_000_000_000])
            .to_string()
            .into(),
        _ => (random.between(1_000, 100_000_000) * unit).to_string().into(),
    }
}

/// A moment of the next century, or one that has passed.
fn moment(random: &mut Random, unit: i64) -> Vec<u8> {
    match random.below(10) {
        0 => number(random, -2, 1),
        1 => random.pick(&[i64::MAX, i64::MIN, i64::MAX / 1_000 + 1]).to_string().into(),
        _ => (random.between(4_200_000_000, 4_200_000_010) * unit).to_string().into(),
    }
}

fn pattern(random: &mut Random) -> Vec<u8> {
    one(
        random,
        &[
            "*", "k*", "k?", "[hk]1", "[^k]*", "h?llo", "f[1-3]", "\\*", "", "*1", "k1", "[k",
            "k\\", "[a-", "**", "*?*", "[]]", "n*",
        ],
    )
}

fn rule(random: &mut Random) -> Vec<u8> {
    const RULES: &[&str] = &[
        "on",
        "off",
        "nopass",
        "resetpass",
        ">secret",
        ">other",
        "<secret",
        "<nosuch",
        "allkeys",
        "~*",
        "~k*",
        "~h?",
        "%R~k*",
        "%W~n*",
        "%RW~h*",
        "%~x",
        "resetkeys",
        "allchannels",
        "&news*",
        "&chat",
        "resetchannels",
        "+@all",
        "-@all",
        "allcommands",
        "nocommands",
        "+get",
        "+set",
        "-set",
        "+@read",
        "-@write",
        "+@string",
        "+@hash",
        "-@dangerous",
        "+config|get",
        "-config|set",
        "+client|id",
        "+ping",
        "+@nosuch",
        "+nosuch",
        "reset",
        "nosuch",
        "+acl|whoami",
        "+select",
        "#5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
        "#nohash",
        "!5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
        "+get|k1",
        "sanitize-payload",
        "skip-sanitize-payload",
        "clearselectors",
        "",
        "+",
        "-",
        "~",
        "&",
    ];
    one(random, RULES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_lifetime_ends_while_a_sequence_is_played() {
        let mut random = Random::new(3, 0);
        for _ in 0..1_000 {
            let text = String::from_utf8(lifetime(&mut random, 1)).unwrap();
            let seconds: i64 = text.parse().unwrap();
            assert!(seconds <= 0 || seconds >= 1_000, "{seconds}");
        }
    }

    #[test]
    fn keys_meet() {
        let mut random = Random::new(3, 0);
        let mut keys: Vec<_> = (0..1_000).map(|_| key(&mut random)).collect();
        keys.sort();
        keys.dedup();
        assert!((10..20).contains(&keys.len()), "{}", keys.len());
    }
}
