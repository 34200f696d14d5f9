//! `RANDOMKEY`: <https://redis.io/commands/randomkey/>, of those that are cached.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::store::Request;

pub(super) fn run(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.outcome(&context.ask(Request::RandomKey)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn it_is_one_that_is_there() {
        says("RANDOMKEY\nSET a 1\nRANDOMKEY", "$-1\r\n+OK\r\n$1\r\na\r\n");
    }
}
