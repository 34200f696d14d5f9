//! `ACL LIST|USERS|WHOAMI`: <https://redis.io/commands/acl-list/>

use crate::acl::User;
use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

/// `ACL LIST`
pub(super) fn all(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    each(context, out, |user, out| out.bulk(&user.describe()))
}

/// `ACL USERS`
pub(super) fn names(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    each(context, out, |user, out| out.bulk(user.name()))
}

/// `ACL WHOAMI`
pub(super) fn own(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.bulk(context.client.identity.user().name());
    Ok(())
}

fn each(context: &Context<'_>, out: &mut Out<'_>, show: impl Fn(&User, &mut Out<'_>)) -> Done {
    let users = context.hub.users.all();
    out.array(users.len());
    users.iter().for_each(|user| show(user, out));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn users_are_told_in_the_order_of_their_names() {
        says(
            "ACL SETUSER eve\nACL SETUSER bob\nACL USERS",
            "+OK\r\n+OK\r\n*3\r\n$3\r\nbob\r\n$7\r\ndefault\r\n$3\r\neve\r\n",
        );
        says(
            "ACL SETUSER bob\nACL LIST",
            "+OK\r\n*2\r\n$32\r\nuser bob off resetchannels -@all\r\n\
             $34\r\nuser default on nopass ~* &* +@all\r\n",
        );
    }

    #[test]
    fn a_client_is_the_default_user_at_first() {
        says("ACL WHOAMI", "$7\r\ndefault\r\n");
    }
}
