//! `MEMORY USAGE key [SAMPLES count]`: <https://redis.io/commands/memory-usage/>. It looks at the
//! copy and does not load; the figure is exact as far as larder counts, so samples change nothing.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;

pub(super) fn usage(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let mut place = 3;
    while place < args.len() {
        if !args.is(place, "SAMPLES") || args.at(place + 1).is_none() {
            return Err(Error::syntax().into());
        }
        if args.integer(place + 1)? < 0 {
            return Err(Error::syntax().into());
        }
        place += 2;
    }
    match context.inspect(&args[2])? {
        Some(particulars) => out.integer(i64::try_from(particulars.bytes).unwrap_or(i64::MAX)),
        None => out.null(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn it_is_what_the_store_says() {
        let script = "SET a 1\nMEMORY USAGE a\nMEMORY USAGE a SAMPLES 0\nMEMORY USAGE x";
        says(script, "+OK\r\n:100\r\n:100\r\n$-1\r\n");
    }

    #[test]
    fn wrong_samples_are_refused() {
        let script = "MEMORY USAGE a SAMPLES\nMEMORY USAGE a FOO 1\nMEMORY USAGE a SAMPLES -1";
        says(script, &"-ERR syntax error\r\n".repeat(3));
        let error = "-ERR value is not an integer or out of range\r\n";
        says("MEMORY USAGE a SAMPLES x", error);
    }
}
