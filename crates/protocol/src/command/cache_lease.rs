//! `CACHE.LEASE key`: the value or, on a miss, the right to fill it.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::store::Request;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.outcome(&context.ask(Request::Lease { key: &args[1] })?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn answers_the_value_or_a_token() {
        says("SET a 1\nCACHE.LEASE a\nCACHE.LEASE b", "+OK\r\n$1\r\n1\r\n:1\r\n");
    }
}
