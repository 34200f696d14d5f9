//! `CONFIG GET|SET|RESETSTAT|REWRITE`: <https://redis.io/commands/config-get/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;
use crate::settings::{NotRewritten, place};

/// `CONFIG GET parameter [parameter ...]`
pub(super) fn get(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let names = args.from(2);
    let found = context.hub.settings.matching(names.iter());
    out.map(found.len());
    for (name, value) in found {
        out.bulk(&name);
        out.bulk(&value);
    }
    Ok(())
}

/// `CONFIG SET parameter value [parameter value ...]`
pub(super) fn set(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    if !args.len().is_multiple_of(2) {
        return Err(Error::syntax().into());
    }
    let pairs: Vec<_> = args.pairs(2).collect();
    let settings = &context.hub.settings;
    settings.set(&pairs)?;
    if pairs.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"requirepass")) {
        let password = settings.text(place::REQUIREPASS);
        let password = Some(password.as_slice()).filter(|password| !password.is_empty());
        context.hub.users.require_password(password);
    }
    context.hub.shrink_tracking();
    out.simple("OK");
    Ok(())
}

/// `CONFIG RESETSTAT`
pub(super) fn reset_statistics(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    context.hub.counts.reset();
    context.hub.settings.reset_statistics();
    out.simple("OK");
    Ok(())
}

/// `CONFIG REWRITE`
pub(super) fn rewrite(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    match context.hub.settings.rewrite() {
        Ok(()) => out.simple("OK"),
        Err(NotRewritten::NoFile) => {
            let text = "The server is running without a config file";
            return Err(Error::plain(text).into());
        }
        Err(NotRewritten::Failed(reason)) => {
            return Err(Error::plain(format!("Rewriting config file: {reason}")).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    const UNKNOWN: &str = "-ERR Unknown option or number of arguments for CONFIG SET - ";

    fn failed(name: &str, reason: &str) -> String {
        format!("-ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}\r\n")
    }

    #[test]
    fn parameters_are_shown_under_the_name_that_was_asked_for() {
        says("CONFIG GET MaxClients", "*2\r\n$10\r\nMaxClients\r\n$5\r\n10000\r\n");
        let two = "*4\r\n$4\r\nport\r\n$4\r\n7379\r\n$4\r\nsave\r\n$0\r\n\r\n";
        says("CONFIG GET port save PORT none", two);
        says("HELLO 3\nCONFIG GET none", &format!("{}%0\r\n", replies("HELLO 3")));
    }

    #[test]
    fn patterns_show_each_parameter_once_under_both_its_names() {
        let said = replies("CONFIG GET hash-max-*-entries *listpack-entries maxclient?");
        for name in ["hash-max-listpack-entries", "hash-max-ziplist-entries", "maxclients"] {
            assert_eq!(said.matches(name).count(), 1, "{name}");
        }
    }

    #[test]
    fn hidden_parameters_want_their_name() {
        assert!(!replies("CONFIG GET *").contains("key-load-delay"));
        says("CONFIG GET key-load-delay", "*2\r\n$14\r\nkey-load-delay\r\n$1\r\n0\r\n");
    }

    #[test]
    fn what_is_set_is_shown_in_its_own_form() {
        let script = "CONFIG SET maxmemory-clients 5% timeout 60 lua-time-limit 7\n\
                      CONFIG GET timeout\nCONFIG GET busy-reply-threshold";
        let timeout = "*2\r\n$7\r\ntimeout\r\n$2\r\n60\r\n";
        let busy = "*2\r\n$20\r\nbusy-reply-threshold\r\n$1\r\n7\r\n";
        says(script, &format!("+OK\r\n{timeout}{busy}"));
    }

    #[test]
    fn one_wrong_value_leaves_all_as_they_are() {
        let script = "CONFIG SET timeout 60 maxclients no\nCONFIG GET timeout";
        let error = failed("maxclients", "argument couldn't be parsed into an integer");
        says(script, &format!("{error}*2\r\n$7\r\ntimeout\r\n$1\r\n0\r\n"));
    }

    #[test]
    fn the_first_wrong_name_is_told() {
        says("CONFIG SET foo 1 daemonize yes", &format!("{UNKNOWN}'foo'\r\n"));
        let error = failed("Daemonize", "can't set immutable config");
        says("CONFIG SET Daemonize yes foo 1", &error);
        let error = failed("TIMEOUT", "duplicate parameter");
        says("CONFIG SET timeout 1 TIMEOUT 2", &error);
        says("CONFIG SET timeout 1 port", "-ERR syntax error\r\n");
        says("CONFIG SET timeout", "-ERR wrong number of arguments for 'config|set' command\r\n");
    }

    #[test]
    fn what_larder_cannot_change_can_be_set_to_what_it_is() {
        says("CONFIG SET port 7379", "+OK\r\n");
        let reason =
            "Unable to listen on this port: larder cannot while it runs, so set it in larder.toml";
        says("CONFIG SET port 7380", &failed("port", reason));
        says("CONFIG SET dir x", &failed("dir", "can't set protected config"));
    }

    #[test]
    fn arguments_can_be_as_long_as_it_says() {
        let long = "x".repeat(2 << 20);
        let script = format!(
            "CONFIG SET proto-max-bulk-len 1mb\n*2\r\n$4\r\nECHO\r\n${}\r\n{long}",
            long.len()
        );
        says(&script, "+OK\r\n-ERR Protocol error: invalid bulk length\r\n");
        let error = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
        says("CONFIG SET proto-max-bulk-len 1mb\nSETRANGE a 2000000 x", &format!("+OK\r\n{error}"));
    }

    #[test]
    fn a_password_is_the_one_of_the_default_user() {
        let said = replies("CONFIG SET requirepass secret\nRESET\nGET a\nAUTH secret\nGET a");
        let denied = "+OK\r\n+RESET\r\n-NOAUTH Authentication required.\r\n";
        assert_eq!(said, format!("{denied}+OK\r\n$-1\r\n"));
        let open = "CONFIG SET requirepass secret\nCONFIG SET requirepass ''\nRESET\nGET a";
        says(open, "+OK\r\n+OK\r\n+RESET\r\n$-1\r\n");
    }

    #[test]
    fn what_nobody_carries_out_is_said() {
        let error = "-ERR The server is running without a config file\r\n";
        says("CONFIG RESETSTAT\nCONFIG REWRITE", &format!("+OK\r\n{error}"));
    }
}
