//! `HELLO [protover [AUTH username password] [SETNAME clientname]]`:
//! <https://redis.io/commands/hello/>

use crate::REDIS_VERSION;
use crate::args::Args;
use crate::client::Client;
use crate::command::{Context, Done, auth};
use crate::error::{Error, c_string};
use crate::frame::{Out, Protocol, integer};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let protocol = args.at(1).map(version).transpose()?;
    apply_options(args, context)?;
    if context.client.identity.is_missing(&context.hub.users) {
        return Err(nobody().into());
    }
    if let Some(protocol) = protocol {
        context.client.protocol = protocol;
        out.set_protocol(protocol);
    }
    greet(context.client, out);
    Ok(())
}

fn version(text: &[u8]) -> Result<Protocol, Error> {
    match integer::parse(text) {
        Some(2) => Ok(Protocol::Resp2),
        Some(3) => Ok(Protocol::Resp3),
        Some(_) => Err(Error::new("NOPROTO", "unsupported protocol version")),
        None => Err(Error::plain("Protocol version is not an integer or out of range")),
    }
}

/// As in Redis, options that come before a wrong one have taken effect.
fn apply_options(args: &Args<'_>, context: &mut Context<'_>) -> Result<(), Error> {
    let mut place = 2;
    while let Some(option) = args.at(place) {
        match (args.at(place + 1), args.at(place + 2)) {
            (Some(name), Some(password)) if args.is(place, "AUTH") => {
                auth::log_in(&args[0], name, password, context)?;
                place += 3;
            }
            (Some(name), _) if args.is(place, "SETNAME") => {
                context.client.rename(name)?;
                place += 2;
            }
            _ => {
                let option = c_string(option);
                return Err(Error::repeating(&[b"Syntax error in HELLO option '", option, b"'"]));
            }
        }
    }
    Ok(())
}

fn nobody() -> Error {
    let text = "HELLO must be called with the client already authenticated, otherwise the HELLO \
                AUTH <user> <pass> option can be used to authenticate the client and select the \
                RESP protocol version at the same time";
    Error::new("NOAUTH", text)
}

fn greet(client: &Client, out: &mut Out<'_>) {
    let texts = [("server", "redis"), ("version", REDIS_VERSION)];
    let numbers = [("proto", client.protocol.number()), ("id", client.id().cast_signed())];
    let roles = [("mode", "standalone"), ("role", "master")];
    out.map(7);
    text_pairs(out, &texts);
    for (key, number) in numbers {
        out.bulk(key.as_bytes());
        out.integer(number);
    }
    text_pairs(out, &roles);
    out.bulk(b"modules");
    out.array(0);
}

fn text_pairs(out: &mut Out<'_>, pairs: &[(&str, &str)]) {
    for (key, text) in pairs {
        out.bulk(key.as_bytes());
        out.bulk(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    #[test]
    fn the_version_holds_from_the_reply_on() {
        let said = replies("HELLO 3\nGET none\nHELLO 2\nGET none");
        assert!(said.starts_with("%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n"), "{said}");
        assert!(said.contains("$7\r\nmodules\r\n*0\r\n_\r\n*14\r\n"), "{said}");
        assert!(said.ends_with("*0\r\n$-1\r\n"), "{said}");
    }

    #[test]
    fn without_a_version_nothing_changes() {
        assert!(replies("HELLO").contains("$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:7\r\n"));
    }

    #[test]
    fn a_name_can_be_set_with_it() {
        assert!(replies("HELLO 2 SETNAME me\nCLIENT GETNAME").ends_with("*0\r\n$2\r\nme\r\n"));
        let error = "Client names cannot contain spaces, newlines or special characters.";
        says("HELLO 3 SETNAME 'a b'\nGET none", &format!("-ERR {error}\r\n$-1\r\n"));
    }

    #[test]
    fn wrong_options_change_nothing() {
        says("HELLO 4", "-NOPROTO unsupported protocol version\r\n");
        says("HELLO a", "-ERR Protocol version is not an integer or out of range\r\n");
        says("HELLO 3 foo", "-ERR Syntax error in HELLO option 'foo'\r\n");
        says("HELLO 3 AUTH a\nGET none", "-ERR Syntax error in HELLO option 'AUTH'\r\n$-1\r\n");
    }

    #[test]
    fn who_it_is_can_be_said_with_it() {
        let said = replies("ACL SETUSER bob on >x +acl\nHELLO 3 AUTH bob x SETNAME me\nACL WHOAMI");
        assert!(said.contains("%7\r\n") && said.ends_with("$3\r\nbob\r\n"), "{said}");
        let wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
        says("HELLO 3 AUTH bob x SETNAME me\nGET none", &format!("{wrong}$-1\r\n"));
    }

    #[test]
    fn who_it_is_has_to_be_said_first() {
        let script = "ACL SETUSER default >x\nRESET\nHELLO 3\nHELLO 2 AUTH default x";
        let said = replies(script);
        let missing = "-NOAUTH HELLO must be called with the client already authenticated";
        assert!(said.starts_with(&format!("+OK\r\n+RESET\r\n{missing}")), "{said}");
        assert!(said.ends_with("modules\r\n*0\r\n"), "{said}");
    }
}
