//! `CACHE.EXPLAIN command [arg ...]`: runs a command and answers what passed between the parts.
//!
//! The reply is an array of messages in order, each `[from, to, what, key, microseconds]`. What
//! the command itself would have answered is not shown, but it has taken effect.

use crate::args::Args;
use crate::command::{Context, Done, Keys, resolve};
use crate::error::Error;
use crate::frame::Out;
use crate::store::{Message, Mode};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    if let Some(messages) = context.explained() {
        draw(&messages, out);
        return Ok(());
    }
    let inner = args.from(1);
    let command = resolve(&inner)?;
    match command.keys {
        Keys::Range { .. } => {}
        Keys::None => {
            let text = format!("'{}' touches no key: there is nothing to explain", command.name);
            return Err(Error::plain(text).into());
        }
        Keys::OfArguments => {
            return Err(Error::plain("CACHE.EXPLAIN does not explain itself").into());
        }
    }
    context.mode = Mode::Traced;
    (command.run)(&inner, context, out)?;
    // A traced question is always answered later, and then does not come to this line.
    Err(Context::unfit().into())
}

fn draw(messages: &[Message], out: &mut Out<'_>) {
    out.array(messages.len());
    for message in messages {
        out.array(5);
        for text in [message.from, message.to, &message.what, &message.key] {
            out.bulk(text.as_bytes());
        }
        out.integer(i64::try_from(message.micros).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    fn told(what: &str, key: &str) -> String {
        let (what_len, key_len) = (what.len(), key.len());
        format!(
            "*1\r\n*5\r\n$3\r\nApp\r\n$5\r\nCache\r\n${what_len}\r\n{what}\r\n\
             ${key_len}\r\n{key}\r\n:3\r\n"
        )
    }

    #[test]
    fn a_read_is_fetched_and_told() {
        says("SET a 1\nCACHE.EXPLAIN GET a", &format!("+OK\r\n{}", told("fetch", "a")));
        says("CACHE.EXPLAIN MGET a b", &told("fetch", "a b"));
    }

    #[test]
    fn a_write_takes_effect_and_is_told() {
        says("CACHE.EXPLAIN SET a 1\nGET a", &format!("{}$1\r\n1\r\n", told("put", "a")));
        says("CACHE.EXPLAIN INCR a\nGET a", &format!("{}$1\r\n1\r\n", told("update", "a")));
    }

    #[test]
    fn what_cannot_be_explained_is_refused() {
        let error = "-ERR 'ping' touches no key: there is nothing to explain\r\n";
        says("CACHE.EXPLAIN PING", error);
        says("CACHE.EXPLAIN CACHE.EXPLAIN GET a", "-ERR CACHE.EXPLAIN does not explain itself\r\n");
    }

    #[test]
    fn a_transaction_is_not_explained() {
        let refused = "-ERR Command not allowed inside a transaction\r\n";
        says("MULTI\nCACHE.EXPLAIN GET a\nDISCARD", &format!("+OK\r\n{refused}+OK\r\n"));
    }

    #[test]
    fn errors_of_the_command_are_its_own() {
        says("CACHE.EXPLAIN GET", "-ERR wrong number of arguments for 'get' command\r\n");
        says("CACHE.EXPLAIN SET a 1 FOO", "-ERR syntax error\r\n");
        says("CACHE.EXPLAIN no", "-ERR unknown command 'no', with args beginning with: \r\n");
    }
}
