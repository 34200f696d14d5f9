//! `RENAME key newkey`, `RENAMENX key newkey`: <https://redis.io/commands/rename/>

use crate::args::Args;
use crate::command::{Context, Done, Stop};
use crate::error::Error;
use crate::frame::Out;
use crate::store::{Outcome, Request, Transferred};

/// `RENAME`
pub(super) fn always(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    rename(args, true, context)?;
    out.simple("OK");
    Ok(())
}

/// `RENAMENX`
pub(super) fn if_absent(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let renamed = rename(args, false, context)?;
    out.integer(renamed.into());
    Ok(())
}

/// Whether the key has its new name by this.
fn rename(args: &Args<'_>, replace: bool, context: &mut Context<'_>) -> Result<bool, Stop> {
    let (from, to) = (&args[1], &args[2]);
    if from == to {
        let exists = context.read(from, |item| item.is_some())?;
        return if exists { Ok(false) } else { Err(no_such_key().into()) };
    }
    let to_database = context.client.database;
    match context.ask(Request::Transfer { from, to, to_database, keep: false, replace })? {
        Outcome::Transferred(Transferred::Done) => Ok(true),
        Outcome::Transferred(Transferred::Occupied) => Ok(false),
        Outcome::Transferred(Transferred::Missing) => Err(no_such_key().into()),
        _ => Err(Context::unfit().into()),
    }
}

/// Redis' own words for a key that has to exist.
pub(super) fn no_such_key() -> Error {
    Error::plain("no such key")
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn the_value_has_the_new_name_only() {
        let script = "MSET a 1 b 2\nRENAME a b\nMGET a b";
        says(script, "+OK\r\n+OK\r\n*2\r\n$-1\r\n$1\r\n1\r\n");
        says("SET a 1 PX 9\nRENAME a b\nPTTL b", "+OK\r\n+OK\r\n:9\r\n");
    }

    #[test]
    fn a_key_that_is_there_stays_if_it_is_to() {
        says("MSET a 1 b 2\nRENAMENX a b\nMGET a b", "+OK\r\n:0\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
        says("SET a 1\nRENAMENX a b\nMGET a b", "+OK\r\n:1\r\n*2\r\n$-1\r\n$1\r\n1\r\n");
    }

    #[test]
    fn what_is_not_there_has_no_new_name() {
        let error = "-ERR no such key\r\n";
        says("RENAME x y\nRENAMENX x y\nRENAME x x\nRENAMENX x x", &error.repeat(4));
    }

    #[test]
    fn the_same_name_changes_nothing() {
        let script = "SET a 1\nRENAME a a\nRENAMENX a a\nGET a";
        says(script, "+OK\r\n+OK\r\n:0\r\n$1\r\n1\r\n");
    }
}
