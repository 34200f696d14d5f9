//! `FUNCTION FLUSH [ASYNC|SYNC]`: <https://redis.io/commands/function-flush/>
//!
//! larder has no functions, so that there is nothing to flush. Programs that want an empty server,
//! Redis' own tests among them, send this along with `FLUSHALL` and take any error for a failure.

use crate::args::Args;
use crate::command::lookup::wrong_subcommand;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;

pub(super) fn flush(args: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    if args.len() > 3 {
        return Err(wrong_subcommand(args).into());
    }
    if args.len() == 3 && !args.is(2, "ASYNC") && !args.is(2, "SYNC") {
        let text = "FUNCTION FLUSH only supports SYNC|ASYNC option";
        return Err(Error::plain(text).into());
    }
    out.simple("OK");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn there_is_never_anything_to_flush() {
        for flush in ["FUNCTION FLUSH", "function flush async", "FUNCTION FLUSH SYNC"] {
            says(&format!("SET a 1\n{flush}\nGET a"), "+OK\r\n+OK\r\n$1\r\n1\r\n");
        }
    }

    #[test]
    fn other_options_and_functions_are_refused() {
        says("FUNCTION FLUSH now", "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option\r\n");
        let unfit = "-ERR unknown subcommand or wrong number of arguments for 'FLUSH'. \
                     Try FUNCTION HELP.\r\n";
        says("FUNCTION FLUSH SYNC ASYNC", unfit);
        says("FUNCTION LOAD x", "-ERR unknown subcommand 'LOAD'. Try FUNCTION HELP.\r\n");
    }
}
