//! `CACHE.FLUSH [key] timeout`: waits until the source has what is queued.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::{Out, integer};
use crate::store::{Flushed, Request};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let (of, timeout) = match args.len() {
        2 => (Flushed::All, &args[1]),
        3 => (Flushed::Key(&args[1]), &args[2]),
        _ => return Err(Error::arity("cache.flush").into()),
    };
    flush(of, timeout, context, out)
}

/// Waits for at most so many milliseconds, written as text; 0 is for ever.
pub(super) fn flush(
    of: Flushed<'_>,
    timeout: &[u8],
    context: &mut Context<'_>,
    out: &mut Out<'_>,
) -> Done {
    let timeout_ms = match integer::parse(timeout).map(u64::try_from) {
        None => return Err(Error::plain("timeout is not an integer or out of range").into()),
        Some(Err(_)) => return Err(Error::plain("timeout is negative").into()),
        Some(Ok(timeout_ms)) => timeout_ms,
    };
    out.outcome(&context.ask(Request::Flush { of, timeout_ms })?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn says_whether_the_source_has_it() {
        says("CACHE.FLUSH 100\nCACHE.FLUSH k 0", ":1\r\n:1\r\n");
    }

    #[test]
    fn a_wrong_timeout_is_refused() {
        says("CACHE.FLUSH soon", "-ERR timeout is not an integer or out of range\r\n");
        says("CACHE.FLUSH k -1", "-ERR timeout is negative\r\n");
        says("CACHE.FLUSH k 1 2", "-ERR wrong number of arguments for 'cache.flush' command\r\n");
    }

    #[test]
    fn does_not_wait_within_a_transaction() {
        let refused = "-ERR Command not allowed inside a transaction\r\n";
        says("MULTI\nCACHE.FLUSH 0\nDISCARD", &format!("+OK\r\n{refused}+OK\r\n"));
    }
}
