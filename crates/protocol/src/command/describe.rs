//! `COMMAND [COUNT|INFO|DOCS|LIST|GETKEYS]`: <https://redis.io/commands/command/>

use crate::args::Args;
use crate::command::lookup::{find_path, resolve};
use crate::command::table::TABLE;
use crate::command::{Command, Context, Done, Group, Keys, flag};
use crate::error::Error;
use crate::frame::Out;

/// `COMMAND`
pub(super) fn all(_: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.array(TABLE.len());
    TABLE.iter().for_each(|command| describe(command, out));
    Ok(())
}

/// `COMMAND COUNT`
pub(super) fn count(_: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.integer(TABLE.len().cast_signed() as i64);
    Ok(())
}

/// `COMMAND INFO [name ...]`
pub(super) fn info(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let names = args.from(2);
    if names.is_empty() {
        return all(args, context, out);
    }
    out.array(names.len());
    for name in names.iter() {
        match find_path(name) {
            Some(command) => describe(command, out),
            None => out.null(),
        }
    }
    Ok(())
}

/// `COMMAND DOCS [name ...]`: those that are unknown are left out.
pub(super) fn docs(args: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let names = args.from(2);
    let commands: Vec<&Command> = match names.is_empty() {
        true => TABLE.iter().collect(),
        false => names.iter().filter_map(find_path).collect(),
    };
    out.map(commands.len());
    commands.into_iter().for_each(|command| document(command, out));
    Ok(())
}

/// `COMMAND LIST`, which takes no filter here.
pub(super) fn list(args: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    if args.len() > 2 {
        return Err(Error::syntax().into());
    }
    out.array(TABLE.len());
    TABLE.iter().for_each(|command| out.bulk(command.name.as_bytes()));
    Ok(())
}

/// `COMMAND GETKEYS command [arg ...]`
pub(super) fn keys(args: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let inner = args.from(2);
    let command = match resolve(&inner) {
        Ok(command) => command,
        Err(_) if find_path(&args[2]).is_none() => {
            return Err(Error::plain("Invalid command specified").into());
        }
        Err(_) => {
            let text = "Invalid number of arguments specified for command";
            return Err(Error::plain(text).into());
        }
    };
    let keys: Vec<&[u8]> = command.keys(inner).collect();
    if keys.is_empty() {
        return Err(Error::plain("The command has no key arguments").into());
    }
    out.array(keys.len());
    keys.into_iter().for_each(|key| out.bulk(key));
    Ok(())
}

/// The ten elements of `COMMAND INFO`. Tips and key specifications are left empty.
fn describe(command: &Command, out: &mut Out<'_>) {
    let (first, last, step) = match command.keys {
        Keys::Range { first, last, step } => (first, last, step),
        Keys::None | Keys::OfArguments => (0, 0, 0),
    };
    out.array(10);
    out.bulk(command.name.as_bytes());
    out.integer(command.arity.into());
    words(&flags(command), out);
    out.integer(first.cast_signed() as i64);
    out.integer(last as i64);
    out.integer(step.cast_signed() as i64);
    words(&categories(command), out);
    out.set(0);
    out.set(0);
    out.array(command.subcommands.len());
    command.subcommands.iter().for_each(|sub| describe(sub, out));
}

fn document(command: &Command, out: &mut Out<'_>) {
    let group = match command.group {
        Group::Generic => "generic",
        Group::String => "string",
        Group::Hash => "hash",
        Group::Connection => "connection",
        Group::Server => "server",
        Group::Cache => "cache",
    };
    let lines = [
        ("summary", command.summary),
        ("since", command.since),
        ("group", group),
        ("complexity", command.complexity),
    ];
    out.bulk(command.name.as_bytes());
    out.map(lines.len() + usize::from(!command.subcommands.is_empty()));
    for (key, text) in lines {
        out.bulk(key.as_bytes());
        out.bulk(text.as_bytes());
    }
    if !command.subcommands.is_empty() {
        out.bulk(b"subcommands");
        out.map(command.subcommands.len());
        command.subcommands.iter().for_each(|sub| document(sub, out));
    }
}

fn flags(command: &Command) -> Vec<&'static str> {
    let named = flag::NAMES.iter().enumerate();
    let mut words: Vec<&str> =
        named.filter(|(bit, _)| command.flags & 1 << bit != 0).map(|(_, name)| *name).collect();
    if command.keys == Keys::OfArguments {
        words.push("movablekeys");
    }
    words
}

fn categories(command: &Command) -> Vec<&'static str> {
    let has = |flags| command.flags & flags != 0;
    let group = match command.group {
        Group::Generic => Some("@keyspace"),
        Group::String => Some("@string"),
        Group::Hash => Some("@hash"),
        Group::Connection => Some("@connection"),
        Group::Server => None,
        Group::Cache => Some("@cache"),
    };
    let words = [
        has(flag::WRITE).then_some("@write"),
        has(flag::READONLY).then_some("@read"),
        has(flag::ADMIN).then_some("@admin"),
        has(flag::ADMIN | flag::DANGEROUS).then_some("@dangerous"),
        group,
        Some(if has(flag::FAST) { "@fast" } else { "@slow" }),
    ];
    words.into_iter().flatten().collect()
}

fn words(words: &[&str], out: &mut Out<'_>) {
    out.set(words.len());
    words.iter().for_each(|word| out.simple(word));
}

#[cfg(test)]
mod tests {
    use crate::frame::{Frame, decode};
    use crate::testing::{replies, says};

    #[test]
    fn a_command_is_described_as_redis_does() {
        let get = "*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n\
                   *3\r\n+@read\r\n+@string\r\n+@fast\r\n*0\r\n*0\r\n*0\r\n";
        says("COMMAND INFO GET none", &format!("*2\r\n{get}$-1\r\n"));
    }

    #[test]
    fn subcommands_have_names_of_their_own() {
        let said = replies("COMMAND INFO client|setname");
        assert!(said.starts_with("*1\r\n*10\r\n$14\r\nclient|setname\r\n:3\r\n"), "{said}");
    }

    #[test]
    fn the_whole_table_is_one_frame_in_either_version() {
        for script in ["COMMAND", "COMMAND INFO", "COMMAND DOCS", "COMMAND LIST"] {
            let said = replies(script);
            let (_, length) = decode(said.as_bytes(), &Default::default()).unwrap().unwrap();
            assert_eq!(length, said.len(), "{script}");
        }
        let said = replies("HELLO 3\nCOMMAND DOCS get none");
        let docs = &said[said.find("%1").unwrap()..];
        let (frame, _) = decode(docs.as_bytes(), &Default::default()).unwrap().unwrap();
        assert!(matches!(frame, Frame::Map(pairs) if pairs.len() == 1));
    }

    #[test]
    fn the_count_is_the_tables() {
        let count = super::TABLE.len();
        says("COMMAND COUNT", &format!(":{count}\r\n"));
    }

    #[test]
    fn keys_are_found_by_the_table() {
        says("COMMAND GETKEYS MSET a 1 b 2", "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
        says("COMMAND GETKEYS CACHE.EXPLAIN GET a", "*1\r\n$1\r\na\r\n");
        says("COMMAND GETKEYS none a", "-ERR Invalid command specified\r\n");
        says("COMMAND GETKEYS PING x", "-ERR The command has no key arguments\r\n");
        let error = "-ERR Invalid number of arguments specified for command\r\n";
        says("COMMAND GETKEYS GET a b", error);
    }
}
