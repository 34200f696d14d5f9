//! `ECHO message`: <https://redis.io/commands/echo/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.bulk(&args[1]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn answers_any_bytes() {
        says(r#"ECHO "a\r\nb""#, "$4\r\na\r\nb\r\n");
    }
}
