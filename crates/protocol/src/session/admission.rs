//! Whether a request may run at all, before it does.

use crate::acl::{Denied, What};
use crate::args::Args;
use crate::client::Client;
use crate::command::{Command, flag};
use crate::error::Error;
use crate::frame::Protocol;
use crate::hub::Hub;

/// Refuses what the client may not do now, in the order in which Redis does.
pub(crate) fn admit(
    command: &'static Command,
    args: &Args<'_>,
    client: &Client,
    hub: &Hub,
    now_unix_ms: u64,
) -> Result<(), Error> {
    if command.flags & flag::NO_AUTH == 0 && client.identity.is_missing(&hub.users) {
        return Err(Error::new("NOAUTH", "Authentication required."));
    }
    let in_transaction = client.transaction.is_some();
    if in_transaction && command.flags & flag::NO_MULTI != 0 {
        return Err(Error::plain("Command not allowed inside a transaction"));
    }
    if let Err(denied) = client.identity.user().permits(command, *args) {
        note(&denied, client, hub, in_transaction, now_unix_ms);
        return Err(denied.error());
    }
    match client.is_subscribed() && client.protocol == Protocol::Resp2 {
        true => admit_subscribed(command),
        false => Ok(()),
    }
}

/// Refuses a request of a transaction that runs, if what its user may do has changed meanwhile.
pub(crate) fn readmit(
    command: &'static Command,
    args: &Args<'_>,
    client: &Client,
    hub: &Hub,
    now_unix_ms: u64,
) -> Result<(), Error> {
    client.identity.user().permits(command, *args).map_err(|denied| {
        note(&denied, client, hub, true, now_unix_ms);
        denied.error_in_exec()
    })
}

fn note(denied: &Denied<'_>, client: &Client, hub: &Hub, in_transaction: bool, now_unix_ms: u64) {
    let user = client.identity.user();
    if user.is_removed() {
        // Its sessions end; this one may have become it while that was going on.
        client.card.end();
        return;
    }
    let what = What::denied(denied, user.name(), in_transaction);
    hub.log_denial(what, client, now_unix_ms);
}

/// In RESP2 a client that listens cannot tell a reply from a message.
fn admit_subscribed(command: &Command) -> Result<(), Error> {
    const ALLOWED: [&str; 7] =
        ["ping", "subscribe", "unsubscribe", "psubscribe", "punsubscribe", "quit", "reset"];
    if ALLOWED.contains(&command.name) {
        return Ok(());
    }
    let name = command.name;
    Err(Error::plain(format!(
        "Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are \
         allowed in this context"
    )))
}
