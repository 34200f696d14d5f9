//! `EXPIRE key seconds [NX|XX|GT|LT]`, `PEXPIRE`, `EXPIREAT`, `PEXPIREAT`:
//! <https://redis.io/commands/expire/>. It is the copy that expires, never a row.

use crate::args::Args;
use crate::command::expiry::{Unit, invalid};
use crate::command::{Context, Done};
use crate::error::{Error, c_string};
use crate::frame::Out;
use crate::reply::Reply;
use crate::store::{Change, Edit, EditFn, Expiry, Request};

/// `EXPIRE`
pub(super) fn seconds(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    expire(args, Unit::Seconds, "expire", context, out)
}

/// `PEXPIRE`
pub(super) fn milliseconds(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    expire(args, Unit::Milliseconds, "pexpire", context, out)
}

/// `EXPIREAT`
pub(super) fn at_seconds(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    expire(args, Unit::UnixSeconds, "expireat", context, out)
}

/// `PEXPIREAT`
pub(super) fn at_milliseconds(
    args: &Args<'_>,
    context: &mut Context<'_>,
    out: &mut Out<'_>,
) -> Done {
    expire(args, Unit::UnixMilliseconds, "pexpireat", context, out)
}

fn expire(
    args: &Args<'_>,
    unit: Unit,
    command: &str,
    context: &mut Context<'_>,
    out: &mut Out<'_>,
) -> Done {
    let conditions = Conditions::of(args)?;
    let number = args.integer(2)?;
    let left = unit.left_ms(number, context.now_unix_ms).ok_or_else(|| invalid(command))?;
    let request = Request::Update { key: &args[1], edit: edit(left, conditions) };
    out.outcome(&context.ask(request)?);
    Ok(())
}

/// Which present expiry may be replaced.
#[derive(Clone, Copy)]
struct Conditions {
    presence: Option<Presence>,
    order: Option<Order>,
}

#[derive(Clone, Copy)]
enum Presence {
    None,
    Some,
}

#[derive(Clone, Copy)]
enum Order {
    Later,
    Sooner,
}

impl Conditions {
    /// All options are read before it is judged whether they go together.
    fn of(args: &Args<'_>) -> Result<Self, Error> {
        let [mut none, mut some, mut later, mut sooner] = [false; 4];
        for place in 3..args.len() {
            let option =
                [("NX", &mut none), ("XX", &mut some), ("GT", &mut later), ("LT", &mut sooner)]
                    .into_iter()
                    .find(|(name, _)| args.is(place, name));
            match option {
                Some((_, is_given)) => *is_given = true,
                None => return Err(unsupported(&args[place])),
            }
        }
        if none && (some || later || sooner) {
            let text = "NX and XX, GT or LT options at the same time are not compatible";
            return Err(Error::plain(text));
        }
        if later && sooner {
            let text = "GT and LT options at the same time are not compatible";
            return Err(Error::plain(text));
        }
        let presence = none.then_some(Presence::None).or(some.then_some(Presence::Some));
        let order = later.then_some(Order::Later).or(sooner.then_some(Order::Sooner));
        Ok(Self { presence, order })
    }

    /// Whether an expiry in `left` milliseconds may replace the `present` one. None is the latest.
    fn admit(self, left: i64, present: Option<u64>) -> bool {
        let present = present.map(|present| i64::try_from(present).unwrap_or(i64::MAX));
        let presence = match self.presence {
            None => true,
            Some(Presence::None) => present.is_none(),
            Some(Presence::Some) => present.is_some(),
        };
        let order = match self.order {
            None => true,
            Some(Order::Later) => present.is_some_and(|present| left > present),
            Some(Order::Sooner) => present.is_none_or(|present| left < present),
        };
        presence && order
    }
}

fn unsupported(option: &[u8]) -> Error {
    Error::repeating(&[b"Unsupported option ", c_string(option)])
}

fn edit(left: i64, conditions: Conditions) -> EditFn {
    Box::new(move |present| {
        let admitted = present.is_some_and(|item| conditions.admit(left, item.expires_in_ms));
        let change = match admitted {
            true => Change::Expire(Expiry::InMs(u64::try_from(left).unwrap_or(0))),
            false => Change::Keep,
        };
        Ok(Edit { change, reply: Reply::Integer(admitted.into()) })
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn sets_the_expiry_of_what_is_there() {
        says("SET a 1\nEXPIRE a 5\nPTTL a", "+OK\r\n:1\r\n:5000\r\n");
        says("HSET h f v\nPEXPIRE h 5\nPTTL h", ":1\r\n:1\r\n:5\r\n");
        says("EXPIRE x 5", ":0\r\n");
    }

    #[test]
    fn the_end_can_be_given_instead() {
        says("SET a 1\nEXPIREAT a 1005\nPTTL a", "+OK\r\n:1\r\n:5000\r\n");
        says("SET a 1\nPEXPIREAT a 1000005\nPTTL a", "+OK\r\n:1\r\n:5\r\n");
        says("SET a 1\nEXPIREAT a 1000\nEXISTS a", "+OK\r\n:1\r\n:0\r\n");
        let (most, least) = (i64::MAX, i64::MIN);
        says(
            &format!("SET a 1\nPEXPIREAT a {most}\nPTTL a"),
            &format!("+OK\r\n:1\r\n:{}\r\n", most - 1_000_000),
        );
        says(&format!("SET a 1\nPEXPIREAT a {least} LT\nEXISTS a"), "+OK\r\n:1\r\n:0\r\n");
    }

    #[test]
    fn a_time_that_has_passed_is_at_once() {
        says("SET a 1\nEXPIRE a -1\nEXISTS a", "+OK\r\n:1\r\n:0\r\n");
    }

    #[test]
    fn conditions_look_at_the_present_expiry() {
        let cases = [
            ("SET a 1", [("NX", 1), ("XX", 0), ("GT", 0), ("LT", 1), ("XX LT", 0)]),
            ("SET a 1 PX 50", [("NX", 0), ("XX", 1), ("GT", 0), ("LT", 0), ("XX GT", 0)]),
            ("SET a 1 PX 20", [("NX", 0), ("XX", 1), ("GT", 1), ("LT", 0), ("GT GT", 1)]),
            ("SET a 1 PX 90", [("NX", 0), ("XX", 1), ("GT", 0), ("LT", 1), ("LT XX", 1)]),
        ];
        for (set, conditions) in cases {
            for (condition, told) in conditions {
                let script = format!("{set}\nPEXPIRE a 50 {condition}");
                says(&script, &format!("+OK\r\n:{told}\r\n"));
            }
        }
    }

    #[test]
    fn conditions_that_do_not_go_together() {
        let error = "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n";
        says("EXPIRE k 1 NX XX\nEXPIRE k 1 GT NX\nEXPIRE k 1 LT GT NX", &error.repeat(3));
        let error = "-ERR GT and LT options at the same time are not compatible\r\n";
        says("EXPIRE k 1 GT LT", error);
        says("EXPIRE k a FOO\nEXPIRE k 1 GT LT FOO", &"-ERR Unsupported option FOO\r\n".repeat(2));
    }

    #[test]
    fn expiries_that_cannot_be() {
        says("EXPIRE k a", "-ERR value is not an integer or out of range\r\n");
        let (most, least) = (i64::MAX, i64::MIN + 1);
        let error = "-ERR invalid expire time in 'expire' command\r\n";
        says(&format!("EXPIRE k {most}\nEXPIRE k {least}"), &error.repeat(2));
        says(&format!("EXPIREAT k {most}"), "-ERR invalid expire time in 'expireat' command\r\n");
        says(&format!("PEXPIRE k {most}"), "-ERR invalid expire time in 'pexpire' command\r\n");
    }
}
