//! `TTL key`, `PTTL key`, `EXPIRETIME key`, `PEXPIRETIME key`: <https://redis.io/commands/ttl/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

/// `TTL`: rounded, as Redis does.
pub(super) fn seconds(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    ttl(args, context, out, |left, _| in_seconds(left))
}

/// `PTTL`
pub(super) fn milliseconds(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    ttl(args, context, out, |left, _| left)
}

/// `EXPIRETIME`: the end instead of what is left until then.
pub(super) fn end_seconds(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    ttl(args, context, out, |left, now| in_seconds(now.saturating_add(left)))
}

/// `PEXPIRETIME`
pub(super) fn end_milliseconds(
    args: &Args<'_>,
    context: &mut Context<'_>,
    out: &mut Out<'_>,
) -> Done {
    ttl(args, context, out, |left, now| now.saturating_add(left))
}

fn in_seconds(milliseconds: u64) -> u64 {
    milliseconds.saturating_add(500) / 1000
}

/// Answers -2 when there is no key and -1 when it never expires; otherwise what `scale` makes of the
/// milliseconds that are left and the wall clock.
fn ttl(
    args: &Args<'_>,
    context: &mut Context<'_>,
    out: &mut Out<'_>,
    scale: fn(u64, u64) -> u64,
) -> Done {
    let now = context.now_unix_ms;
    let left = context.read(&args[1], |item| match item.map(|item| item.expires_in_ms) {
        None => -2,
        Some(None) => -1,
        Some(Some(left)) => i64::try_from(scale(left, now)).unwrap_or(i64::MAX),
    })?;
    out.integer(left);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn tells_what_is_left() {
        says("SET a 1 PX 1499\nTTL a\nPTTL a", "+OK\r\n:1\r\n:1499\r\n");
        says("SET a 1 PX 1500\nTTL a", "+OK\r\n:2\r\n");
    }

    #[test]
    fn tells_when_it_ends() {
        let script = "SET a 1 PX 1499\nEXPIRETIME a\nPEXPIRETIME a";
        says(script, "+OK\r\n:1001\r\n:1001499\r\n");
        says("SET a 1\nEXPIRETIME a\nPEXPIRETIME x", "+OK\r\n:-1\r\n:-2\r\n");
    }

    #[test]
    fn no_key_and_no_expiry_differ() {
        says("SET a 1\nTTL a\nPTTL a\nTTL x\nPTTL x", "+OK\r\n:-1\r\n:-1\r\n:-2\r\n:-2\r\n");
    }
}
