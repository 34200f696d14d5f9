//! `TIME`: <https://redis.io/commands/time/>, to the millisecond.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

pub(super) fn run(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let now = context.now_unix_ms;
    out.array(2);
    out.bulk((now / 1000).to_string().as_bytes());
    out.bulk((now % 1000 * 1000).to_string().as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn it_is_seconds_and_microseconds() {
        says("TIME", "*2\r\n$4\r\n1000\r\n$1\r\n0\r\n");
    }
}
