//! `SET key value [NX|XX] [GET] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL]`:
//! <https://redis.io/commands/set/>

use crate::args::Args;
use crate::command::expiry::Unit;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;
use crate::reply::Reply;
use crate::store::{Change, Edit, EditFn, Expiry, Request};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let options = options(args)?;
    let expiry = match options.expiry {
        Some(Wanted::In(unit, place)) => {
            unit.expiry(args.integer(place)?, context.now_unix_ms, "set")?
        }
        Some(Wanted::Keep) => Expiry::Keep,
        None => Expiry::Default,
    };
    let (key, value) = (&args[1], &args[2]);
    let request = match (options.condition, options.answer) {
        (Condition::Always, Told::Ok) => Request::Put { key, value, expiry },
        (condition, answer) => {
            Request::Update { key, edit: edit(value.to_vec(), expiry, condition, answer) }
        }
    };
    out.outcome(&context.ask(request)?);
    Ok(())
}

struct Options {
    condition: Condition,
    answer: Told,
    expiry: Option<Wanted>,
}

/// What has to hold for the value to be set.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Condition {
    Always,
    IfAbsent,
    IfPresent,
}

/// What the client is told.
#[derive(Clone, Copy)]
pub(super) enum Told {
    /// `OK`, or nothing when the condition was not met.
    Ok,
    /// 1 or 0: whether the condition was met.
    Whether,
    /// The earlier value, whatever became of it.
    Earlier,
}

#[derive(Clone, Copy)]
enum Wanted {
    Keep,
    /// The number is the argument at this place.
    In(Unit, usize),
}

fn options(args: &Args<'_>) -> Result<Options, Error> {
    let mut options = Options { condition: Condition::Always, answer: Told::Ok, expiry: None };
    let mut place = 3;
    while place < args.len() {
        if args.is(place, "NX") {
            options.demand(Condition::IfAbsent)?;
        } else if args.is(place, "XX") {
            options.demand(Condition::IfPresent)?;
        } else if args.is(place, "GET") {
            options.answer = Told::Earlier;
        } else if args.is(place, "KEEPTTL") {
            options.want(Wanted::Keep)?;
        } else {
            let unit = Unit::of(args, place).ok_or_else(Error::syntax)?;
            place += 1;
            args.at(place).ok_or_else(Error::syntax)?;
            options.want(Wanted::In(unit, place))?;
        }
        place += 1;
    }
    Ok(options)
}

impl Options {
    /// The same condition may be repeated, the other one not be added.
    fn demand(&mut self, condition: Condition) -> Result<(), Error> {
        match self.condition {
            Condition::Always => self.condition = condition,
            present if present == condition => {}
            _ => return Err(Error::syntax()),
        }
        Ok(())
    }

    /// The last expiry of one unit counts; two of different units do not go together.
    fn want(&mut self, expiry: Wanted) -> Result<(), Error> {
        match (self.expiry, expiry) {
            (None, _) | (Some(Wanted::Keep), Wanted::Keep) => {}
            (Some(Wanted::In(present, _)), Wanted::In(unit, _)) if present == unit => {}
            _ => return Err(Error::syntax()),
        }
        self.expiry = Some(expiry);
        Ok(())
    }
}

/// Sets the value inside an update, for all that looks at the earlier one.
pub(super) fn edit(value: Vec<u8>, expiry: Expiry, condition: Condition, answer: Told) -> EditFn {
    Box::new(move |present| {
        let met = match condition {
            Condition::Always => true,
            Condition::IfAbsent => present.is_none(),
            Condition::IfPresent => present.is_some(),
        };
        let reply = match (answer, present) {
            (Told::Earlier, Some(item)) => Reply::Bulk(item.value.string()?.into_owned()),
            (Told::Earlier, None) => Reply::Null,
            (Told::Whether, _) => Reply::Integer(met.into()),
            (Told::Ok, _) if met => Reply::Ok,
            (Told::Ok, _) => Reply::Null,
        };
        let change = if met { Change::Put { value, expiry } } else { Change::Keep };
        Ok(Edit { change, reply })
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    const SYNTAX: &str = "-ERR syntax error\r\n";
    const EXPIRE_TIME: &str = "-ERR invalid expire time in 'set' command\r\n";

    #[test]
    fn sets_whatever_was_there() {
        says("HSET a f v\nSET a 1\nGET a", ":1\r\n+OK\r\n$1\r\n1\r\n");
    }

    #[test]
    fn conditions_decide() {
        says("SET a 1 XX\nSET a 1 NX\nSET a 2 nx\nGET a", "$-1\r\n+OK\r\n$-1\r\n$1\r\n1\r\n");
        says("SET a 1\nSET a 2 XX\nGET a", "+OK\r\n+OK\r\n$1\r\n2\r\n");
    }

    #[test]
    fn the_earlier_value_is_told_whether_or_not_it_is_replaced() {
        says("SET a 1 GET\nSET a 2 GET\nGET a", "$-1\r\n$1\r\n1\r\n$1\r\n2\r\n");
        says("SET a 1\nSET a 2 NX GET\nGET a", "+OK\r\n$1\r\n1\r\n$1\r\n1\r\n");
        says("SET a 1 NX GET\nGET a", "$-1\r\n$1\r\n1\r\n");
    }

    #[test]
    fn an_earlier_value_that_is_no_string_stays() {
        says("HSET h f v\nSET h 1 GET\nTYPE h", &format!(":1\r\n{WRONG_TYPE}+hash\r\n"));
    }

    #[test]
    fn expiries_of_all_units() {
        // The clock of these scripts stands at 1,000,000 ms.
        let cases = [("EX 5", 5000), ("PX 70", 70), ("EXAT 1001", 1000), ("PXAT 1000500", 500)];
        for (option, left) in cases {
            says(&format!("SET a 1 {option}\nPTTL a"), &format!("+OK\r\n:{left}\r\n"));
            says(&format!("SET a 1 NX {option}\nPTTL a"), &format!("+OK\r\n:{left}\r\n"));
        }
    }

    #[test]
    fn a_time_that_has_passed_is_at_once() {
        says("SET a 1 PXAT 1\nGET a", "+OK\r\n$-1\r\n");
    }

    #[test]
    fn the_expiry_goes_unless_it_is_kept() {
        says("SET a 1 PX 9\nSET a 2 KEEPTTL\nPTTL a", "+OK\r\n+OK\r\n:9\r\n");
        says("SET a 1 PX 9\nSET a 2\nPTTL a", "+OK\r\n+OK\r\n:-1\r\n");
    }

    #[test]
    fn options_that_do_not_go_together() {
        let options = ["NX XX", "XX NX", "EX", "EX 1 PX 1", "KEEPTTL EX 1", "EX 1 KEEPTTL", "FOO"];
        for options in options {
            says(&format!("SET k v {options}"), SYNTAX);
        }
        says("SET k v EX 0 FOO", SYNTAX);
    }

    #[test]
    fn options_that_may_be_repeated() {
        for options in ["EX 1 EX 2", "NX NX", "KEEPTTL KEEPTTL"] {
            says(&format!("SET k v {options}"), "+OK\r\n");
        }
    }

    #[test]
    fn expiries_that_cannot_be() {
        for option in ["EX 0", "PX -1", "EX 9223372036854775807", "PX 9223372036854775807"] {
            says(&format!("SET k v {option}"), EXPIRE_TIME);
        }
        says("SET k v EX +1", "-ERR value is not an integer or out of range\r\n");
    }
}
