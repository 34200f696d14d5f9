//! `CACHE.DROP key [key ...]`: drops cached copies, and never a row.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::store::Request;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let keys = args.from(1).iter().collect();
    out.outcome(&context.ask(Request::Drop { keys })?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn counts_the_copies() {
        says("MSET a 1 b 2\nCACHE.DROP a b x", "+OK\r\n:2\r\n");
    }
}
