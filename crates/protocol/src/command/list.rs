//! `COMMAND LIST [FILTERBY MODULE name|ACLCAT category|PATTERN pattern]`:
//! <https://redis.io/commands/command-list/>. Subcommands are in the list, too.

use crate::args::Args;
use crate::command::table::TABLE;
use crate::command::{Command, Context, Done, category};
use crate::error::Error;
use crate::frame::Out;
use crate::glob::{self, Case};

pub(super) fn run(args: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let filter = Filter::of(args)?;
    let subcommands = TABLE.iter().flat_map(|command| command.subcommands);
    let listed = TABLE.iter().chain(subcommands).filter(|command| filter.admits(command));
    let names: Vec<&str> = listed.map(|command| command.name).collect();
    out.array(names.len());
    names.iter().for_each(|name| out.bulk(name.as_bytes()));
    Ok(())
}

/// Which commands are listed.
enum Filter<'a> {
    All,
    /// Those of a module, of which there is none.
    Module,
    Category(Option<category::Categories>),
    Pattern(&'a [u8]),
}

impl<'a> Filter<'a> {
    fn of(args: &Args<'a>) -> Result<Self, Error> {
        let Some(value) = args.at(4).filter(|_| args.len() == 5 && args.is(2, "FILTERBY")) else {
            return if args.len() == 2 { Ok(Self::All) } else { Err(Error::syntax()) };
        };
        if args.is(3, "MODULE") {
            Ok(Self::Module)
        } else if args.is(3, "ACLCAT") {
            Ok(Self::Category(category::named(value)))
        } else if args.is(3, "PATTERN") {
            Ok(Self::Pattern(value))
        } else {
            Err(Error::syntax())
        }
    }

    fn admits(&self, command: &Command) -> bool {
        match self {
            Self::All => true,
            Self::Module => false,
            Self::Category(wanted) => {
                wanted.is_some_and(|wanted| command.categories() & wanted != 0)
            }
            Self::Pattern(pattern) => {
                glob::matches(pattern, command.name.as_bytes(), Case::Ignored)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    #[test]
    fn subcommands_are_listed_too() {
        let said = replies("COMMAND LIST");
        assert!(said.contains("$3\r\nget\r\n") && said.contains("$10\r\nconfig|get\r\n"));
    }

    #[test]
    fn a_pattern_looks_at_the_whole_name() {
        says("COMMAND LIST FILTERBY PATTERN Mse?", "*1\r\n$4\r\nmset\r\n");
        says("COMMAND LIST FILTERBY pattern config|*set", "*1\r\n$10\r\nconfig|set\r\n");
    }

    #[test]
    fn a_category_has_its_commands() {
        let said = replies("COMMAND LIST FILTERBY ACLCAT Hash");
        assert!(said.contains("hget") && !said.contains("$3\r\nget\r\n"), "{said}");
        says("COMMAND LIST FILTERBY ACLCAT none\nCOMMAND LIST FILTERBY MODULE m", "*0\r\n*0\r\n");
    }

    #[test]
    fn other_filters_are_refused() {
        let scripts =
            ["x", "FILTERBY x", "FILTERBY x y", "FILTERBY PATTERN", "FILTERBY PATTERN a b"];
        for script in scripts {
            says(&format!("COMMAND LIST {script}"), "-ERR syntax error\r\n");
        }
    }
}
