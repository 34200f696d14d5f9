//! `PING [message]`: <https://redis.io/commands/ping/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::{Out, Protocol};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let must_differ = context.client.is_subscribed() && out.protocol() == Protocol::Resp2;
    match (args.at(1), args.at(2)) {
        (message, None) if must_differ => {
            // A client that listens would take a plain reply for a broken message.
            out.array(2);
            out.bulk(b"pong");
            out.bulk(message.unwrap_or_default());
        }
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
