//! `DBSIZE`: <https://redis.io/commands/dbsize/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::store::Request;

pub(super) fn run(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.outcome(&context.ask(Request::Size)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn counts_keys() {
        says("MSET a 1 b 2\nDBSIZE", "+OK\r\n:2\r\n");
    }
}
