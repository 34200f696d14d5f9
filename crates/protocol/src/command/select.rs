//! `SELECT index`: <https://redis.io/commands/select/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;

/// How many databases there are.
pub(super) const DATABASES: u8 = 16;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    context.client.database = database(args, 1)?;
    out.simple("OK");
    Ok(())
}

/// The database that the argument at `place` names.
pub(super) fn database(args: &Args<'_>, place: usize) -> Result<u8, Error> {
    let index = args.integer(place)?;
    if i32::try_from(index).is_err() {
        let (least, most) = (i32::MIN, i32::MAX);
        let text = format!("value is out of range, value must between {least} and {most}");
        return Err(Error::plain(text));
    }
    let known = u8::try_from(index).ok().filter(|index| *index < DATABASES);
    known.ok_or_else(|| Error::plain("DB index is out of range"))
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn each_database_has_keys_of_its_own() {
        let script = "SET a 1\nSELECT 15\nGET a\nSET a 2\nSELECT 0\nGET a";
        says(script, "+OK\r\n+OK\r\n$-1\r\n+OK\r\n+OK\r\n$1\r\n1\r\n");
    }

    #[test]
    fn there_are_sixteen_databases() {
        says("SELECT 16\nSELECT -1", &"-ERR DB index is out of range\r\n".repeat(2));
    }

    #[test]
    fn an_index_is_a_32_bit_integer() {
        says("SELECT a", "-ERR value is not an integer or out of range\r\n");
        let error = "value is out of range, value must between -2147483648 and 2147483647";
        says("SELECT 99999999999", &format!("-ERR {error}\r\n"));
    }
}
