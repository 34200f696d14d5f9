//! Arguments as one types them into redis-cli: in quotes, with escapes, where they need it.

/// The arguments of a line.
///
/// # Errors
///
/// What is wrong with the line.
pub(super) fn split(line: &str) -> Result<Vec<Vec<u8>>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start().as_bytes();
    while let Some(first) = rest.first() {
        let (word, after) = match first {
            b'"' => quoted(&rest[1..])?,
            _ => plain(rest),
        };
        if !after.first().is_none_or(u8::is_ascii_whitespace) {
            return Err(format!("a quote ends within a word: {line}"));
        }
        words.push(word);
        rest = after.trim_ascii_start();
    }
    Ok(words)
}

fn plain(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    (text[..end].to_vec(), &text[end..])
}

fn quoted(text: &[u8]) -> Result<(Vec<u8>, &[u8]), String> {
    let mut end = 0;
    loop {
        match text.get(end) {
            Some(b'"') => return Ok((unescape(&text[..end])?, &text[end + 1..])),
            Some(b'\\') => end += 2,
            Some(_) => end += 1,
            None => return Err("a quote is not closed".to_owned()),
        }
    }
}

/// The bytes that a text with escapes stands for.
///
/// # Errors
///
/// What is wrong with an escape.
pub(super) fn unescape(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let (byte, after) = match (first, after) {
            (b'\\', [b'x', digits @ ..]) => (hexadecimal(digits)?, &digits[2..]),
            (b'\\', [escape, after @ ..]) => (escaped(*escape), after),
            (byte, after) => (*byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
    Ok(bytes)
}

fn hexadecimal(digits: &[u8]) -> Result<u8, String> {
    let digits = digits.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
    let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
    byte.ok_or_else(|| "\\x needs two hexadecimal digits".to_owned())
}

fn escaped(letter: u8) -> u8 {
    match letter {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        other => other,
    }
}

/// A line of arguments that [`split`] takes apart again.
pub(super) fn join(words: &[Vec<u8>]) -> String {
    words.iter().map(|word| show(word)).collect::<Vec<_>>().join(" ")
}

fn show(word: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\' | b'#');
    if !word.is_empty() && word.iter().all(plain) {
        return String::from_utf8_lossy(word).into_owned();
    }
    format!("\"{}\"", escape(word))
}

/// Bytes with escapes for those that are not seen.
pub(super) fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_as_redis_cli_does() {
        let words = split(r#"SET "a b" "\x00\xff\n\"" x\y '' """#).unwrap();
        let expected: [&[u8]; 6] = [b"SET", b"a b", b"\x00\xff\n\"", b"x\\y", b"''", b""];
        assert_eq!(words, expected);
    }

    #[test]
    fn what_is_joined_is_split_into_the_same() {
        let words: Vec<Vec<u8>> = vec![b"GET".into(), vec![], (0..=255).collect(), b"a\\".into()];
        assert_eq!(split(&join(&words)).unwrap(), words);
    }

    #[test]
    fn a_broken_line_is_refused() {
        for line in ["GET \"a", "GET \"a\"b", "GET \"\\x0\"", "GET \"\\xzz\""] {
            assert!(split(line).is_err(), "{line}");
        }
    }
}
