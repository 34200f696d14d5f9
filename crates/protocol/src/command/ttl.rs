//! `TTL key`, `PTTL key`: <https://redis.io/commands/ttl/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

/// `TTL`: rounded, as Redis does.
pub(super) fn seconds(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    ttl(args, context, out, |left| left.saturating_add(500) / 1000)
}

/// `PTTL`
pub(super) fn milliseconds(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    ttl(args, context, out, |left| left)
}

/// Answers -2 when there is no key and -1 when it never expires.
fn ttl(
    args: &Args<'_>,
    context: &mut Context<'_>,
    out: &mut Out<'_>,
    scale: fn(u64) -> u64,
) -> Done {
    let left = context.read(&args[1], |item| match item.map(|item| item.expires_in_ms) {
        None => -2,
        Some(None) => -1,
        Some(Some(left)) => i64::try_from(scale(left)).unwrap_or(i64::MAX),
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
    fn no_key_and_no_expiry_differ() {
        says("SET a 1\nTTL a\nPTTL a\nTTL x\nPTTL x", "+OK\r\n:-1\r\n:-1\r\n:-2\r\n:-2\r\n");
    }
}
