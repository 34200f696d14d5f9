//! `AUTH [username] password`: <https://redis.io/commands/auth/>

use crate::acl::{Identity, What};
use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let (name, password): (&[u8], &[u8]) = match args.len() {
        2 if context.hub.users.default_user().permissions().needs_no_password() => {
            return Err(no_password().into());
        }
        2 => (b"default", &args[1]),
        3 => (&args[1], &args[2]),
        _ => return Err(Error::syntax().into()),
    };
    log_in(&args[0], name, password, context)?;
    out.simple("OK");
    Ok(())
}

/// Makes the client the user called `name`, if the password is right; else the log is told, by
/// which `command` it was tried.
pub(super) fn log_in(
    command: &[u8],
    name: &[u8],
    password: &[u8],
    context: &mut Context<'_>,
) -> Result<(), Error> {
    match context.hub.users.authenticate(name, password) {
        Ok(user) => {
            context.client.become_user(Identity::of(user));
            Ok(())
        }
        Err(error) => {
            let what = What::failed_login(command, name, context.client.transaction.is_some());
            context.hub.log_denial(what, context.client, context.now_unix_ms);
            Err(error)
        }
    }
}

fn no_password() -> Error {
    Error::plain(
        "AUTH <password> called without any password configured for the default user. \
         Are you sure your configuration is correct?",
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    const WRONG: &str = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    const MISSING: &str = "-NOAUTH Authentication required.\r\n";

    #[test]
    fn a_client_becomes_the_user_whose_password_it_knows() {
        says(
            "ACL SETUSER bob on >secret +acl|whoami +get ~a\nAUTH bob secret\nACL WHOAMI\nGET a\nGET b",
            "+OK\r\n+OK\r\n$3\r\nbob\r\n$-1\r\n-NOPERM this user has no permissions to access one of \
             the keys used as arguments\r\n",
        );
    }

    #[test]
    fn a_wrong_password_changes_nothing_and_is_logged() {
        let script = "ACL SETUSER bob on >secret\nAUTH bob guess\nACL WHOAMI\nACL LOG";
        let said = replies(script);
        assert!(said.starts_with(&format!("+OK\r\n{WRONG}$7\r\ndefault\r\n*1\r\n")), "{said}");
        for part in ["\r\nauth\r\n", "\r\ntoplevel\r\n", "\r\nAUTH\r\n", "\r\nbob\r\n", "id=7 "] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }

    #[test]
    fn a_password_alone_is_the_default_users() {
        let error = "-ERR AUTH <password> called without any password configured for the default \
                     user. Are you sure your configuration is correct?\r\n";
        says("AUTH secret", error);
        let script = "ACL SETUSER default >secret\nAUTH secret\nAUTH guess\nACL SETUSER default off\nAUTH secret";
        says(script, &format!("+OK\r\n+OK\r\n{WRONG}+OK\r\n{WRONG}"));
    }

    #[test]
    fn who_has_not_said_who_it_is_may_only_do_so() {
        let script = "ACL SETUSER default >secret\nRESET\nGET a\nFOO\nGET\nQUIT";
        let expected = format!(
            "+OK\r\n+RESET\r\n{MISSING}-ERR unknown command 'FOO', with args beginning with: \r\n\
             -ERR wrong number of arguments for 'get' command\r\n+OK\r\n"
        );
        says(script, &expected);
        says(
            "ACL SETUSER default >secret\nRESET\nAUTH secret\nGET a",
            "+OK\r\n+RESET\r\n+OK\r\n$-1\r\n",
        );
    }

    #[test]
    fn more_than_two_arguments_make_no_sense() {
        says("AUTH a b c", "-ERR syntax error\r\n");
    }
}
