//! `SELECT index`: <https://redis.io/commands/select/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let index = args.integer(1)?;
    if i32::try_from(index).is_err() {
        let (least, most) = (i32::MIN, i32::MAX);
        let text = format!("value is out of range, value must between {least} and {most}");
        return Err(Error::plain(text).into());
    }
    match index {
        0 => out.simple("OK"),
        _ => return Err(Error::plain("DB index is out of range").into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn there_is_one_database() {
        says("SELECT 0", "+OK\r\n");
        says("SELECT 1\nSELECT -1", &"-ERR DB index is out of range\r\n".repeat(2));
    }

    #[test]
    fn an_index_is_a_32_bit_integer() {
        says("SELECT a", "-ERR value is not an integer or out of range\r\n");
        let error = "value is out of range, value must between -2147483648 and 2147483647";
        says("SELECT 99999999999", &format!("-ERR {error}\r\n"));
    }
}
