//! `CLIENT HELP`, `COMMAND HELP`: what the subcommands do, as the table says it.

use crate::args::Args;
use crate::command::{Context, Done, lookup};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let Some(command) = lookup::find(&args[0]) else {
        return Err(Context::unfit().into());
    };
    let name = command.name.to_uppercase();
    out.array(1 + 2 * command.subcommands.len());
    out.simple(&format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    for sub in command.subcommands {
        out.simple(&sub.short_name().to_uppercase());
        out.simple(&format!("    {}", sub.summary));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::replies;

    #[test]
    fn every_subcommand_is_told() {
        let said = replies("client help");
        assert!(said.starts_with("*37\r\n+CLIENT <subcommand>"), "{said}");
        assert!(said.contains("+SETNAME\r\n+    Names the connection.\r\n"), "{said}");
    }
}
