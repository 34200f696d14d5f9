//! `CACHE.JOURNAL STATUS|FLUSH|DEAD`: the queues of writes, and what their sources refused.

use crate::args::Args;
use crate::command::{Context, Done, cache_flush, lookup};
use crate::error::Error;
use crate::frame::Out;
use crate::store::{Flushed, JournalRequest, Letters, Request};

/// How many dead letters are shown when nobody says.
const LETTERS_SHOWN: usize = 100;

/// `CACHE.JOURNAL STATUS [keyspace]`
pub(super) fn status(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    if args.len() > 3 {
        return Err(lookup::wrong_subcommand(args).into());
    }
    ask(JournalRequest::Status { keyspace: args.at(2) }, context, out)
}

/// `CACHE.JOURNAL FLUSH [keyspace] timeout`
pub(super) fn flush(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    match args.len() {
        3 => cache_flush::flush(Flushed::All, &args[2], context, out),
        4 => cache_flush::flush(Flushed::Keyspace(&args[2]), &args[3], context, out),
        _ => Err(lookup::wrong_subcommand(args).into()),
    }
}

/// `CACHE.JOURNAL DEAD LIST|REPLAY|DROP keyspace ...`
pub(super) fn dead(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let keyspace = &args[3];
    let request = if args.is(2, "LIST") {
        list(args)?
    } else if args.is(2, "REPLAY") {
        let force = args.is(4, "FORCE");
        let letters = letters(args, if force { 5 } else { 4 })?;
        JournalRequest::Replay { keyspace, letters, force }
    } else if args.is(2, "DROP") {
        JournalRequest::Discard { keyspace, letters: letters(args, 4)? }
    } else {
        return Err(Error::syntax().into());
    };
    ask(request, context, out)
}

/// `... LIST keyspace [AFTER number] [COUNT count]`
fn list<'a>(args: &Args<'a>) -> Result<JournalRequest<'a>, Error> {
    let (mut after, mut count) = (0, LETTERS_SHOWN);
    for (place, (name, value)) in args.pairs(4).enumerate() {
        let place = 4 + 2 * place;
        if args.is(place, "AFTER") {
            after = number(value)?;
        } else if args.is(place, "COUNT") {
            count = usize::try_from(number(value)?).unwrap_or(usize::MAX);
        } else {
            return Err(unknown(name));
        }
    }
    match args.len() % 2 {
        0 => Ok(JournalRequest::DeadLetters { keyspace: args.at(3).unwrap_or(b""), after, count }),
        _ => Err(Error::syntax()),
    }
}

/// `ALL`, or one number and more.
fn letters(args: &Args<'_>, from: usize) -> Result<Letters, Error> {
    if args.is(from, "ALL") && args.len() == from + 1 {
        return Ok(Letters::All);
    }
    let numbers = args.iter().skip(from).map(number).collect::<Result<Vec<_>, Error>>()?;
    match numbers.is_empty() {
        true => Err(Error::plain("name the dead letters by their numbers, or say ALL")),
        false => Ok(Letters::Numbered(numbers)),
    }
}

fn number(text: &[u8]) -> Result<u64, Error> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(Error::not_an_integer)
}

fn unknown(option: &[u8]) -> Error {
    let option = String::from_utf8_lossy(option);
    Error::plain(format!("'{option}' is no option of DEAD LIST: AFTER and COUNT are"))
}

fn ask(request: JournalRequest<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.outcome(&context.ask(Request::Journal(request))?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    #[track_caller]
    fn asks(command: &str, request: &str) {
        let said = replies(&format!("CACHE.JOURNAL {command}"));
        assert_eq!(said.lines().nth(1), Some(request), "{said}");
    }

    #[test]
    fn the_store_is_asked_for_what_was_meant() {
        asks("STATUS", "Status { keyspace: None }");
        asks("status k", "Status { keyspace: Some([107]) }");
        asks("DEAD LIST k", "DeadLetters { keyspace: [107], after: 0, count: 100 }");
        asks("DEAD list k COUNT 2 after 7", "DeadLetters { keyspace: [107], after: 7, count: 2 }");
        let replay = |letters, force| {
            format!("Replay {{ keyspace: [107], letters: {letters}, force: {force} }}")
        };
        asks("DEAD REPLAY k ALL", &replay("All", false));
        asks("DEAD REPLAY k FORCE 3 4", &replay("Numbered([3, 4])", true));
        asks("DEAD DROP k 9", "Discard { keyspace: [107], letters: Numbered([9]) }");
        says("CACHE.JOURNAL FLUSH 0\nCACHE.JOURNAL FLUSH k 5", ":1\r\n:1\r\n");
    }

    #[test]
    fn what_is_unclear_is_refused() {
        let wrong = "-ERR unknown subcommand or wrong number of arguments for";
        for command in ["STATUS a b", "FLUSH", "FLUSH a b c", "DEAD LIST", "FORGET"] {
            let said = replies(&format!("CACHE.JOURNAL {command}"));
            let arity = "-ERR wrong number of arguments";
            let unknown = "-ERR unknown subcommand";
            let refused = said.starts_with(arity) || said.starts_with(unknown);
            assert!(said.starts_with(wrong) || refused, "{command}: {said}");
        }
        says("CACHE.JOURNAL DEAD FORGET k", "-ERR syntax error\r\n");
        says("CACHE.JOURNAL DEAD LIST k COUNT", "-ERR syntax error\r\n");
        let option = "-ERR 'FROM' is no option of DEAD LIST: AFTER and COUNT are\r\n";
        says("CACHE.JOURNAL DEAD LIST k FROM 1", option);
        let none = "-ERR name the dead letters by their numbers, or say ALL\r\n";
        says("CACHE.JOURNAL DEAD DROP k", none);
        says("CACHE.JOURNAL DEAD REPLAY k FORCE", none);
        let number = "-ERR value is not an integer or out of range\r\n";
        says("CACHE.JOURNAL DEAD DROP k ALL 1", number);
    }

    #[test]
    fn the_subcommands_are_told() {
        let said = replies("CACHE.JOURNAL HELP");
        assert!(said.contains("+DEAD\r\n") && said.contains("+STATUS\r\n"), "{said}");
    }
}
