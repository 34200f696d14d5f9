//! `PING [message]`: <https://redis.io/commands/ping/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    match (args.at(1), args.at(2)) {
        (None, _) => out.simple("PONG"),
        (Some(message), None) => out.bulk(message),
        (Some(_), Some(_)) => return Err(Error::arity("ping").into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn answers_pong_or_the_message() {
        says("PING", "+PONG\r\n");
        says("ping 'a b'", "$3\r\na b\r\n");
        says("PING a b", "-ERR wrong number of arguments for 'ping' command\r\n");
    }
}
