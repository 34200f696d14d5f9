//! `CACHE.FILL key token value [EX s|PX ms]`: fills a key under a lease.

use crate::args::Args;
use crate::command::expiry::Unit;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;
use crate::store::{Expiry, Request};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let token = token(&args[2])?;
    let expiry = match (args.len(), Unit::of(args, 4)) {
        (4, _) => Expiry::Default,
        (6, Some(unit @ (Unit::Seconds | Unit::Milliseconds))) => {
            unit.expiry(args.integer(5)?, context.now_unix_ms, "cache.fill")?
        }
        _ => return Err(Error::syntax().into()),
    };
    let request = Request::Fill { key: &args[1], token, value: &args[3], expiry };
    out.outcome(&context.ask(request)?);
    Ok(())
}

fn token(text: &[u8]) -> Result<u64, Error> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Error::plain("the lease token is not one that CACHE.LEASE has given"))
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn a_lease_lets_fill_once() {
        let script = "CACHE.LEASE a\nCACHE.FILL a 1 x PX 70\nPTTL a\nCACHE.FILL a 1 y\nGET a";
        says(script, ":1\r\n+OK\r\n:70\r\n$-1\r\n$1\r\nx\r\n");
    }

    #[test]
    fn wrong_arguments_are_refused() {
        let error = "-ERR the lease token is not one that CACHE.LEASE has given\r\n";
        says("CACHE.FILL a b x", error);
        says("CACHE.FILL a 1 x EX", "-ERR syntax error\r\n");
        says("CACHE.FILL a 1 x EXAT 5", "-ERR syntax error\r\n");
        says("CACHE.FILL a 1 x EX 0", "-ERR invalid expire time in 'cache.fill' command\r\n");
    }
}
