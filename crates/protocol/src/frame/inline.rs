//! Inline requests: a line typed by a person, with quotes as in Redis.

use crate::args::Spans;
use crate::frame::ProtocolError;

/// Splits `line` into arguments: their bytes go to `text`, one after the other, and where each
/// lies goes to `spans`.
///
/// `"..."` knows `\n \r \t \b \a \xHH` and takes any other escaped byte as it is; `'...'` knows
/// only `\'`. A closing quote must be followed by a blank or by nothing. The line ends at a NUL.
pub(crate) fn split(
    line: &[u8],
    text: &mut Vec<u8>,
    spans: &mut Spans,
) -> Result<(), ProtocolError> {
    let mut rest = line.split(|&byte| byte == 0).next().unwrap_or_default();
    loop {
        rest = skip_blanks(rest);
        if rest.is_empty() {
            return Ok(());
        }
        let start = text.len();
        rest = word(rest, text)?;
        spans.push(start, text.len() - start);
    }
}

fn word<'a>(mut rest: &'a [u8], text: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    loop {
        rest = match rest {
            [] => return Ok(rest),
            [b' ' | b'\n' | b'\r' | b'\t', after @ ..] => return Ok(after),
            [b'"', after @ ..] => return closed(double_quoted(after, text)?),
            [b'\'', after @ ..] => return closed(single_quoted(after, text)?),
            [byte, after @ ..] => {
                text.push(*byte);
                after
            }
        };
    }
}

fn double_quoted<'a>(mut rest: &'a [u8], text: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    loop {
        let (byte, after) = match rest {
            [] => return Err(ProtocolError::UnbalancedQuotes),
            [b'"', after @ ..] => return Ok(after),
            [b'\\', b'x', high, low, after @ ..] if is_hex(*high) && is_hex(*low) => {
                (hex(*high) << 4 | hex(*low), after)
            }
            [b'\\', escaped, after @ ..] => (unescape(*escaped), after),
            [byte, after @ ..] => (*byte, after),
        };
        text.push(byte);
        rest = after;
    }
}

fn single_quoted<'a>(mut rest: &'a [u8], text: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    loop {
        let (byte, after) = match rest {
            [] => return Err(ProtocolError::UnbalancedQuotes),
            [b'\'', after @ ..] => return Ok(after),
            [b'\\', b'\'', after @ ..] => (b'\'', after),
            [byte, after @ ..] => (*byte, after),
        };
        text.push(byte);
        rest = after;
    }
}

fn closed(rest: &[u8]) -> Result<&[u8], ProtocolError> {
    match rest.first() {
        Some(&byte) if !is_blank(byte) => Err(ProtocolError::UnbalancedQuotes),
        _ => Ok(rest),
    }
}

fn skip_blanks(line: &[u8]) -> &[u8] {
    let blanks = line.iter().take_while(|&&byte| is_blank(byte)).count();
    &line[blanks..]
}

/// What C's `isspace` says.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

fn hex(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        _ => (byte | 0x20).wrapping_sub(b'a') + 10,
    }
}

fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Vec<String>, ProtocolError> {
        let (mut text, mut spans) = (Vec::new(), Spans::default());
        split(line.as_bytes(), &mut text, &mut spans)?;
        let args = spans.args(&text);
        Ok(args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect())
    }

    #[test]
    fn blanks_of_every_kind_separate_words() {
        assert_eq!(words("  SET\ta \x0b b  ").unwrap(), ["SET", "a", "b"]);
        assert!(words(" \t ").unwrap().is_empty());
    }

    #[test]
    fn quotes_keep_blanks_and_empty_words() {
        assert_eq!(words(r#""a b" 'c d' "" '' "#).unwrap(), ["a b", "c d", "", ""]);
    }

    #[test]
    fn escapes_differ_by_quote() {
        assert_eq!(words(r#""\x41\n\q\"""#).unwrap(), ["A\nq\""]);
        assert_eq!(words(r"'it\'s \x41'").unwrap(), [r"it's \x41"]);
        assert_eq!(words(r#""\xZZ""#).unwrap(), ["xZZ"]);
    }

    #[test]
    fn a_quote_may_begin_inside_a_word_but_not_end_there() {
        assert_eq!(words(r#"a"b c""#).unwrap(), ["ab c"]);
        for line in [r#""a"b"#, "'a'b", r#""a"#, "'a", r#""a\""#] {
            assert_eq!(words(line), Err(ProtocolError::UnbalancedQuotes), "{line}");
        }
    }
}
