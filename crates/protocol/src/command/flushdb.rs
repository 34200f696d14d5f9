//! `FLUSHDB [ASYNC|SYNC]`: <https://redis.io/commands/flushdb/>. Drops copies, never a row.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;
use crate::store::Request;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let known = match args.len() {
        1 => true,
        2 => args.is(1, "ASYNC") || args.is(1, "SYNC"),
        _ => false,
    };
    if !known {
        return Err(Error::syntax().into());
    }
    out.outcome(&context.ask(Request::Clear)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn nothing_is_left() {
        for flush in ["FLUSHDB", "FLUSHDB async", "flushdb SYNC"] {
            says(&format!("SET a 1\n{flush}\nDBSIZE"), "+OK\r\n+OK\r\n:0\r\n");
        }
    }

    #[test]
    fn other_options_are_refused() {
        says("FLUSHDB now", "-ERR syntax error\r\n");
        says("FLUSHDB SYNC ASYNC", "-ERR syntax error\r\n");
    }
}
