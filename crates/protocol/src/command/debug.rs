//! `DEBUG subcommand`: what Redis' own tests ask a server for, so far as it can do no harm.

mod digest;
mod protocol;

use crate::args::Args;
use crate::command::rename::no_such_key;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;
use crate::store::Request;

/// What there is, and what it does.
const HELP: [(&str, &str); 8] = [
    ("DIGEST", "Answers a fingerprint of all that is cached."),
    ("DIGEST-VALUE <key> [<key> ...]", "Answers a fingerprint of each key's copy."),
    ("OBJECT <key>", "Tells how a key's copy is kept."),
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
        let seconds = std::str::from_utf8(&args[2]).ok().and_then(|text| text.parse().ok());
        let seconds: f64 = seconds.unwrap_or_default();
        // A number that is too large or none at all becomes the nearest that there is.
        context.ask(Request::Rest { ms: (seconds * 1000.0) as u64 })?;
        out.simple("OK");
    } else {
        return Err(unknown(&args[1]).into());
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

/// The number that a text begins with, as C's `atoi` reads it, so far as zero goes.
fn leading_number(text: &[u8]) -> u64 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |total, digit| total.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

fn unknown(word: &[u8]) -> Error {
    let word = String::from_utf8_lossy(&word[..word.len().min(128)]);
    Error::plain(format!(
        "unknown subcommand or wrong number of arguments for '{word}'. Try DEBUG HELP."
    ))
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
        says("DEBUG RELOAD\nDEBUG reload NOSAVE merge", &"+OK\r\n".repeat(2));
        says("DEBUG SET-ACTIVE-EXPIRE 0\nDEBUG SET-ACTIVE-EXPIRE 1", &"+OK\r\n".repeat(2));
        let error = "DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.";
        says("DEBUG RELOAD foo", &format!("-ERR {error}\r\n"));
    }

    #[test]
    fn what_would_do_harm_is_not_there() {
        for word in ["SEGFAULT", "PANIC", "RESTART", "SET-ACTIVE-EXPIRE"] {
            let error = format!("unknown subcommand or wrong number of arguments for '{word}'");
            says(&format!("DEBUG {word}"), &format!("-ERR {error}. Try DEBUG HELP.\r\n"));
        }
        assert!(replies("DEBUG HELP").starts_with("*17\r\n+DEBUG <subcommand>"));
    }
}
