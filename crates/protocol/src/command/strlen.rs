//! `STRLEN key`: <https://redis.io/commands/strlen/>. A row is as long as its document.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    context.read(&args[1], |item| {
        let value = item.map(|item| item.value.string()).transpose()?;
        out.integer(value.map_or(0, |value| value.len().cast_signed() as i64));
        Ok(())
    })?
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn answers_how_many_bytes_there_are() {
        says("SET a äx\nSTRLEN a\nSTRLEN x\nSTRLEN row:1", "+OK\r\n:3\r\n:0\r\n:12\r\n");
    }

    #[test]
    fn a_hash_is_no_string() {
        says("HSET h f v\nSTRLEN h", &format!(":1\r\n{WRONG_TYPE}"));
    }
}
