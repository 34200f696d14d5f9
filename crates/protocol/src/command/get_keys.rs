//! `COMMAND GETKEYS`, `COMMAND GETKEYSANDFLAGS`: <https://redis.io/commands/command-getkeys/>

use crate::args::Args;
use crate::command::lookup::named_by;
use crate::command::{Command, Context, Done, Keys, access};
use crate::error::Error;
use crate::frame::Out;

/// `COMMAND GETKEYS command [arg ...]`
pub(super) fn plain(args: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let (_, keys) = keys_of(args.from(2))?;
    out.array(keys.len());
    keys.into_iter().for_each(|key| out.bulk(key));
    Ok(())
}

/// `COMMAND GETKEYSANDFLAGS command [arg ...]`
pub(super) fn with_flags(args: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let inner = args.from(2);
    let (command, keys) = keys_of(inner)?;
    out.array(keys.len());
    for (place, key) in keys.into_iter().enumerate() {
        let words: Vec<&str> = access::names(command.access_of(inner, place)).collect();
        out.array(2);
        out.bulk(key);
        out.set(words.len());
        words.iter().for_each(|word| out.simple(word));
    }
    Ok(())
}

/// What is right is checked in the order in which Redis does.
fn keys_of(inner: Args<'_>) -> Result<(&'static Command, Vec<&[u8]>), Error> {
    let command = named_by(&inner).ok_or_else(|| Error::plain("Invalid command specified"))?;
    if command.keys == Keys::None {
        return Err(Error::plain("The command has no key arguments"));
    }
    if !command.takes(inner.len()) {
        return Err(Error::plain("Invalid number of arguments specified for command"));
    }
    let keys: Vec<&[u8]> = command.keys(inner).collect();
    match keys.is_empty() {
        true => Err(Error::plain("Invalid arguments specified for command")),
        false => Ok((command, keys)),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn keys_are_found_by_the_table() {
        says("COMMAND GETKEYS MSET a 1 b 2", "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
        says("COMMAND GETKEYS memory usage a", "*1\r\n$1\r\na\r\n");
        says("COMMAND GETKEYS CACHE.EXPLAIN GET a", "*1\r\n$1\r\na\r\n");
    }

    #[test]
    fn each_key_is_told_with_its_use() {
        let script = "COMMAND GETKEYSANDFLAGS RENAME a b\nCOMMAND GETKEYSANDFLAGS SET k v\n\
                      COMMAND GETKEYSANDFLAGS SET k v GET";
        let rename = "*2\r\n*2\r\n$1\r\na\r\n*3\r\n+RW\r\n+access\r\n+delete\r\n\
                      *2\r\n$1\r\nb\r\n*2\r\n+OW\r\n+update\r\n";
        let set = "*1\r\n*2\r\n$1\r\nk\r\n*2\r\n+OW\r\n+update\r\n";
        let get = "*1\r\n*2\r\n$1\r\nk\r\n*3\r\n+RW\r\n+access\r\n+update\r\n";
        says(script, &format!("{rename}{set}{get}"));
    }

    #[test]
    fn what_has_no_keys_is_refused() {
        says("COMMAND GETKEYS none a", "-ERR Invalid command specified\r\n");
        says("COMMAND GETKEYS CONFIG FOO", "-ERR Invalid command specified\r\n");
        says("COMMAND GETKEYS PING x", "-ERR The command has no key arguments\r\n");
        let error = "-ERR Invalid number of arguments specified for command\r\n";
        says("COMMAND GETKEYS GET a b", error);
        let error = "-ERR Invalid arguments specified for command\r\n";
        says("COMMAND GETKEYS CACHE.EXPLAIN PING", error);
    }
}
