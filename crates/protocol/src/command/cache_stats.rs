//! `CACHE.STATS [keyspace]`: what the keyspaces have counted.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;
use crate::store::Request;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    if args.len() > 2 {
        return Err(Error::arity("cache.stats").into());
    }
    out.outcome(&context.ask(Request::Stats { keyspace: args.at(1) })?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn the_store_is_asked_for_one_keyspace_or_all() {
        says("CACHE.STATS", "*2\r\n$3\r\nall\r\n:0\r\n");
        says("CACHE.STATS row:", "*2\r\n$4\r\nrow:\r\n:0\r\n");
        says("CACHE.STATS a b", "-ERR wrong number of arguments for 'cache.stats' command\r\n");
    }
}
