//! `GET key`: <https://redis.io/commands/get/>. A row is answered as its document.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    context.read_whole(&args[1], |item| {
        match item {
            Some(item) => out.bulk(&item.value.string()?),
            None => out.null(),
        }
        Ok(())
    })?
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn answers_the_value_or_nothing() {
        says("SET a hello\nGET a\nGET b", "+OK\r\n$5\r\nhello\r\n$-1\r\n");
    }

    #[test]
    fn a_row_is_answered_as_its_document() {
        says("GET row:1", "$12\r\n{\"name\":\"x\"}\r\n");
    }

    #[test]
    fn a_hash_is_no_string() {
        says("HSET h f v\nGET h", &format!(":1\r\n{WRONG_TYPE}"));
    }
}
