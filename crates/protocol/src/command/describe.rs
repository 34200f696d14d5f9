//! `COMMAND`, `COMMAND COUNT`, `COMMAND INFO`: <https://redis.io/commands/command-info/>

use crate::args::Args;
use crate::command::access::{self, Access};
use crate::command::lookup::find_path;
use crate::command::table::TABLE;
use crate::command::{Command, Context, Done, Keys, category, flag};
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

/// The ten elements of `COMMAND INFO`.
fn describe(command: &Command, out: &mut Out<'_>) {
    let (first, last, step) = match command.keys {
        Keys::Range { first, last, step } => (first, last, step),
        Keys::None | Keys::OfArguments => (0, 0, 0),
    };
    let categories: Vec<String> =
        category::names(command.categories()).map(|name| format!("@{name}")).collect();
    out.array(10);
    out.bulk(command.name.as_bytes());
    out.integer(command.arity.into());
    words(&flags(command), out);
    out.integer(first.cast_signed() as i64);
    out.integer(last as i64);
    out.integer(step.cast_signed() as i64);
    words(&categories, out);
    out.set(command.tips.len());
    command.tips.iter().for_each(|tip| out.bulk(tip.as_bytes()));
    specify_keys(command, out);
    // None are a set and some an array: so Redis has it.
    match command.subcommands.len() {
        0 => out.set(0),
        count => out.array(count),
    }
    command.subcommands.iter().for_each(|sub| describe(sub, out));
}

fn flags(command: &Command) -> Vec<&'static str> {
    let named = flag::NAMES.iter().enumerate();
    named.filter(|(bit, _)| command.flags & 1 << bit != 0).map(|(_, name)| *name).collect()
}

fn words(words: &[impl AsRef<str>], out: &mut Out<'_>) {
    out.set(words.len());
    words.iter().for_each(|word| out.simple(word.as_ref()));
}

/// Where keys are and what is done with them: once for all, or for each of two.
fn specify_keys(command: &Command, out: &mut Out<'_>) {
    let Keys::Range { first, last, step } = command.keys else {
        out.set(0);
        return;
    };
    let [one, other] = command.accesses;
    if one == other {
        // Counted from the first, unless it counts from the end.
        let last = if last < 0 { last } else { last - first.cast_signed() };
        out.set(1);
        specify(command, one, first, last, step, out);
    } else {
        out.set(2);
        specify(command, one, first, 0, 1, out);
        specify(command, other, first + 1, 0, 1, out);
    }
}

fn specify(
    command: &Command,
    access: Access,
    first: usize,
    last: isize,
    step: usize,
    out: &mut Out<'_>,
) {
    let has_notes = !command.access_notes.is_empty();
    out.map(3 + usize::from(has_notes));
    if has_notes {
        out.bulk(b"notes");
        out.bulk(command.access_notes.as_bytes());
    }
    out.bulk(b"flags");
    words(&access::names(access).collect::<Vec<_>>(), out);
    out.bulk(b"begin_search");
    search("index", &[("index", first.cast_signed())], out);
    out.bulk(b"find_keys");
    search("range", &[("lastkey", last), ("keystep", step.cast_signed()), ("limit", 0)], out);
}

fn search(kind: &str, numbers: &[(&str, isize)], out: &mut Out<'_>) {
    out.map(2);
    out.bulk(b"type");
    out.bulk(kind.as_bytes());
    out.bulk(b"spec");
    out.map(numbers.len());
    for (name, number) in numbers {
        out.bulk(name.as_bytes());
        out.integer(*number as i64);
    }
}

#[cfg(test)]
mod tests {
    use crate::frame::decode;
    use crate::testing::{replies, says};

    const ONE_KEY: &str = "$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n\
                           *2\r\n$5\r\nindex\r\n:1\r\n$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n\
                           $5\r\nrange\r\n$4\r\nspec\r\n*6\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n\
                           :1\r\n$5\r\nlimit\r\n:0\r\n";

    #[test]
    fn a_command_is_described_as_redis_does() {
        let get = "*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n\
                   *3\r\n+@read\r\n+@string\r\n+@fast\r\n*0\r\n*1\r\n*6\r\n$5\r\nflags\r\n\
                   *2\r\n+RO\r\n+access\r\n";
        says("COMMAND INFO GET none", &format!("*2\r\n{get}{ONE_KEY}*0\r\n$-1\r\n"));
    }

    #[test]
    fn keys_of_different_use_are_specified_apart() {
        let said = replies("COMMAND INFO RENAME");
        let first =
            format!("*2\r\n*6\r\n$5\r\nflags\r\n*3\r\n+RW\r\n+access\r\n+delete\r\n{ONE_KEY}");
        assert!(said.contains(&format!("{first}*6\r\n$5\r\nflags\r\n*2\r\n+OW\r\n+update\r\n")));
    }

    #[test]
    fn subcommands_have_names_of_their_own() {
        let said = replies("COMMAND INFO client|setname");
        assert!(said.starts_with("*1\r\n*10\r\n$14\r\nclient|setname\r\n:3\r\n"), "{said}");
        says("COMMAND INFO get|key config|get|key", "*2\r\n$-1\r\n$-1\r\n");
    }

    #[test]
    fn the_whole_table_is_one_frame_in_either_version() {
        let greeting = replies("HELLO 3").len();
        for script in ["COMMAND", "COMMAND INFO"] {
            for said in
                [replies(script), replies(&format!("HELLO 3\n{script}")).split_off(greeting)]
            {
                let (_, length) = decode(said.as_bytes(), &Default::default()).unwrap().unwrap();
                assert_eq!(length, said.len(), "{script}");
            }
        }
    }

    #[test]
    fn the_count_is_the_tables() {
        let count = super::TABLE.len();
        says("COMMAND COUNT", &format!(":{count}\r\n"));
    }
}
