//! `MSET key value [key value ...]`: <https://redis.io/commands/mset/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;
use crate::store::Request;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    if args.len().is_multiple_of(2) {
        return Err(Error::arity("mset").into());
    }
    let pairs = args.pairs(1).collect();
    out.outcome(&context.ask(Request::PutMany { pairs })?);
    Ok(())
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
}
