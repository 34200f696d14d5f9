//! `QUIT`: <https://redis.io/commands/quit/>

use crate::args::Args;
use crate::command::{Context, Done, Stop};
use crate::frame::Out;

pub(super) fn run(_: &Args<'_>, _: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.simple("OK");
    Err(Stop::Quit)
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn nothing_runs_after_it() {
        says("PING\nQUIT now\nPING", "+PONG\r\n+OK\r\n");
    }
}
