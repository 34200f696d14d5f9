//! `HLEN key`: <https://redis.io/commands/hlen/>. Of a row it counts the columns that are not NULL.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    context.read(&args[1], |item| {
        let fields = item.map(|item| item.value.fields()).transpose()?;
        out.integer(fields.map_or(0, |fields| fields.len().cast_signed() as i64));
        Ok(())
    })?
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn counts_the_fields() {
        says("HSET h a 1 b 2\nHLEN h\nHLEN x\nHLEN row:1", ":2\r\n:2\r\n:0\r\n:1\r\n");
    }

    #[test]
    fn a_string_has_no_fields() {
        says("SET a 1\nHLEN a", &format!("+OK\r\n{WRONG_TYPE}"));
    }
}
