//! `COMMAND DOCS [name ...]`: <https://redis.io/commands/command-docs/>. Those that are unknown are
//! left out.

use crate::args::Args;
use crate::command::lookup::find_path;
use crate::command::table::TABLE;
use crate::command::{Command, Context, Done};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let names = args.from(2);
    let commands: Vec<&Command> = match names.is_empty() {
        true => TABLE.iter().collect(),
        false => names.iter().filter_map(find_path).collect(),
    };
    out.map(commands.len());
    commands.into_iter().for_each(|command| document(command, out));
    Ok(())
}

fn document(command: &Command, out: &mut Out<'_>) {
    let lines = [
        ("summary", command.summary),
        ("since", command.since),
        ("group", command.group.name()),
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

#[cfg(test)]
mod tests {
    use crate::frame::{Frame, decode};
    use crate::testing::replies;

    #[test]
    fn the_whole_table_is_one_frame() {
        let said = replies("COMMAND DOCS");
        let (_, length) = decode(said.as_bytes(), &Default::default()).unwrap().unwrap();
        assert_eq!(length, said.len());
    }

    #[test]
    fn unknown_commands_are_left_out() {
        let said = replies("HELLO 3\nCOMMAND DOCS get none config|get");
        let docs = &said[said.find("%2").unwrap()..];
        let (frame, _) = decode(docs.as_bytes(), &Default::default()).unwrap().unwrap();
        assert!(matches!(frame, Frame::Map(pairs) if pairs.len() == 2));
    }
}
