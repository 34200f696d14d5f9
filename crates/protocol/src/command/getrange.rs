//! `GETRANGE key start end`, and `SUBSTR`, its earlier name:
//! <https://redis.io/commands/getrange/>. Of a row it is a part of the document.

use std::ops::Range;

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let (start, end) = (args.integer(2)?, args.integer(3)?);
    context.read(&args[1], |item| {
        let value = item.map(|item| item.value.string()).transpose()?.unwrap_or_default();
        out.bulk(&value[part(start, end, value.len())]);
        Ok(())
    })?
}

/// The bytes from `start` to `end`, both included, of `length`. Negative places count from the
/// end; what lies outside is left out.
fn part(start: i64, end: i64, length: usize) -> Range<usize> {
    if start < 0 && end < 0 && start > end {
        return 0..0;
    }
    let place = |number: i64| match usize::try_from(number) {
        Ok(place) => place,
        Err(_) => length.saturating_sub(usize::try_from(number.unsigned_abs()).unwrap_or(length)),
    };
    let end = place(end).saturating_add(1).min(length);
    place(start).min(end)..end
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn both_ends_are_included_and_may_count_from_the_end() {
        let cases = [
            ("0 3", "This"),
            ("0 -1", "This is"),
            ("-2 -1", "is"),
            ("5 100", "is"),
            ("-100 3", "This"),
            ("-100 -100", "T"),
            ("3 1", ""),
            ("-1 -2", ""),
            ("7 9", ""),
            ("9223372036854775807 -1", ""),
            ("-9223372036854775808 9223372036854775807", "This is"),
        ];
        for (ends, part) in cases {
            let script = format!("SET a 'This is'\nGETRANGE a {ends}\nSUBSTR a {ends}");
            let reply = format!("${}\r\n{part}\r\n", part.len());
            says(&script, &format!("+OK\r\n{}", reply.repeat(2)));
        }
    }

    #[test]
    fn nothing_has_no_part() {
        says("GETRANGE x 0 -1\nSET a ''\nGETRANGE a 0 -1", "$0\r\n\r\n+OK\r\n$0\r\n\r\n");
        says("GETRANGE row:1 2 5", "$4\r\nname\r\n");
    }

    #[test]
    fn ends_are_looked_at_before_the_value() {
        let error = "-ERR value is not an integer or out of range\r\n";
        says("HSET h f v\nGETRANGE h x 1\nGETRANGE h 1 x", &format!(":1\r\n{}", error.repeat(2)));
        says("HSET h f v\nGETRANGE h 0 1", &format!(":1\r\n{WRONG_TYPE}"));
    }
}
