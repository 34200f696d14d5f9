//! `ACL SETUSER|DELUSER|GETUSER`: <https://redis.io/commands/acl-setuser/>

use crate::acl::SelectorWords;
use crate::args::Args;
use crate::command::{Context, Done, Stop};
use crate::frame::Out;

/// `ACL SETUSER username [rule ...]`
pub(super) fn set(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let rules: Vec<&[u8]> = args.from(3).iter().collect();
    context.hub.users.set(&args[2], &rules)?;
    context.hub.end_barred_listeners();
    out.simple("OK");
    Ok(())
}

/// `ACL DELUSER username [username ...]`: ends their connections too.
pub(super) fn delete(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let names: Vec<&[u8]> = args.from(2).iter().collect();
    let count = context.hub.users.remove(&names)?;
    out.integer(count as i64);
    let own = context.client.identity.user().is_removed();
    context.hub.end_strangers(Some(context.client.id()));
    // Its own end comes after the reply.
    if own { Err(Stop::Quit) } else { Ok(()) }
}

/// `ACL GETUSER username`
pub(super) fn get(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let Some(user) = context.hub.users.find(&args[2]) else {
        out.null();
        return Ok(());
    };
    let permissions = user.permissions();
    let flags: Vec<&str> = permissions.flags().collect();
    out.map(6);
    out.bulk(b"flags");
    out.set(flags.len());
    flags.iter().for_each(|flag| out.bulk(flag.as_bytes()));
    out.bulk(b"passwords");
    out.array(permissions.passwords().len());
    permissions.passwords().for_each(|hash| out.bulk(hash.as_bytes()));
    let mut selectors = permissions.selectors();
    selectors.next().iter().for_each(|own| describe(own, out));
    let others: Vec<SelectorWords> = selectors.collect();
    out.bulk(b"selectors");
    out.array(others.len());
    for selector in &others {
        out.map(3);
        describe(selector, out);
    }
    Ok(())
}

/// Three pairs of a map.
fn describe(selector: &SelectorWords, out: &mut Out<'_>) {
    let SelectorWords { commands, keys, channels } = selector;
    for (name, words) in [("commands", commands), ("keys", keys), ("channels", channels)] {
        out.bulk(name.as_bytes());
        out.bulk(words);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    #[test]
    fn a_user_is_told_of_in_full() {
        says(
            "ACL SETUSER bob on nopass ~a %R~b &c +get (+set ~d)\nACL GETUSER bob",
            "+OK\r\n*12\r\n$5\r\nflags\r\n*2\r\n$2\r\non\r\n$6\r\nnopass\r\n$9\r\npasswords\r\n*0\r\n\
             $8\r\ncommands\r\n$10\r\n-@all +get\r\n$4\r\nkeys\r\n$7\r\n~a %R~b\r\n\
             $8\r\nchannels\r\n$2\r\n&c\r\n$9\r\nselectors\r\n*1\r\n*6\r\n\
             $8\r\ncommands\r\n$10\r\n-@all +set\r\n$4\r\nkeys\r\n$2\r\n~d\r\n$8\r\nchannels\r\n$0\r\n\r\n",
        );
        says("ACL GETUSER eve", "$-1\r\n");
        assert!(
            replies("HELLO 3\nACL GETUSER default")
                .contains("%6\r\n$5\r\nflags\r\n~2\r\n$2\r\non\r\n")
        );
    }

    #[test]
    fn a_change_holds_at_once() {
        says(
            "ACL SETUSER default -get\nGET a\nACL SETUSER default +get\nGET a",
            "+OK\r\n-NOPERM this user has no permissions to run the 'get' command\r\n+OK\r\n$-1\r\n",
        );
    }

    #[test]
    fn wrong_rules_change_nothing() {
        let error = "-ERR Error in ACL SETUSER modifier 'foo': Syntax error\r\n";
        says("ACL SETUSER bob on foo\nACL USERS", &format!("{error}*1\r\n$7\r\ndefault\r\n"));
    }

    #[test]
    fn a_user_that_deletes_itself_is_let_go() {
        says(
            "ACL SETUSER bob on nopass +@all\nAUTH bob x\nACL DELUSER bob eve\nPING",
            "+OK\r\n+OK\r\n:1\r\n",
        );
        says(
            "ACL DELUSER default\nACL DELUSER eve",
            "-ERR The 'default' user cannot be removed\r\n:0\r\n",
        );
    }
}
