//! `CLIENT ID|GETNAME|SETNAME|SETINFO`: <https://redis.io/commands/client/>

use std::mem;

use crate::args::Args;
use crate::client::is_plain;
use crate::command::{Context, Done};
use crate::error::{Error, c_string};
use crate::frame::Out;

pub(super) fn id(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.integer(context.client.id().cast_signed());
    Ok(())
}

pub(super) fn name(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    match &*context.client.card.names.lock().name {
        [] => out.null(),
        name => out.bulk(name),
    }
    Ok(())
}

pub(super) fn set_name(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    context.client.rename(&args[2])?;
    out.simple("OK");
    Ok(())
}

/// `CLIENT SETINFO LIB-NAME|LIB-VER value`
pub(super) fn set_info(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let mut names = context.client.card.names.lock();
    let (field, word) = if args.is(2, "LIB-NAME") {
        (&mut names.library, "lib-name")
    } else if args.is(2, "LIB-VER") {
        (&mut names.library_version, "lib-ver")
    } else {
        let parts: [&[u8]; 3] = [b"Unrecognized option '", c_string(&args[2]), b"'"];
        return Err(Error::repeating(&parts).into());
    };
    if !is_plain(&args[3]) {
        let text = format!("{word} cannot contain spaces, newlines or special characters.");
        return Err(Error::plain(text).into());
    }
    let before = mem::replace(field, args[3].into());
    drop(names);
    context.client.keeps(args[3].len(), before.len());
    out.simple("OK");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    #[test]
    fn the_id_is_the_sessions() {
        says("CLIENT ID", ":7\r\n");
    }

    #[test]
    fn a_name_can_be_set_and_taken_away() {
        let script = "CLIENT GETNAME\nCLIENT SETNAME a\nCLIENT GETNAME\nCLIENT SETNAME ''";
        says(script, "$-1\r\n+OK\r\n$1\r\na\r\n+OK\r\n");
        says("CLIENT SETNAME ''\nCLIENT GETNAME", "+OK\r\n$-1\r\n");
    }

    #[test]
    fn names_have_no_blanks() {
        let rule = "cannot contain spaces, newlines or special characters.";
        says("CLIENT SETNAME 'a b'", &format!("-ERR Client names {rule}\r\n"));
        says("CLIENT SETINFO lib-ver 'a b'", &format!("-ERR lib-ver {rule}\r\n"));
    }

    #[test]
    fn libraries_introduce_themselves() {
        says("CLIENT SETINFO LIB-NAME redis-rs\nclient setinfo lib-ver 1", "+OK\r\n+OK\r\n");
        assert_eq!(replies("CLIENT SETINFO x y"), "-ERR Unrecognized option 'x'\r\n");
    }
}
