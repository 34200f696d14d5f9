//! `CACHE.KEYSPACES`: which keyspaces there are, and how each is set up.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::store::Request;

pub(super) fn run(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.outcome(&context.ask(Request::Keyspaces)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn the_store_describes_them() {
        says("CACHE.KEYSPACES", "*1\r\n$4\r\nrow:\r\n");
    }
}
