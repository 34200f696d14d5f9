//! `MOVE key database`: <https://redis.io/commands/move/>

use crate::args::Args;
use crate::command::copy::same;
use crate::command::select::database;
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::store::Request;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let to_database = database(args, 2)?;
    if to_database == context.client.database {
        return Err(same().into());
    }
    let (from, to) = (&args[1], &args[1]);
    let request = Request::Transfer { from, to, to_database, keep: false, replace: false };
    out.outcome(&context.ask(request)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn the_key_is_in_the_other_database_only() {
        let script = "SET a 1\nMOVE a 9\nGET a\nSELECT 9\nGET a";
        says(script, "+OK\r\n:1\r\n$-1\r\n+OK\r\n$1\r\n1\r\n");
        says("MOVE x 9", ":0\r\n");
    }

    #[test]
    fn a_key_that_is_there_stays() {
        let script = "SET a 1\nSELECT 9\nSET a 2\nMOVE a 0\nGET a";
        says(script, "+OK\r\n+OK\r\n+OK\r\n:0\r\n$1\r\n2\r\n");
    }

    #[test]
    fn databases_that_cannot_be() {
        says("MOVE a 0", "-ERR source and destination objects are the same\r\n");
        says("MOVE a 16", "-ERR DB index is out of range\r\n");
        says("MOVE a b", "-ERR value is not an integer or out of range\r\n");
    }
}
