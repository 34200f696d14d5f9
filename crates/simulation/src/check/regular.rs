//! Whether every read was given a value that was there when it was made, or came meanwhile.

use crate::history::{Call, Deed, Fate, Tick, shown};
use crate::promise::{Promise, Verdict};

/// Checks the calls of one key; absent is what it begins with.
pub(super) fn check(calls: &[&Call]) -> Verdict {
    let reads = calls.iter().filter_map(|call| match call.deed {
        Deed::Read(seen) => Some((call, seen)),
        Deed::Write(..) => None,
    });
    for (read, seen) in reads {
        if !explains(calls, read, seen) {
            return Err(Promise::Reads.broken(format!(
                "client {} was told {} = {}, which had been replaced before it asked, or was never \
                 written",
                read.client,
                read.key,
                shown(seen)
            )));
        }
    }
    Ok(())
}

fn explains(calls: &[&Call], read: &Call, seen: Option<u64>) -> bool {
    let begins_with = seen.is_none() && !is_replaced(calls, 0, read.start);
    begins_with
        || calls.iter().any(|write| {
            let wrote = match write.deed {
                Deed::Write(value, fate) => value == seen && fate != Fate::Failed,
                Deed::Read(_) => false,
            };
            wrote && write.start < read.end && !is_replaced(calls, write.end, read.start)
        })
}

/// Whether a write that began after `from` was acknowledged by `until`.
fn is_replaced(calls: &[&Call], from: Tick, until: Tick) -> bool {
    calls.iter().any(|write| {
        matches!(write.deed, Deed::Write(_, Fate::Done)) && from < write.start && write.end < until
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, unknown, write};
    use super::*;

    fn regular(calls: &[Call]) -> bool {
        check(&calls.iter().collect::<Vec<_>>()).is_ok()
    }

    #[test]
    fn while_a_write_is_under_way_readers_see_either_side() {
        let writes = [write(Some(1), 1, 2), write(Some(2), 3, 20)];
        for seen in [(Some(1), Some(2)), (Some(2), Some(1))] {
            let reads = [read(seen.0, 5, 6), read(seen.1, 7, 8)];
            assert!(regular(&[&writes[..], &reads].concat()));
        }
    }

    #[test]
    fn what_was_replaced_is_not_seen() {
        let writes = [write(Some(1), 1, 2), write(Some(2), 3, 4)];
        assert!(!regular(&[&writes[..], &[read(Some(1), 5, 6)]].concat()));
        assert!(!regular(&[&writes[..], &[read(None, 5, 6)]].concat()));
        assert!(!regular(&[&writes[..], &[read(Some(9), 5, 6)]].concat()));
    }

    #[test]
    fn a_write_of_unknown_outcome_replaces_nothing() {
        let writes = [write(Some(1), 1, 2), unknown(Some(2), 3)];
        for seen in [Some(1), Some(2)] {
            assert!(regular(&[&writes[..], &[read(seen, 5, 6)]].concat()));
        }
    }
}
