//! What was refused lately: `ACL LOG`.

use std::collections::VecDeque;

use parking_lot::Mutex;

use crate::acl::denied::Denied;

/// How far back an entry is looked for that a new denial can be added to.
const SEARCHED_MAX: usize = 10;
const GROUPED_WITHIN_MS: u64 = 60_000;

/// What was refused lately, the latest first.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<VecDeque<Entry>>);

/// One denial, or several alike in short order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) count: u64,
    pub(crate) what: What,
    /// When it happened last.
    pub(crate) at_unix_ms: u64,
    /// Who it was last, as `CLIENT INFO` has it.
    pub(crate) client: Box<[u8]>,
}

/// What makes denials alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct What {
    /// `command`, `key`, `channel` or `auth`.
    pub(crate) reason: &'static str,
    /// `toplevel`, or `multi` inside of a transaction.
    pub(crate) context: &'static str,
    /// The command, key or channel.
    pub(crate) object: Box<[u8]>,
    pub(crate) user: Box<[u8]>,
}

impl What {
    /// A request that a user may not run.
    pub(crate) fn denied(denied: &Denied<'_>, user: &[u8], in_transaction: bool) -> Self {
        let reason = match denied {
            Denied::Command(_) => "command",
            Denied::Key { .. } => "key",
            Denied::Channel { .. } => "channel",
        };
        Self::new(reason, denied.object(), user, in_transaction)
    }

    /// Somebody who did not prove to be the user, by the command called `object`.
    pub(crate) fn failed_login(object: &[u8], user: &[u8], in_transaction: bool) -> Self {
        Self::new("auth", object, user, in_transaction)
    }

    fn new(reason: &'static str, object: &[u8], user: &[u8], in_transaction: bool) -> Self {
        let context = if in_transaction { "multi" } else { "toplevel" };
        Self { reason, context, object: object.into(), user: user.into() }
    }
}

impl Log {
    /// Adds a denial, and keeps so many of the latest.
    pub(crate) fn add(&self, what: What, client: Box<[u8]>, at_unix_ms: u64, entries_max: usize) {
        let mut entries = self.0.lock();
        let alike = |entry: &Entry| {
            entry.what == what && entry.at_unix_ms.abs_diff(at_unix_ms) <= GROUPED_WITHIN_MS
        };
        let known = entries.iter().take(SEARCHED_MAX).position(alike);
        let count = known.and_then(|place| entries.remove(place)).map_or(0, |entry| entry.count);
        entries.push_front(Entry { count: count + 1, what, at_unix_ms, client });
        entries.truncate(entries_max);
    }

    /// Shows the latest `count` entries.
    pub(crate) fn latest(&self, count: usize) -> Vec<Entry> {
        self.0.lock().iter().take(count).cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(command: &'static str) -> What {
        What::denied(&Denied::Command(command), b"bob", false)
    }

    fn add(log: &Log, command: &'static str, at_unix_ms: u64) {
        log.add(what(command), Box::default(), at_unix_ms, 128);
    }

    fn told(log: &Log) -> Vec<(String, u64)> {
        let told =
            |entry: Entry| (String::from_utf8_lossy(&entry.what.object).into_owned(), entry.count);
        log.latest(usize::MAX).into_iter().map(told).collect()
    }

    #[test]
    fn denials_alike_are_counted_and_come_first() {
        let log = Log::default();
        for (command, at) in [("get", 0), ("set", 1), ("get", 60_000), ("set", 60_002)] {
            add(&log, command, at);
        }
        let expected =
            [("set", 1), ("get", 2), ("set", 1)].map(|(name, count)| (name.into(), count));
        assert_eq!(told(&log), expected);
    }

    #[test]
    fn another_reason_context_or_user_is_another_entry() {
        let log = Log::default();
        let key = Denied::Key { key: b"get", place: 0 };
        for what in [
            what("get"),
            What::denied(&key, b"bob", false),
            What::denied(&Denied::Command("get"), b"bob", true),
            What::denied(&Denied::Command("get"), b"eve", false),
            What::failed_login(b"get", b"bob", false),
        ] {
            log.add(what, Box::default(), 0, 128);
        }
        assert_eq!(told(&log).len(), 5);
    }

    #[test]
    fn only_the_latest_ten_are_searched() {
        const NAMES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let log = Log::default();
        NAMES.iter().for_each(|name| add(&log, name, 0));
        add(&log, "a", 0);
        assert_eq!(told(&log)[0], ("a".into(), 2));
        add(&log, "k", 0);
        add(&log, "b", 0);
        assert_eq!((told(&log).len(), &told(&log)[0]), (12, &("b".into(), 1)));
    }

    #[test]
    fn the_oldest_makes_room() {
        let log = Log::default();
        add(&log, "get", 0);
        log.add(what("set"), Box::default(), 0, 1);
        assert_eq!(told(&log), [("set".into(), 1)]);
        log.clear();
        assert_eq!(log.latest(1), []);
    }
}
