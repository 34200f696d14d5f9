//! From a request to the command that it names.

use crate::args::Args;
use crate::command::Command;
use crate::command::table::TABLE;
use crate::error::{Error, c_string, c_word};

/// Finds the command of a request and checks how many arguments it has.
///
/// The errors are Redis' own: an unknown command or subcommand, a wrong number of arguments.
pub(crate) fn resolve(args: &Args<'_>) -> Result<&'static Command, Error> {
    let name = args.at(0).unwrap_or_default();
    let command = find(name).ok_or_else(|| unknown(name, args))?;
    let command = match args.at(1) {
        Some(word) if !command.subcommands.is_empty() => subcommand(command, word)?,
        _ => command,
    };
    match command.takes(args.len()) {
        true => Ok(command),
        false => Err(Error::arity(command.name)),
    }
}

/// The command that a request names, however many arguments it has.
pub(crate) fn named_by(args: &Args<'_>) -> Option<&'static Command> {
    let command = find(args.at(0)?)?;
    match args.at(1) {
        Some(word) if !command.subcommands.is_empty() => subcommand(command, word).ok(),
        _ => Some(command),
    }
}

/// Redis' words for a subcommand that the arguments do not fit.
pub(crate) fn wrong_subcommand(args: &Args<'_>) -> Error {
    Error::repeating(&[
        b"unknown subcommand or wrong number of arguments for '",
        c_word(args.at(1).unwrap_or_default()),
        b"'. Try ",
        &args[0].to_ascii_uppercase(),
        b" HELP.",
    ])
}

/// The command called `name`, in any case; `parent|name` finds a subcommand.
pub(crate) fn find_path(name: &[u8]) -> Option<&'static Command> {
    match name.iter().position(|&byte| byte == b'|') {
        None => find(name),
        Some(bar) => subcommand(find(&name[..bar])?, &name[bar + 1..]).ok(),
    }
}

/// The command called `name`, in any case.
pub(crate) fn find(name: &[u8]) -> Option<&'static Command> {
    let mut place = hash(name);
    loop {
        let command = TABLE.get(usize::from(INDEX[place]))?;
        if command.name.as_bytes().eq_ignore_ascii_case(name) {
            return Some(command);
        }
        place = (place + 1) % PLACES;
    }
}

fn subcommand(command: &'static Command, word: &[u8]) -> Result<&'static Command, Error> {
    let named = |sub: &&Command| sub.short_name().as_bytes().eq_ignore_ascii_case(word);
    command.subcommands.iter().find(named).ok_or_else(|| {
        let parent = command.name.to_uppercase();
        let parts: [&[u8]; 5] =
            [b"unknown subcommand '", c_word(word), b"'. Try ", parent.as_bytes(), b" HELP."];
        Error::repeating(&parts)
    })
}

/// Tells what was sent, so far as it fits on a line.
fn unknown(name: &[u8], args: &Args<'_>) -> Error {
    const BYTES_MAX: usize = 128;
    let mut shown = Vec::new();
    for arg in args.from(1).iter() {
        if shown.len() >= BYTES_MAX {
            break;
        }
        let room = BYTES_MAX - shown.len();
        shown.push(b'\'');
        shown.extend_from_slice(c_string(&arg[..arg.len().min(room)]));
        shown.extend_from_slice(b"' ");
    }
    let name = c_word(name);
    Error::repeating(&[b"unknown command '", name, b"', with args beginning with: ", &shown])
}

/// Open addressing over several times as many places as there are commands.
const PLACES: usize = 1024;
const VACANT: u8 = u8::MAX;
static INDEX: [u8; PLACES] = index();

const fn index() -> [u8; PLACES] {
    assert!(TABLE.len() < VACANT as usize, "the index wants wider entries");
    let mut index = [VACANT; PLACES];
    let mut row = 0;
    while row < TABLE.len() {
        let mut place = hash(TABLE[row].name.as_bytes());
        while index[place] != VACANT {
            place = (place + 1) % PLACES;
        }
        index[place] = row as u8;
        row += 1;
    }
    index
}

/// Looks at the length and four bytes, whatever their case: names differ enough in those.
const fn hash(name: &[u8]) -> usize {
    let (Some(first), Some(last)) = (name.first(), name.last()) else {
        return 0;
    };
    let middle = name[name.len() / 2];
    let second = name[name.len().saturating_sub(2)];
    let mut hash = name.len();
    hash = hash * 31 + (*first | 0x20) as usize;
    hash = hash * 31 + (middle | 0x20) as usize;
    hash = hash * 31 + (second | 0x20) as usize;
    (hash * 31 + (*last | 0x20) as usize) % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::says;

    #[test]
    fn every_row_is_found_in_any_case() {
        for command in &TABLE {
            for name in [command.name.to_uppercase(), command.name.to_owned()] {
                assert_eq!(find(name.as_bytes()).unwrap().name, command.name);
            }
            for sub in command.subcommands {
                assert_eq!(find_path(sub.name.as_bytes()).unwrap().name, sub.name);
                assert!(sub.name.starts_with(command.name));
            }
        }
    }

    #[test]
    fn an_unknown_command_is_told_with_what_follows() {
        let error = "-ERR unknown command 'foo', with args beginning with: 'a' 'b c' \r\n";
        says("foo a 'b c'", error);
        says("foo", "-ERR unknown command 'foo', with args beginning with: \r\n");
        says("''", "-ERR unknown command '', with args beginning with: \r\n");
    }

    #[test]
    fn an_unknown_command_is_told_briefly() {
        let long = "x".repeat(300);
        let (name, arg) = (&long[..128], &long[..128]);
        let error =
            format!("-ERR unknown command '{name}', with args beginning with: '{arg}' \r\n");
        says(&format!("{long} {long} {long}"), &error);
    }

    #[test]
    fn an_unknown_subcommand_names_the_help() {
        says("CLIENT foo", "-ERR unknown subcommand 'foo'. Try CLIENT HELP.\r\n");
    }

    #[test]
    fn arity_errors_name_the_command() {
        says("GET", "-ERR wrong number of arguments for 'get' command\r\n");
        says("CLIENT", "-ERR wrong number of arguments for 'client' command\r\n");
        let error = "-ERR wrong number of arguments for 'client|setname' command\r\n";
        says("client SETNAME", error);
    }
}
