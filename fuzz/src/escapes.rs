//! Bytes that a line of text cannot hold: `\r`, `\n`, `\s` (a blank), `\\` and `\xHH`.

/// The bytes that a text with escapes stands for. A backslash that escapes nothing is itself.
pub fn unescaped(text: &[u8]) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text);
    loop {
        let (byte, after) = match rest {
            [] => return bytes,
            [b'\\', b'r', after @ ..] => (b'\r', after),
            [b'\\', b'n', after @ ..] => (b'\n', after),
            [b'\\', b's', after @ ..] => (b' ', after),
            [b'\\', b'\\', after @ ..] => (b'\\', after),
            [b'\\', b'x', high, low, after @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                (digit(*high) << 4 | digit(*low), after)
            }
            [byte, after @ ..] => (*byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
}

fn digit(letter: u8) -> u8 {
    char::from(letter).to_digit(16).map_or(0, |digit| digit as u8)
}
