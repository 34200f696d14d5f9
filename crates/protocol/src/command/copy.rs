//! `COPY source destination [DB database] [REPLACE]`: <https://redis.io/commands/copy/>

use crate::args::Args;
use crate::command::select::database;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;
use crate::store::Request;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let (mut to_database, mut replace) = (context.client.database, false);
    let mut place = 3;
    while place < args.len() {
        if args.is(place, "REPLACE") {
            replace = true;
        } else if args.is(place, "DB") && args.at(place + 1).is_some() {
            place += 1;
            to_database = database(args, place)?;
        } else {
            return Err(Error::syntax().into());
        }
        place += 1;
    }
    let (from, to) = (&args[1], &args[2]);
    if from == to && to_database == context.client.database {
        return Err(same().into());
    }
    let request = Request::Transfer { from, to, to_database, keep: true, replace };
    out.outcome(&context.ask(request)?);
    Ok(())
}

/// Redis' own words for a key that is to be copied or moved onto itself.
pub(super) fn same() -> Error {
    Error::plain("source and destination objects are the same")
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn the_copy_has_the_value_and_the_expiry() {
        let script = "SET a 1 PX 9\nCOPY a b\nGET b\nPTTL b\nGET a";
        says(script, "+OK\r\n:1\r\n$1\r\n1\r\n:9\r\n$1\r\n1\r\n");
        says("COPY x y", ":0\r\n");
    }

    #[test]
    fn another_key_gives_way_only_if_it_may() {
        says("MSET a 1 b 2\nCOPY a b\nGET b", "+OK\r\n:0\r\n$1\r\n2\r\n");
        says("MSET a 1 b 2\nCOPY a b replace\nGET b", "+OK\r\n:1\r\n$1\r\n1\r\n");
    }

    #[test]
    fn another_database_can_have_the_copy() {
        says("SET a 1\nCOPY a a DB 3\nSELECT 3\nGET a", "+OK\r\n:1\r\n+OK\r\n$1\r\n1\r\n");
        says("COPY a b DB 16", "-ERR DB index is out of range\r\n");
        says("COPY a b DB x", "-ERR value is not an integer or out of range\r\n");
    }

    #[test]
    fn a_key_is_not_copied_onto_itself() {
        let error = "-ERR source and destination objects are the same\r\n";
        says("COPY a a\nCOPY a a DB 0", &error.repeat(2));
    }

    #[test]
    fn other_options_are_refused() {
        says("COPY a a DB\nCOPY a b FOO", &"-ERR syntax error\r\n".repeat(2));
    }
}
