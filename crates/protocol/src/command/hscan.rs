//! `HSCAN key cursor [MATCH pattern] [COUNT count]`: <https://redis.io/commands/hscan/>. Of a row it
//! shows the columns that are not NULL.
//!
//! A small hash is shown whole, as Redis does. In a larger one every field has a fixed position, a
//! hash of its name, and the cursor is the position to go on from. So nothing is remembered between
//! two calls, and a field that stays is shown exactly once, whatever becomes of the others. A call
//! looks at all fields, but shows at least one in [`PARTS`] of them: walking over all takes no more
//! than that many looks at each.

use std::collections::BinaryHeap;
use std::ops::RangeInclusive;

use crate::args::Args;
use crate::command::walk::{Over, Walk, cursor};
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::random::mixed;
use crate::value::Fields;

/// The most calls that it takes to see all of a hash that stays as it is.
const PARTS: usize = 64;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let cursor = cursor(&args[2])?;
    context.read(&args[1], |item| {
        let Some(item) = item else {
            show(0, 0, out);
            return Ok(());
        };
        let fields = item.value.fields()?;
        let walk = Walk::of(args, 3, Over::Fields)?;
        let (positions, next) = reach(fields, cursor, walk.count);
        let is_shown = |name: &[u8]| positions.contains(&position(name)) && walk.admits(name);
        let mut count = 0;
        fields.each(&mut |name, _| count += usize::from(is_shown(name)));
        show(next, count, out);
        fields.each(&mut |name, value| {
            if is_shown(name) {
                out.bulk(name);
                out.bulk(value);
            }
        });
        Ok(())
    })?
}

/// Begins the reply; `count` names and values follow.
fn show(next: u64, count: usize, out: &mut Out<'_>) {
    out.array(2);
    out.bulk(itoa::Buffer::new().format(next).as_bytes());
    out.array(count * 2);
}

/// The positions whose fields are to be shown, and the cursor of those that come after; zero when
/// there are none.
fn reach(fields: &dyn Fields, cursor: u64, count: usize) -> (RangeInclusive<u64>, u64) {
    if !fields.is_large() {
        return (0..=u64::MAX, 0);
    }
    let count = count.max(fields.len().div_ceil(PARTS));
    match last(fields, cursor, count) {
        Some(last) => (cursor..=last, last + 1),
        None => (cursor..=u64::MAX, 0),
    }
}

/// The position of the last of the `count` fields from `cursor` on; `None` when there are no more
/// than those.
fn last(fields: &dyn Fields, cursor: u64, count: usize) -> Option<u64> {
    let mut nearest = BinaryHeap::new();
    let mut is_more = false;
    fields.each(&mut |name, _| {
        let position = position(name);
        if position < cursor {
            return;
        }
        if nearest.len() < count {
            return nearest.push(position);
        }
        is_more = true;
        if let Some(mut farthest) = nearest.peek_mut() {
            *farthest = position.min(*farthest);
        }
    });
    nearest.pop().filter(|_| is_more)
}

/// Where a field comes in the walk: FNV-1a of its name, mixed. Below 2^48, because some clients keep
/// cursors as doubles.
fn position(name: &[u8]) -> u64 {
    let hash = name.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mixed(hash) >> 16
}

#[cfg(test)]
mod tests {
    use crate::Session;
    use crate::frame::{Frame, decode};
    use crate::testing::{Memory, NOW_UNIX_MS, Pace, WRONG_TYPE, says, session};

    struct Server(Session, Memory);

    impl Server {
        /// A server with a hash `h` of so many fields.
        fn with_fields(count: usize) -> Self {
            let mut server = Self(session(), Memory::new(Pace::Now));
            server.change("HSET", 0, count);
            server
        }

        fn change(&mut self, command: &str, from: usize, to: usize) {
            for number in from..to {
                let value = if command == "HSET" { "v" } else { "" };
                self.ask(&format!("{command} h field:{number} {value}"));
            }
        }

        fn ask(&mut self, request: &str) -> Frame {
            self.0.receive(format!("{request}\r\n").as_bytes(), NOW_UNIX_MS, &mut self.1);
            let (frame, length) = decode(self.0.output(), &Default::default()).unwrap().unwrap();
            self.0.sent(length);
            frame
        }

        /// One call: the cursor to go on from, and the names of the fields.
        fn scan(&mut self, cursor: &str, options: &str) -> (String, Vec<String>) {
            let Frame::Array(reply) = self.ask(&format!("HSCAN h {cursor} {options}")) else {
                panic!("no array");
            };
            let [Frame::Bulk(next), Frame::Array(items)] = &reply[..] else {
                panic!("{reply:?}");
            };
            let text = |frame: &Frame| match frame {
                Frame::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                other => panic!("{other:?}"),
            };
            (
                String::from_utf8_lossy(next).into_owned(),
                items.iter().step_by(2).map(text).collect(),
            )
        }
    }

    #[test]
    fn a_small_hash_is_shown_whole() {
        let shown = "*2\r\n$1\r\n0\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n";
        for cursor in ["0", "5", "-1"] {
            let script = format!("HSET h a 1 b 2\nHSCAN h {cursor} COUNT 1");
            says(&script, &format!(":2\r\n{shown}"));
        }
        says("HSCAN row:1 0", "*2\r\n$1\r\n0\r\n*2\r\n$4\r\nname\r\n$1\r\nx\r\n");
    }

    #[test]
    fn a_pattern_chooses_among_the_names() {
        let shown = "*2\r\n$1\r\n0\r\n*2\r\n$2\r\nb1\r\n$2\r\na2\r\n";
        says("HSET h a1 b b1 a2\nHSCAN h 0 MATCH b*", &format!(":2\r\n{shown}"));
        let shown = "*2\r\n$1\r\n0\r\n*2\r\n$0\r\n\r\n$1\r\n1\r\n";
        says("HSET h '' 1\nHSCAN h 0 MATCH *", &format!(":1\r\n{shown}"));
    }

    #[test]
    fn nothing_is_shown_of_what_is_not_there() {
        says("HSCAN x 0\nHSCAN x 0 FOO", &"*2\r\n$1\r\n0\r\n*0\r\n".repeat(2));
    }

    #[test]
    fn errors_come_in_their_order() {
        says("SET a 1\nHSCAN a x", "+OK\r\n-ERR invalid cursor\r\n");
        says("SET a 1\nHSCAN a 0 FOO", &format!("+OK\r\n{WRONG_TYPE}"));
        for options in ["FOO", "COUNT", "COUNT 0", "MATCH", "TYPE hash", "COUNT 1 MATCH"] {
            let script = format!("HSET h f v\nHSCAN h 0 {options}");
            says(&script, ":1\r\n-ERR syntax error\r\n");
        }
        let error = "-ERR value is not an integer or out of range\r\n";
        says("HSET h f v\nHSCAN h 0 COUNT x", &format!(":1\r\n{error}"));
    }

    #[test]
    fn each_field_that_stays_is_shown_once_whatever_else_changes() {
        let mut server = Server::with_fields(1000);
        let (mut cursor, mut shown, mut calls) = ("0".to_owned(), Vec::new(), 0);
        loop {
            let (next, names) = server.scan(&cursor, "COUNT 20");
            assert!(names.len() >= 20 || next == "0", "{}", names.len());
            shown.extend(names);
            // Those from 500 on go one after another, and others come.
            server.change("HDEL", 500 + calls * 5, 505 + calls * 5);
            server.change("HSET", 1000 + calls * 5, 1005 + calls * 5);
            calls += 1;
            if next == "0" {
                break;
            }
            cursor = next;
        }
        let stayed = (0..500).map(|number| format!("field:{number}"));
        for name in stayed {
            assert_eq!(shown.iter().filter(|shown| **shown == name).count(), 1, "{name}");
        }
    }

    #[test]
    fn a_large_hash_takes_a_bounded_number_of_calls() {
        let mut server = Server::with_fields(3000);
        let (mut cursor, mut shown, mut calls) = ("0".to_owned(), 0, 0);
        loop {
            let (next, names) = server.scan(&cursor, "COUNT 1");
            (shown, calls) = (shown + names.len(), calls + 1);
            if next == "0" {
                break;
            }
            assert!(next.parse::<u64>().unwrap() < 1 << 53);
            cursor = next;
        }
        assert!(shown == 3000 && calls <= super::PARTS, "{calls}");
    }

    #[test]
    fn a_cursor_past_the_last_field_shows_nothing() {
        let mut server = Server::with_fields(200);
        assert_eq!(server.scan("18446744073709551615", ""), ("0".to_owned(), Vec::new()));
        assert_eq!(server.scan("0", "COUNT 9223372036854775807").1.len(), 200);
    }

    #[test]
    fn a_hash_of_large_values_is_shown_in_parts() {
        let mut server = Server::with_fields(20);
        server.ask(&format!("HSET h large {}", "x".repeat(65)));
        let (next, names) = server.scan("0", "COUNT 5");
        assert!(next != "0" && names.len() == 5);
    }
}
