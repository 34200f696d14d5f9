//! `SETEX key seconds value`, `PSETEX key milliseconds value`:
//! <https://redis.io/commands/setex/>. In a keyspace with a source it is the copy that expires.

use crate::args::Args;
use crate::command::expiry::Unit;
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::store::Request;

/// `SETEX`
pub(super) fn seconds(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    put(args, Unit::Seconds, "setex", context, out)
}

/// `PSETEX`
pub(super) fn milliseconds(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    put(args, Unit::Milliseconds, "psetex", context, out)
}

fn put(
    args: &Args<'_>,
    unit: Unit,
    command: &str,
    context: &mut Context<'_>,
    out: &mut Out<'_>,
) -> Done {
    let expiry = unit.expiry(args.integer(2)?, context.now_unix_ms, command)?;
    out.outcome(&context.ask(Request::Put { key: &args[1], value: &args[3], expiry })?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn value_and_expiry_are_set_together() {
        says("SETEX a 5 x\nGET a\nPTTL a", "+OK\r\n$1\r\nx\r\n:5000\r\n");
        says("HSET a f v\nPSETEX a 5 x\nGET a\nPTTL a", ":1\r\n+OK\r\n$1\r\nx\r\n:5\r\n");
    }

    #[test]
    fn expiries_that_cannot_be() {
        says("SETEX a 0 x", "-ERR invalid expire time in 'setex' command\r\n");
        says("SETEX a 9223372036854775807 x", "-ERR invalid expire time in 'setex' command\r\n");
        says("PSETEX a -1 x", "-ERR invalid expire time in 'psetex' command\r\n");
        says("SETEX a x 1\nEXISTS a", "-ERR value is not an integer or out of range\r\n:0\r\n");
    }
}
