//! `CLIENT INFO|LIST`: <https://redis.io/commands/client-list/>
//!
//! The columns are Redis'. Those of what larder does not have are there with the value that they
//! have in Redis when nothing is going on: programs that read the list look for them by name.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use crate::args::Args;
use crate::client::{Client, flag};
use crate::command::{Context, Done};
use crate::error::{Error, c_string};
use crate::frame::{Out, integer};
use crate::hub::Card;

/// `CLIENT INFO`
pub(super) fn own(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    renew(args, context);
    out.verbatim(&line(&context.client.card, context.now_unix_ms));
    Ok(())
}

/// `CLIENT LIST [TYPE NORMAL|MASTER|REPLICA|PUBSUB] [ID id ...]`
pub(super) fn all(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    renew(args, context);
    let now = context.now_unix_ms;
    let mut text = String::new();
    if args.is(2, "TYPE") && args.len() == 4 {
        let kind = Kind::of(&args[3])?;
        context.hub.clients.each(|card| {
            if Kind::is(card) == kind {
                text += &line(card, now);
            }
        });
    } else if args.is(2, "ID") && args.len() > 3 {
        for id in ids(args)? {
            context.hub.clients.find(id).iter().for_each(|card| text += &line(card, now));
        }
    } else if args.len() == 2 {
        context.hub.clients.each(|card| text += &line(card, now));
    } else {
        return Err(Error::syntax().into());
    }
    out.verbatim(&text);
    Ok(())
}

/// One client's line, as `CLIENT LIST` has it.
pub(crate) fn summary(client: &Client, now_unix_ms: u64) -> String {
    client.card.tally.note(client, client.flags());
    line(&client.card, now_unix_ms).trim_end().to_owned()
}

/// What kind of client a session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    PubSub,
    /// There are none: larder does not replicate.
    Replication,
}

impl Kind {
    pub(super) fn of(name: &[u8]) -> Result<Self, Error> {
        let names: [(&str, Self); 5] = [
            ("normal", Self::Normal),
            ("pubsub", Self::PubSub),
            ("master", Self::Replication),
            ("replica", Self::Replication),
            ("slave", Self::Replication),
        ];
        let found = names.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
        found
            .map(|(_, kind)| *kind)
            .ok_or_else(|| Error::repeating(&[b"Unknown client type '", c_string(name), b"'"]))
    }

    pub(super) fn is(card: &Card) -> Self {
        match card.tally.flags.load(Ordering::Relaxed) & flag::SUBSCRIBED {
            0 => Self::Normal,
            _ => Self::PubSub,
        }
    }
}

fn ids(args: &Args<'_>) -> Result<Vec<u64>, Error> {
    let id = |text: &[u8]| {
        let number = integer::parse(text).ok_or_else(|| Error::plain("Invalid client ID"));
        number.map(|number| u64::try_from(number).unwrap_or_default())
    };
    args.from(3).iter().map(id).collect()
}

/// A session is told of with what it has become in this very batch.
fn renew(args: &Args<'_>, context: &mut Context<'_>) {
    let client = &*context.client;
    client.card.tally.note(client, client.flags());
    client.card.tally.input_bytes.store(args.size(), Ordering::Relaxed);
    client.card.tally.last_used_ms.store(context.now_unix_ms, Ordering::Relaxed);
}

fn line(card: &Card, now_unix_ms: u64) -> String {
    let (names, tally) = (card.names.lock().clone(), &card.tally);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let seconds_since = |time: u64| now_unix_ms.saturating_sub(time) / 1000;
    let sums = tally.sums();
    let redirect = match tally.flags.load(Ordering::Relaxed) & flag::TRACKS {
        0 => -1,
        _ => tally.redirect.load(Ordering::Relaxed).cast_signed(),
    };
    let mut line = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        line,
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={} ssub=0 \
         multi={} qbuf={} qbuf-free=0 argv-mem=0 multi-mem={} rbs=0 rbp=0 obl={} oll=0 omem={} \
         tot-mem={} events=r cmd={} user={} redir={redirect} resp={} lib-name={} lib-ver={}",
        card.id,
        card.address,
        card.local,
        card.id,
        text(&names.name),
        seconds_since(card.since_ms),
        seconds_since(tally.last_used_ms.load(Ordering::Relaxed)),
        letters(card),
        tally.database.load(Ordering::Relaxed),
        tally.channels.load(Ordering::Relaxed),
        tally.patterns.load(Ordering::Relaxed),
        tally.queued.load(Ordering::Relaxed),
        sums.input,
        sums.queued,
        sums.output,
        card.mail_bytes(),
        sums.total() + size_of::<Card>(),
        match *tally.command.lock() {
            "" => "NULL",
            command => command,
        },
        text(&names.user),
        tally.protocol.load(Ordering::Relaxed),
        text(&names.library),
        text(&names.library_version),
    );
    line
}

/// What the client is up to, a letter each.
fn letters(card: &Card) -> String {
    let flags = card.tally.flags.load(Ordering::Relaxed);
    let spoilt = if card.is_spoilt() { SPOILT } else { 0 };
    let letters: String = LETTERS
        .iter()
        .filter(|(flag, _)| (flags | spoilt) & flag != 0)
        .map(|(_, letter)| letter)
        .collect();
    if letters.is_empty() { "N".to_owned() } else { letters }
}

/// A watched key has changed: the card knows by itself.
const SPOILT: u32 = 1 << 31;

const LETTERS: [(u32, char); 9] = [
    (flag::SUBSCRIBED, 'P'),
    (flag::IN_TRANSACTION, 'x'),
    (flag::TRACKS, 't'),
    (flag::REDIRECT_BROKEN, 'R'),
    (flag::BROADCAST, 'B'),
    (SPOILT, 'd'),
    (flag::ENDS, 'c'),
    (flag::NO_EVICT, 'e'),
    (flag::NO_TOUCH, 'T'),
];

#[cfg(test)]
mod tests {
    use crate::testing::replies;

    #[test]
    fn a_client_is_told_of_with_what_it_is_up_to() {
        let told = replies("CLIENT SETNAME me\nSELECT 3\nCLIENT INFO");
        for part in [
            "id=7 ",
            " name=me ",
            " flags=N ",
            " db=3 ",
            " multi=-1 ",
            " cmd=client|info ",
            " resp=2 ",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
    }

    #[test]
    fn lists_are_of_all_of_some_or_of_a_kind() {
        assert_eq!(replies("CLIENT LIST").matches("id=7 ").count(), 1);
        assert_eq!(replies("CLIENT LIST").matches(" cmd=client|list ").count(), 1);
        assert_eq!(replies("CLIENT LIST ID 8 7 9").matches("id=").count(), 1);
        assert_eq!(replies("CLIENT LIST TYPE pubsub"), "$0\r\n\r\n");
        assert_eq!(replies("CLIENT LIST TYPE x"), "-ERR Unknown client type 'x'\r\n");
        assert_eq!(replies("CLIENT LIST ID x"), "-ERR Invalid client ID\r\n");
        assert_eq!(replies("CLIENT LIST ID"), "-ERR syntax error\r\n");
    }
}
