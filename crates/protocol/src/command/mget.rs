//! `MGET key [key ...]`: <https://redis.io/commands/mget/>. Keys that miss are loaded together.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let keys = args.from(1);
    out.array(keys.len());
    for key in keys.iter() {
        context.read(key, |item| match item.map(|item| item.value.string()) {
            Some(Ok(value)) => out.bulk(&value),
            Some(Err(_)) | None => out.null(),
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn answers_keep_the_order_of_the_keys() {
        says("MSET a 1 b 2\nMGET b x a b", "+OK\r\n*4\r\n$1\r\n2\r\n$-1\r\n$1\r\n1\r\n$1\r\n2\r\n");
    }

    #[test]
    fn what_is_no_string_is_nothing() {
        says("HSET h f v\nMGET h row:1", ":1\r\n*2\r\n$-1\r\n$12\r\n{\"name\":\"x\"}\r\n");
    }
}
