//! `HELLO [protover [AUTH username password] [SETNAME clientname]]`:
//! <https://redis.io/commands/hello/>

use crate::REDIS_VERSION;
use crate::args::Args;
use crate::client::Client;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::{Out, Protocol, integer};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let protocol = args.at(1).map(version).transpose()?;
    let name = options(args)?;
    if let Some(name) = name {
        context.client.rename(name)?;
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

/// The name that is asked for. All options are checked before any takes effect.
fn options<'a>(args: &Args<'a>) -> Result<Option<&'a [u8]>, Error> {
    let (mut place, mut name) = (2, None);
    while let Some(option) = args.at(place) {
        if args.is(place, "AUTH") && args.at(place + 2).is_some() {
            return Err(no_passwords());
        }
        match args.at(place + 1) {
            Some(value) if args.is(place, "SETNAME") => name = Some(value),
            _ => {
                let option = String::from_utf8_lossy(option);
                return Err(Error::plain(format!("Syntax error in HELLO option '{option}'")));
            }
        }
        place += 2;
    }
    Ok(name)
}

fn no_passwords() -> Error {
    Error::plain(
        "AUTH <password> called without any password configured for the default user. \
         Are you sure your configuration is correct?",
    )
}

fn greet(client: &Client, out: &mut Out<'_>) {
    let texts = [("server", "redis"), ("version", REDIS_VERSION)];
    let numbers = [("proto", client.protocol.number()), ("id", client.id.cast_signed())];
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
        assert!(replies("HELLO 3 AUTH default x").starts_with("-ERR AUTH <password> called"));
    }
}
