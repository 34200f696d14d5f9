//! `ACL LOAD|SAVE`: <https://redis.io/commands/acl-load/>

use crate::args::Args;
use crate::command::{Context, Done, Stop};
use crate::frame::Out;

/// `ACL LOAD`: ends the connections of users that are no longer there.
pub(super) fn load(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    context.hub.users.reload()?;
    context.hub.end_barred_listeners();
    context.hub.end_strangers(Some(context.client.id()));
    out.simple("OK");
    // Its own end comes after the reply.
    if context.client.identity.user().is_removed() { Err(Stop::Quit) } else { Ok(()) }
}

/// `ACL SAVE`
pub(super) fn save(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    context.hub.users.save()?;
    out.simple("OK");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::replies;

    #[test]
    fn without_a_file_there_is_nothing_to_load_or_save() {
        for request in ["ACL LOAD", "ACL SAVE"] {
            let said = replies(request);
            let error = "-ERR This Redis instance is not configured to use an ACL file.";
            assert!(said.starts_with(error), "{said}");
        }
    }
}
