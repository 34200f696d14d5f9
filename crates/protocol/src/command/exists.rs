//! `EXISTS key [key ...]`, `TOUCH key [key ...]`: <https://redis.io/commands/exists/>. They differ in
//! whether looking at a key is a use of it, which the table says.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let mut count = 0;
    for key in args.from(1).iter() {
        count += i64::from(context.read(key, |item| item.is_some())?);
    }
    out.integer(count);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn a_key_counts_as_often_as_it_is_named() {
        says("SET a 1\nEXISTS a x a\nEXISTS x\nTOUCH a x", "+OK\r\n:2\r\n:0\r\n:1\r\n");
    }
}
