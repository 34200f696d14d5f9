//! `ACL DRYRUN username command [arg ...]`: <https://redis.io/commands/acl-dryrun/>

use crate::args::Args;
use crate::command::{Context, Done, lookup};
use crate::error::{Error, c_string};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let not_found =
        |what: &[u8], name| Error::repeating(&[what, b" '", c_string(name), b"' not found"]);
    let user = context.hub.users.find(&args[2]).ok_or_else(|| not_found(b"User", &args[2]))?;
    let request = args.from(3);
    let command = lookup::named_by(&request).ok_or_else(|| not_found(b"Command", &args[3]))?;
    if !command.takes(request.len()) {
        return Err(Error::arity(command.name).into());
    }
    match user.permits(command, request) {
        Ok(()) => out.simple("OK"),
        Err(denied) => out.bulk(&denied.sentence()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[track_caller]
    fn answers(request: &str, reply: &str) {
        let script = format!("ACL SETUSER bob +get +publish ~a\nACL DRYRUN {request}");
        says(&script, &format!("+OK\r\n{reply}\r\n"));
    }

    #[test]
    fn it_says_what_would_happen() {
        answers("bob GET a", "+OK");
        answers("default FLUSHDB", "+OK");
        answers("bob SET a x", "$53\r\nThis user has no permissions to run the 'set' command");
        answers("bob GET b", "$50\r\nThis user has no permissions to access the 'b' key");
        answers("bob PUBLISH c x", "$54\r\nThis user has no permissions to access the 'c' channel");
    }

    #[test]
    fn what_is_not_there_cannot_be_tried() {
        answers("eve GET a", "-ERR User 'eve' not found");
        answers("bob FOO", "-ERR Command 'FOO' not found");
        answers("bob CLIENT FOO", "-ERR Command 'CLIENT' not found");
        answers("bob CLIENT", "-ERR wrong number of arguments for 'client' command");
        answers("bob GET", "-ERR wrong number of arguments for 'get' command");
    }
}
