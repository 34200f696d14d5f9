//! `TYPE key`: <https://redis.io/commands/type/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let word = context.read(&args[1], |item| item.map_or("none", |item| item.value.type_name()))?;
    out.simple(word);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn a_row_is_a_hash() {
        says("SET a 1\nTYPE a\nTYPE row:1\nTYPE x", "+OK\r\n+string\r\n+hash\r\n+none\r\n");
    }
}
