//! `CLIENT REPLY|NO-EVICT|NO-TOUCH|PAUSE|UNPAUSE`: <https://redis.io/commands/client/>

use crate::args::Args;
use crate::client::Replies;
use crate::command::{Context, Done, lookup};
use crate::error::Error;
use crate::frame::{Out, integer};
use crate::hub::Paused;

/// `CLIENT REPLY ON|OFF|SKIP`
pub(super) fn reply(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    if args.is(2, "ON") {
        context.client.replies = Replies::All;
        out.simple("OK");
    } else if args.is(2, "OFF") {
        context.client.replies = Replies::Off;
    } else if args.is(2, "SKIP") {
        if context.client.replies != Replies::Off {
            context.client.replies = Replies::SkipNext;
        }
    } else {
        return Err(Error::syntax().into());
    }
    Ok(())
}

/// `CLIENT NO-EVICT ON|OFF`
pub(super) fn no_evict(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    context.client.no_evict = is_on(args)?;
    out.simple("OK");
    Ok(())
}

/// `CLIENT NO-TOUCH ON|OFF`
pub(super) fn no_touch(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    context.client.no_touch = is_on(args)?;
    out.simple("OK");
    Ok(())
}

/// `CLIENT PAUSE milliseconds [WRITE|ALL]`
pub(super) fn pause(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let paused = match args.len() {
        3 => Paused::All,
        4 if args.is(3, "WRITE") => Paused::Writes,
        4 if args.is(3, "ALL") => Paused::All,
        4 => return Err(Error::plain("CLIENT PAUSE mode must be WRITE or ALL").into()),
        _ => return Err(lookup::wrong_subcommand(args).into()),
    };
    let span = integer::parse(&args[2])
        .ok_or_else(|| Error::plain("timeout is not an integer or out of range"))?;
    let span = u64::try_from(span).map_err(|_| Error::plain("timeout is negative"))?;
    let until = context.now_unix_ms.saturating_add(span);
    context.hub.pause.begin(until, paused, context.now_unix_ms);
    out.simple("OK");
    Ok(())
}

/// `CLIENT UNPAUSE`
pub(super) fn unpause(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    context.hub.end_pause();
    out.simple("OK");
    Ok(())
}

/// `CLIENT UNBLOCK id [TIMEOUT|ERROR]`: nobody is ever blocked.
pub(super) fn unblock(args: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    if args.len() > 4 {
        return Err(lookup::wrong_subcommand(args).into());
    }
    if args.len() == 4 && !args.is(3, "TIMEOUT") && !args.is(3, "ERROR") {
        return Err(Error::plain("CLIENT UNBLOCK reason should be TIMEOUT or ERROR").into());
    }
    args.integer(2)?;
    out.integer(0);
    Ok(())
}

fn is_on(args: &Args<'_>) -> Result<bool, Error> {
    match (args.is(2, "ON"), args.is(2, "OFF")) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(Error::syntax()),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn replies_can_be_kept_back() {
        says("CLIENT REPLY OFF\nPING\nCLIENT REPLY ON\nPING", "+OK\r\n+PONG\r\n");
        says("CLIENT REPLY SKIP\nPING\nECHO a", "$1\r\na\r\n");
        says("CLIENT REPLY SKIP\nSET a 1\nGET a", "$1\r\n1\r\n");
        says("CLIENT REPLY OFF\nCLIENT REPLY SKIP\nPING\nPING\nFOO\nCLIENT REPLY ON", "+OK\r\n");
        says("CLIENT REPLY SKIP\nCLIENT REPLY ON\nPING", "+OK\r\n+PONG\r\n");
        says("CLIENT REPLY SOME", "-ERR syntax error\r\n");
    }

    #[test]
    fn options_are_on_or_off() {
        says("CLIENT NO-EVICT on\nCLIENT NO-TOUCH off", "+OK\r\n+OK\r\n");
        says("CLIENT NO-EVICT x\nCLIENT NO-TOUCH x", &"-ERR syntax error\r\n".repeat(2));
    }

    #[test]
    fn a_pause_has_a_length_and_a_mode() {
        says("CLIENT PAUSE x", "-ERR timeout is not an integer or out of range\r\n");
        says("CLIENT PAUSE -1", "-ERR timeout is negative\r\n");
        let unfit = |word: &str| {
            format!(
                "-ERR unknown subcommand or wrong number of arguments for '{word}'. Try CLIENT HELP.\r\n"
            )
        };
        says("CLIENT PAUSE 1 WRITE x", &unfit("PAUSE"));
        says("CLIENT unblock 1 ERROR x", &unfit("unblock"));
        says("CLIENT PAUSE 1 SOME", "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n");
    }

    #[test]
    fn a_pause_holds_requests_up_until_it_is_over() {
        says("CLIENT PAUSE 100\nPING", "+OK\r\n");
        says("CLIENT PAUSE 100 WRITE\nPING\nSET a 1\nPING", "+OK\r\n+PONG\r\n");
        says("CLIENT PAUSE 100\nCLIENT UNPAUSE\nPING", "+OK\r\n+OK\r\n+PONG\r\n");
    }
}
