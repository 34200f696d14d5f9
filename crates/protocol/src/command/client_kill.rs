//! `CLIENT KILL`: <https://redis.io/commands/client-kill/>

use std::sync::Arc;

use super::client_list::Kind;
use crate::acl::Users;
use crate::args::Args;
use crate::command::{Context, Done, Stop};
use crate::error::{Error, c_string};
use crate::frame::{Out, integer};
use crate::hub::Card;

/// `CLIENT KILL address` or `CLIENT KILL [ID|TYPE|ADDR|LADDR|USER|SKIPME value] ...`
pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let is_old_form = args.len() == 3;
    let filter = match is_old_form {
        true => Filter { address: args.at(2), skips_own: false, ..Filter::default() },
        false => Filter::read(args, &context.hub.users)?,
    };
    let (mut others, mut own) = (Vec::new(), false);
    context.hub.clients.each(|card| match card.id == context.client.id() {
        _ if !filter.covers(card) => {}
        true => own = !filter.skips_own,
        false => others.push(card.clone()),
    });
    context.hub.end_others(&others);
    let killed = others.len() + usize::from(own);
    match is_old_form {
        false => out.integer(killed as i64),
        true if killed > 0 => out.simple("OK"),
        true => return Err(Error::plain("No such client").into()),
    }
    // Its own end comes after the reply.
    if own { Err(Stop::Quit) } else { Ok(()) }
}

/// Whom it concerns: everyone who meets all conditions.
struct Filter<'a> {
    id: Option<u64>,
    kind: Option<Kind>,
    address: Option<&'a [u8]>,
    local: Option<&'a [u8]>,
    user: Option<&'a [u8]>,
    skips_own: bool,
}

impl Default for Filter<'_> {
    fn default() -> Self {
        Self { id: None, kind: None, address: None, local: None, user: None, skips_own: true }
    }
}

impl<'a> Filter<'a> {
    fn read(args: &Args<'a>, users: &Users) -> Result<Self, Error> {
        let mut filter = Self::default();
        if args.len() < 4 {
            return Err(Error::syntax());
        }
        for place in (2..args.len()).step_by(2) {
            let value = args.at(place + 1).ok_or_else(Error::syntax)?;
            if args.is(place, "ID") {
                filter.id = Some(id(value)?);
            } else if args.is(place, "TYPE") {
                filter.kind = Some(Kind::of(value)?);
            } else if args.is(place, "ADDR") {
                filter.address = Some(value);
            } else if args.is(place, "LADDR") {
                filter.local = Some(value);
            } else if args.is(place, "USER") {
                users.find(value).ok_or_else(|| no_user(value))?;
                filter.user = Some(value);
            } else if args.is(place, "SKIPME") && args.is(place + 1, "YES") {
                filter.skips_own = true;
            } else if args.is(place, "SKIPME") && args.is(place + 1, "NO") {
                filter.skips_own = false;
            } else {
                return Err(Error::syntax());
            }
        }
        Ok(filter)
    }

    fn covers(&self, card: &Arc<Card>) -> bool {
        self.id.is_none_or(|id| id == card.id)
            && self.kind.is_none_or(|kind| kind == Kind::is(card))
            && self.address.is_none_or(|address| address == card.address.as_bytes())
            && self.local.is_none_or(|local| local == card.local.as_bytes())
            && self.user.is_none_or(|user| user == &*card.names.lock().user)
    }
}

fn no_user(name: &[u8]) -> Error {
    Error::repeating(&[b"No such user '", c_string(name), b"'"])
}

fn id(text: &[u8]) -> Result<u64, Error> {
    let id = integer::parse(text).and_then(|id| u64::try_from(id).ok()).filter(|id| *id > 0);
    id.ok_or_else(|| Error::plain("client-id should be greater than 0"))
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn oneself_is_spared_unless_it_is_said() {
        says("CLIENT KILL ID 7\nPING", ":0\r\n+PONG\r\n");
        says("CLIENT KILL ID 7 SKIPME no\nPING", ":1\r\n");
        says("CLIENT KILL ?:0\nPING", "+OK\r\n");
    }

    #[test]
    fn nobody_is_an_error_only_in_the_old_form() {
        says("CLIENT KILL 1.2.3.4:5", "-ERR No such client\r\n");
        says("CLIENT KILL ADDR 1.2.3.4:5 TYPE normal", ":0\r\n");
    }

    #[test]
    fn wrong_options_kill_nobody() {
        says(
            "CLIENT KILL ID 0 SKIPME no\nPING",
            "-ERR client-id should be greater than 0\r\n+PONG\r\n",
        );
        says("CLIENT KILL KIND x", "-ERR syntax error\r\n");
        says("CLIENT KILL TYPE x SKIPME no", "-ERR Unknown client type 'x'\r\n");
        says("CLIENT KILL USER none SKIPME no", "-ERR No such user 'none'\r\n");
        says("CLIENT KILL ID 7 SKIPME maybe", "-ERR syntax error\r\n");
    }
}
