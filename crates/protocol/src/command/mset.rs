//! `MSET key value [key value ...]`: <https://redis.io/commands/mset/>
//!
//! `MSETNX` writes none of the pairs when one of the keys exists. A row that is only in the source
//! exists as well, and is looked for there.

use crate::args::Args;
use crate::command::{Context, Done, Stop};
use crate::error::Error;
use crate::frame::Out;
use crate::store::{Outcome, Request};

/// `MSET`
pub(super) fn always(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    put(args, "mset", false, context)?;
    out.simple("OK");
    Ok(())
}

/// `MSETNX`
pub(super) fn if_absent(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.outcome(&put(args, "msetnx", true, context)?);
    Ok(())
}

fn put(
    args: &Args<'_>,
    command: &str,
    if_absent: bool,
    context: &mut Context<'_>,
) -> Result<Outcome, Stop> {
    if args.len().is_multiple_of(2) {
        return Err(Error::arity(command).into());
    }
    let pairs = args.pairs(1).collect();
    context.ask(Request::PutMany { pairs, if_absent })
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn the_last_value_of_a_key_stays() {
        says("MSET a 1 b 2 a 3\nMGET a b", "+OK\r\n*2\r\n$1\r\n3\r\n$1\r\n2\r\n");
    }

    #[test]
    fn a_key_without_value_is_refused() {
        let error = "-ERR wrong number of arguments for 'mset' command\r\n";
        says("MSET a 1 b\nMSET a", &error.repeat(2));
    }

    #[test]
    fn one_key_that_exists_keeps_all_from_being_set() {
        says("MSETNX a 1 b 2 a 3\nMGET a b", ":1\r\n*2\r\n$1\r\n3\r\n$1\r\n2\r\n");
        says("SET b 1\nMSETNX a 1 b 2\nMGET a b", "+OK\r\n:0\r\n*2\r\n$-1\r\n$1\r\n1\r\n");
        says("HSET h f v\nMSETNX a 1 h 2\nEXISTS a", ":1\r\n:0\r\n:0\r\n");
        says("MSETNX a", "-ERR wrong number of arguments for 'msetnx' command\r\n");
        says("MSETNX a 1 b", "-ERR wrong number of arguments for 'msetnx' command\r\n");
    }
}
