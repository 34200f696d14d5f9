//! `GETEX key [EX s|PX ms|EXAT s|PXAT ms|PERSIST]`: <https://redis.io/commands/getex/>. It is the
//! copy whose expiry changes, never a row.

use crate::args::Args;
use crate::command::expiry::Unit;
use crate::command::{Context, Done, get};
use crate::error::Error;
use crate::frame::Out;
use crate::reply::Reply;
use crate::store::{Change, Edit, EditFn, Expiry, Request};
use crate::value::Item;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let Some(wanted) = wanted(args)? else {
        return get::run(args, context, out);
    };
    // An expiry that cannot be is an error only where there is a value to expire.
    let expiry = match wanted {
        Wanted::Never => Ok(Expiry::Never),
        Wanted::In(unit, place) => {
            let number = args.integer(place);
            number.and_then(|number| unit.expiry(number, context.now_unix_ms, "getex"))
        }
    };
    out.outcome(&context.ask(Request::Update { key: &args[1], edit: edit(expiry) })?);
    Ok(())
}

#[derive(Clone, Copy)]
enum Wanted {
    Never,
    /// The number is the argument at this place.
    In(Unit, usize),
}

/// The last number of one unit counts; nothing else goes together.
fn wanted(args: &Args<'_>) -> Result<Option<Wanted>, Error> {
    let (mut wanted, mut place) = (None, 2);
    while place < args.len() {
        let option = match Unit::of(args, place) {
            Some(unit) => {
                place += 1;
                args.at(place).ok_or_else(Error::syntax)?;
                Wanted::In(unit, place)
            }
            None if args.is(place, "PERSIST") => Wanted::Never,
            None => return Err(Error::syntax()),
        };
        wanted = Some(match (wanted, option) {
            (None, option) => option,
            (Some(Wanted::Never), Wanted::Never) => Wanted::Never,
            (Some(Wanted::In(present, _)), Wanted::In(unit, _)) if present == unit => option,
            _ => return Err(Error::syntax()),
        });
        place += 1;
    }
    Ok(wanted)
}

fn edit(expiry: Result<Expiry, Error>) -> EditFn {
    Box::new(move |present| {
        let Some(item) = present else {
            return Ok(Edit { change: Change::Keep, reply: Reply::Null });
        };
        let reply = Reply::Bulk(item.value.string()?.into_owned());
        Ok(Edit { change: change(item, expiry?), reply })
    })
}

/// What has no expiry does not change by losing it.
fn change(item: Item<'_>, expiry: Expiry) -> Change {
    match (expiry, item.expires_in_ms) {
        (Expiry::Never, None) => Change::Keep,
        (expiry, _) => Change::Expire(expiry),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn the_expiry_changes_as_the_option_says() {
        // The clock of these scripts stands at 1,000,000 ms.
        let cases = [
            ("", 9),
            ("PERSIST", -1),
            ("EX 5", 5000),
            ("PX 70", 70),
            ("EXAT 1001", 1000),
            ("PXAT 1000500", 500),
            ("EX 1 EX 2", 2000),
        ];
        for (option, left) in cases {
            let script = format!("SET a 1 PX 9\nGETEX a {option}\nPTTL a");
            says(&script, &format!("+OK\r\n$1\r\n1\r\n:{left}\r\n"));
        }
    }

    #[test]
    fn a_time_that_has_passed_is_at_once() {
        says("SET a 1\nGETEX a PXAT 1\nEXISTS a", "+OK\r\n$1\r\n1\r\n:0\r\n");
    }

    #[test]
    fn what_is_not_there_or_no_string() {
        says("GETEX a\nGETEX a EX 1\nGETEX a EX x\nGETEX a EX 0", &"$-1\r\n".repeat(4));
        let script = "HSET h f v\nGETEX h\nGETEX h EX x\nGETEX h PERSIST\nPTTL h";
        says(script, &format!(":1\r\n{}:-1\r\n", WRONG_TYPE.repeat(3)));
        says("GETEX row:1 PX 5\nPTTL row:1", "$12\r\n{\"name\":\"x\"}\r\n:5\r\n");
    }

    #[test]
    fn options_that_do_not_go_together() {
        for options in ["EX", "EX 1 PX 1", "PERSIST EX 1", "EX 1 PERSIST", "KEEPTTL", "NX", "1"] {
            says(&format!("GETEX k {options}"), "-ERR syntax error\r\n");
        }
        says("SET a 1\nGETEX a PERSIST PERSIST", "+OK\r\n$1\r\n1\r\n");
    }

    #[test]
    fn expiries_that_cannot_be() {
        let error = "-ERR invalid expire time in 'getex' command\r\n";
        says("SET a 1\nGETEX a EX 0\nGETEX a PXAT -1", &format!("+OK\r\n{}", error.repeat(2)));
        let error = "-ERR value is not an integer or out of range\r\n";
        says("SET a 1\nGETEX a EX x", &format!("+OK\r\n{error}"));
    }
}
