//! `LCS key1 key2 [LEN] [IDX] [MINMATCHLEN length] [WITHMATCHLEN]`:
//! <https://redis.io/commands/lcs/>. A row is compared as its document.
//!
//! Redis makes a table of 32-bit numbers, one for each pair of bytes, and refuses what would take
//! more than `proto-max-bulk-len`. The same pairs of strings are refused here, by the default of that
//! parameter, whatever it is set to. One bit for each pair is enough here, and 64 of them are found
//! at a time, so that the largest pair that is not refused takes a moment and 32 times less memory:
//! see [`table`].

use crate::args::Args;
use crate::command::{Context, Done, Stop};
use crate::error::Error;
use crate::frame::Out;
use crate::value::Item;

mod table;

use table::{Match, Table};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let one = string(&args[1], context)?;
    let other = string(&args[2], context)?;
    let options = Options::of(args)?;
    admit(one.len(), other.len())?;
    match options.told {
        Told::Length => out.integer(table::length(&one, &other).cast_signed() as i64),
        Told::String => out.bulk(&Table::of(&one, &other).string()),
        Told::Matches => options.matches(&Table::of(&one, &other), out),
    }
    Ok(())
}

struct Options {
    told: Told,
    length_min: i64,
    with_length: bool,
}

#[derive(Clone, Copy)]
enum Told {
    String,
    Length,
    Matches,
}

impl Options {
    fn of(args: &Args<'_>) -> Result<Self, Error> {
        let (mut length, mut matches) = (false, false);
        let mut options = Self { told: Told::String, length_min: 0, with_length: false };
        let mut place = 3;
        while place < args.len() {
            if args.is(place, "IDX") {
                matches = true;
            } else if args.is(place, "LEN") {
                length = true;
            } else if args.is(place, "WITHMATCHLEN") {
                options.with_length = true;
            } else if args.is(place, "MINMATCHLEN") && place + 1 < args.len() {
                place += 1;
                options.length_min = args.integer(place)?;
            } else {
                return Err(Error::syntax());
            }
            place += 1;
        }
        options.told = match (length, matches) {
            (false, false) => Told::String,
            (true, false) => Told::Length,
            (false, true) => Told::Matches,
            (true, true) => {
                let text = "If you want both the length and indexes, please just use IDX.";
                return Err(Error::plain(text));
            }
        };
        Ok(options)
    }

    fn matches(&self, table: &Table<'_>, out: &mut Out<'_>) {
        let mut matches = table.matches();
        let length: usize = matches.iter().map(|found| found.length).sum();
        matches.retain(|found| found.length.cast_signed() as i64 >= self.length_min);
        out.map(2);
        out.bulk(b"matches");
        out.array(matches.len());
        matches.iter().for_each(|found| self.draw(found, out));
        out.bulk(b"len");
        out.integer(length.cast_signed() as i64);
    }

    fn draw(&self, found: &Match, out: &mut Out<'_>) {
        out.array(2 + usize::from(self.with_length));
        for start in [found.one, found.other] {
            out.array(2);
            out.integer(start.cast_signed() as i64);
            out.integer((start + found.length - 1).cast_signed() as i64);
        }
        if self.with_length {
            out.integer(found.length.cast_signed() as i64);
        }
    }
}

/// What `key` holds; nothing counts as an empty string.
fn string(key: &[u8], context: &mut Context<'_>) -> Result<Vec<u8>, Stop> {
    let owned = |item: Item<'_>| item.value.string().map(|value| value.into_owned());
    match context.read(key, |item| item.map(owned))? {
        None => Ok(Vec::new()),
        Some(Ok(value)) => Ok(value),
        Some(Err(_)) => Err(Error::plain("The specified keys must contain string values").into()),
    }
}

/// Refuses what Redis would need more memory for than one string may take.
fn admit(one: usize, other: usize) -> Result<(), Error> {
    const NUMBERS_MAX: u128 = (512 << 20) / size_of::<u32>() as u128;
    if (one as u128 + 1) * (other as u128 + 1) > NUMBERS_MAX {
        let text = "Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
        return Err(Error::plain(text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    const SET: &str = "MSET a ohmytext b mynewtext";

    fn after_set(script: &str, expected: &str) {
        says(&format!("{SET}\n{script}"), &format!("+OK\r\n{expected}"));
    }

    #[test]
    fn the_subsequence_or_its_length() {
        after_set("LCS a b", "$6\r\nmytext\r\n");
        after_set("LCS a b LEN", ":6\r\n");
        after_set("LCS a x\nLCS x y LEN", "$0\r\n\r\n:0\r\n");
    }

    #[test]
    fn places_are_told_from_the_end() {
        let [text, my] =
            ["*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n", "*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n"];
        let told = |matches: String| format!("*4\r\n$7\r\nmatches\r\n{matches}$3\r\nlen\r\n:6\r\n");
        after_set("LCS a b IDX", &told(format!("*2\r\n*2\r\n{text}*2\r\n{my}")));
        after_set("LCS a b IDX MINMATCHLEN 4", &told(format!("*1\r\n*2\r\n{text}")));
        after_set("LCS a b IDX MINMATCHLEN 9", &told("*0\r\n".to_owned()));
        after_set(
            "LCS a b idx withmatchlen MINMATCHLEN -1",
            &told(format!("*2\r\n*3\r\n{text}:4\r\n*3\r\n{my}:2\r\n")),
        );
    }

    #[test]
    fn places_are_a_map_in_resp3() {
        let said = replies("HELLO 3\nLCS x y IDX");
        assert!(said.ends_with("%2\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:0\r\n"), "{said}");
    }

    #[test]
    fn errors_come_in_their_order() {
        let error = "-ERR The specified keys must contain string values\r\n";
        says("HSET h f v\nLCS x h FOO\nLCS h x", &format!(":1\r\n{}", error.repeat(2)));
        for options in ["FOO", "MINMATCHLEN", "LEN IDX FOO", "LEN MINMATCHLEN"] {
            says(&format!("LCS x y {options}"), "-ERR syntax error\r\n");
        }
        says("LCS x y MINMATCHLEN x", "-ERR value is not an integer or out of range\r\n");
        let error = "-ERR If you want both the length and indexes, please just use IDX.\r\n";
        says("LCS x y LEN IDX", error);
    }

    #[test]
    fn a_row_is_compared_as_its_document() {
        says("LCS row:1 row:1 LEN", ":12\r\n");
    }

    #[test]
    fn what_takes_too_much_is_refused() {
        let error =
            "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n";
        // 2^13 x 2^14 numbers of 4 bytes are what there may be.
        let set = |one, other| format!("MSET a {} b {}", "x".repeat(one), "x".repeat(other));
        for (other, reply) in [((1 << 14) - 1, ":8191\r\n"), (1 << 14, error)] {
            let script = format!("{}\nLCS a b LEN", set((1 << 13) - 1, other));
            says(&script, &format!("+OK\r\n{reply}"));
        }
    }
}
