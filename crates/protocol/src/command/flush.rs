//! `FLUSHDB [ASYNC|SYNC]`, `FLUSHALL [ASYNC|SYNC]`: <https://redis.io/commands/flushdb/>. They drop
//! copies, and never a row; either option takes effect before the reply.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;
use crate::store::Request;

/// `FLUSHDB`
pub(super) fn one(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    flush(args, false, context, out)
}

/// `FLUSHALL`
pub(super) fn all(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    flush(args, true, context, out)
}

fn flush(args: &Args<'_>, all: bool, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let known = match args.len() {
        1 => true,
        2 => args.is(1, "ASYNC") || args.is(1, "SYNC"),
        _ => false,
    };
    if !known {
        return Err(Error::syntax().into());
    }
    out.outcome(&context.ask(Request::Clear { all })?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn nothing_is_left() {
        for flush in ["FLUSHDB", "FLUSHDB async", "flushdb SYNC", "FLUSHALL", "FLUSHALL ASYNC"] {
            says(&format!("SET a 1\n{flush}\nDBSIZE"), "+OK\r\n+OK\r\n:0\r\n");
        }
    }

    #[test]
    fn one_database_or_all_are_emptied() {
        let script = "SET a 1\nSELECT 1\nFLUSHDB\nSELECT 0\nGET a";
        says(script, "+OK\r\n+OK\r\n+OK\r\n+OK\r\n$1\r\n1\r\n");
        let script = "SET a 1\nSELECT 1\nFLUSHALL\nSELECT 0\nGET a";
        says(script, "+OK\r\n+OK\r\n+OK\r\n+OK\r\n$-1\r\n");
    }

    #[test]
    fn other_options_are_refused() {
        says("FLUSHDB now", "-ERR syntax error\r\n");
        says("FLUSHALL SYNC ASYNC", "-ERR syntax error\r\n");
    }
}
