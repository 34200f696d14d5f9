//! `DEL key [key ...]`, `UNLINK key [key ...]`: <https://redis.io/commands/del/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::store::Request;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let keys = args.from(1).iter().collect();
    out.outcome(&context.ask(Request::Remove { keys })?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn counts_what_was_there() {
        says("MSET a 1 b 2\nDEL a x a\nUNLINK b\nDBSIZE", "+OK\r\n:1\r\n:1\r\n:0\r\n");
    }
}
