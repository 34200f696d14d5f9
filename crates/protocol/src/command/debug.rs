//! `DEBUG subcommand`: what Redis' own tests ask a server for, so far as it can do no harm.

mod digest;
mod protocol;

use crate::args::Args;
use crate::command::rename::no_such_key;
use crate::command::{Context, Done, lookup};
use crate::error::Error;
use crate::frame::Out;
use crate::store::Request;

/// What there is, and what it does.
const HELP: [(&str, &str); 10] = [
    ("DIGEST", "Answers a fingerprint of all that is cached."),
    ("DIGEST-VALUE <key> [<key> ...]", "Answers a fingerprint of each key's copy."),
    ("LOADAOF", "Does nothing: there is nothing to reload from."),
    ("OBJECT <key>", "Tells how a key's copy is kept."),
    ("PAUSE-CRON <0|1>", "Does nothing: no reply depends on when the upkeep runs."),
    ("PROTOCOL <type>", "Answers a frame of that type."),
    ("RELOAD [option ...]", "Does nothing: there is nothing to reload from."),
    ("SET-ACTIVE-EXPIRE <0|1>", "Stops or starts the removal of what expires unasked."),
    ("SLEEP <seconds>", "Answers after so many seconds; other clients go on."),
    ("HELP", "Answers what the subcommands do."),
];

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let is = |word: &str, arguments: usize| args.is(1, word) && args.len() == arguments;
    if is("HELP", 2) {
        help(out);
    } else if is("DIGEST", 2) {
        digest::of_all(context, out)?;
    } else if args.is(1, "DIGEST-VALUE") {
        digest::of_each(&args.from(2), context, out)?;
    } else if is("LOADAOF", 2) || is("PAUSE-CRON", 3) {
        out.simple("OK");
    } else if is("OBJECT", 3) {
        object(&args[2], context, out)?;
    } else if is("PROTOCOL", 3) {
        protocol::run(&args[2], out)?;
    } else if args.is(1, "RELOAD") {
        reload(args, out)?;
    } else if is("SET-ACTIVE-EXPIRE", 3) {
        context.hub.settings.set_sweeping(leading_number(&args[2]) != 0);
        out.simple("OK");
    } else if is("SLEEP", 3) {
        context.ask(Request::Rest { ms: rest_ms(&args[2]) })?;
        out.simple("OK");
    } else {
        return Err(lookup::wrong_subcommand(args).into());
    }
    Ok(())
}

fn help(out: &mut Out<'_>) {
    out.array(1 + 2 * HELP.len());
    out.simple("DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for (usage, summary) in HELP {
        out.simple(usage);
        out.simple(&format!("    {summary}"));
    }
}

/// `DEBUG OBJECT`. What larder has no counterpart of is told as zero.
fn object(key: &[u8], context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let particulars = context.inspect(key)?.ok_or_else(no_such_key)?;
    let (encoding, bytes, idle) = (particulars.encoding, particulars.bytes, particulars.idle_s);
    out.simple(&format!(
        "Value at:0x0 refcount:1 encoding:{encoding} serializedlength:{bytes} lru:0 \
         lru_seconds_idle:{idle}"
    ));
    Ok(())
}

fn reload(args: &Args<'_>, out: &mut Out<'_>) -> Done {
    let known = |place| ["MERGE", "NOFLUSH", "NOSAVE"].iter().any(|word| args.is(place, word));
    if !(2..args.len()).all(known) {
        let text = "DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.";
        return Err(Error::plain(text).into());
    }
    out.simple("OK");
    Ok(())
}

/// How long `DEBUG SLEEP` sleeps: not at all if its microseconds are no 64-bit number.
fn rest_ms(seconds: &[u8]) -> u64 {
    const MICROSECONDS_END: f64 = (1_u64 << 63) as f64;
    let seconds = std::str::from_utf8(seconds).ok().and_then(|text| text.parse::<f64>().ok());
    let microseconds = seconds.map(|seconds| seconds * 1e6);
    let microseconds = microseconds.filter(|number| (0.0..MICROSECONDS_END).contains(number));
    (microseconds.unwrap_or_default() / 1e3) as u64
}

/// The number that a text begins with, as C's `atoi` reads it, so far as zero goes.
fn leading_number(text: &[u8]) -> u64 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |total, digit| total.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    #[test]
    fn a_copy_is_told_of() {
        let told = "Value at:0x0 refcount:1 encoding:hashtable serializedlength:100 lru:0 \
                    lru_seconds_idle:5";
        says("HSET h f v\nDEBUG OBJECT h", &format!(":1\r\n+{told}\r\n"));
        says("DEBUG OBJECT x", "-ERR no such key\r\n");
    }

    #[test]
    fn what_does_nothing_says_so_by_ok() {
        says("DEBUG LOADAOF\nDEBUG RELOAD\nDEBUG reload NOSAVE merge", &"+OK\r\n".repeat(3));
        says("DEBUG SET-ACTIVE-EXPIRE 0\nDEBUG SET-ACTIVE-EXPIRE 1", &"+OK\r\n".repeat(2));
        says("DEBUG PAUSE-CRON 1\nDEBUG PAUSE-CRON 0", &"+OK\r\n".repeat(2));
        let error = "DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.";
        says("DEBUG RELOAD foo", &format!("-ERR {error}\r\n"));
    }

    #[test]
    fn sleep_ends_at_once_where_its_length_is_no_number() {
        for (seconds, ms) in
            [("0.25", 250), ("-1", 0), ("x", 0), ("nan", 0), ("9223372036854", 9223372036854000)]
        {
            assert_eq!(super::rest_ms(seconds.as_bytes()), ms, "{seconds}");
        }
        assert_eq!(super::rest_ms(b"9223372036854775807"), 0);
    }

    #[test]
    fn what_would_do_harm_is_not_there() {
        for word in ["SEGFAULT", "PANIC", "RESTART", "SET-ACTIVE-EXPIRE"] {
            let error = format!("unknown subcommand or wrong number of arguments for '{word}'");
            says(&format!("DEBUG {word}"), &format!("-ERR {error}. Try DEBUG HELP.\r\n"));
        }
        assert!(replies("DEBUG HELP").starts_with("*21\r\n+DEBUG <subcommand>"));
    }
}
