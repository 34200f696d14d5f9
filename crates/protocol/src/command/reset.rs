//! `RESET`: <https://redis.io/commands/reset/>

use crate::args::Args;
use crate::client::Client;
use crate::command::{Context, Done};
use crate::frame::{Out, Protocol};

/// The connection is as it was at its beginning, with the same number.
pub(super) fn run(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    context.hub.forget(context.client);
    let card = context.client.card.clone();
    card.names.lock().name = Box::default();
    let last_command = context.client.last_command;
    *context.client = Client { last_command, ..Client::new(card, &context.hub.users) };
    out.set_protocol(Protocol::default());
    out.simple("RESET");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    #[test]
    fn what_was_begun_is_forgotten() {
        says("MULTI\nRESET\nEXEC", "+OK\r\n+RESET\r\n-ERR EXEC without MULTI\r\n");
        says(
            "SELECT 2\nCLIENT SETNAME a\nRESET\nCLIENT GETNAME",
            "+OK\r\n+OK\r\n+RESET\r\n$-1\r\n",
        );
        assert!(replies("HELLO 3\nSUBSCRIBE a\nRESET\nGET none").ends_with("+RESET\r\n$-1\r\n"));
    }
}
