//! `ACL CAT [category]`: <https://redis.io/commands/acl-cat/>

use crate::args::Args;
use crate::command::table::TABLE;
use crate::command::{Command, Context, Done, category, lookup};
use crate::error::{Error, c_word};
use crate::frame::Out;

/// Only commands that larder has are told, whatever else rules may name.
pub(super) fn run(args: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let names: Vec<&str> = match args.len() {
        2 => category::NAMES.to_vec(),
        3 => members(&args[2])?,
        _ => return Err(lookup::wrong_subcommand(args).into()),
    };
    out.array(names.len());
    names.iter().for_each(|name| out.bulk(name.as_bytes()));
    Ok(())
}

fn members(name: &[u8]) -> Result<Vec<&'static str>, Error> {
    let category = category::named(name)
        .ok_or_else(|| Error::repeating(&[b"Unknown category '", c_word(name), b"'"]))?;
    let family = |command: &'static Command| std::iter::once(command).chain(command.subcommands);
    let commands = TABLE.iter().flat_map(family);
    let members = commands.filter(|command| command.categories() & category != 0);
    Ok(members.map(|command| command.name).collect())
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    #[test]
    fn categories_are_told_in_redis_order_with_larders_own_last() {
        let said = replies("ACL CAT");
        assert!(said.starts_with("*22\r\n$8\r\nkeyspace\r\n$4\r\nread\r\n"), "{said}");
        assert!(said.ends_with("$9\r\nscripting\r\n$5\r\ncache\r\n"), "{said}");
    }

    #[test]
    fn the_commands_of_a_category_are_told() {
        let said = replies("ACL CAT Connection");
        for name in ["ping", "client|id", "auth"] {
            assert!(said.contains(&format!("\r\n{name}\r\n")), "{name} in {said}");
        }
        says("ACL CAT geo", "*0\r\n");
        says("ACL CAT foo", "-ERR Unknown category 'foo'\r\n");
        let error =
            "-ERR unknown subcommand or wrong number of arguments for 'cat'. Try ACL HELP.\r\n";
        says("ACL cat a b", error);
    }
}
