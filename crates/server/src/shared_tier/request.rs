//! The one request that a worker understands: `GET key`, as client libraries send it.

/// The request, and how long it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Get<'a> {
    pub(super) key: &'a [u8],
    pub(super) length: usize,
}

impl<'a> Get<'a> {
    /// The `GET` that `input` begins with, if it does and all of it has come. Anything else is the
    /// parent's, also what is a `GET` in another form.
    pub(super) fn parse(input: &'a [u8]) -> Option<Self> {
        let rest = input.strip_prefix(b"*2\r\n$3\r\n")?;
        let (name, rest) = rest.split_first_chunk::<3>()?;
        if !name.eq_ignore_ascii_case(b"GET") {
            return None;
        }
        let rest = rest.strip_prefix(b"\r\n$")?;
        let (length, rest) = length(rest)?;
        let (key, rest) = rest.split_at_checked(length)?;
        let rest = rest.strip_prefix(b"\r\n")?;
        Some(Self { key, length: input.len() - rest.len() })
    }
}

/// A length of at most three digits, which is as long as a key can be here, and what is behind it.
fn length(text: &[u8]) -> Option<(usize, &[u8])> {
    let end = text.iter().take(4).position(|&byte| byte == b'\r')?;
    let (digits, rest) = text.split_at(end);
    let rest = rest.strip_prefix(b"\r\n")?;
    let number = |number, digit: &u8| {
        digit.is_ascii_digit().then(|| 10 * number + usize::from(digit - b'0'))
    };
    let is_canonical = digits.first().is_some_and(|first| *first != b'0' || digits.len() == 1);
    let length = digits.iter().try_fold(0, number)?;
    is_canonical.then_some((length, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_get_is_understood_and_what_follows_is_left() {
        let input = b"*2\r\n$3\r\ngEt\r\n$5\r\na\r\nbc\r\n*1\r\n";
        assert_eq!(Get::parse(input), Some(Get { key: b"a\r\nbc", length: input.len() - 4 }));
    }

    #[test]
    fn part_of_a_get_is_none_yet() {
        let input = b"*2\r\n$3\r\nGET\r\n$3\r\nabc\r\n";
        for end in 0..input.len() {
            assert_eq!(Get::parse(&input[..end]), None, "{end}");
        }
        assert!(Get::parse(input).is_some());
    }

    #[test]
    fn whatever_else_there_is_is_left_to_the_parent() {
        for other in [
            "GET a\r\n",
            "*2\r\n$3\r\nDEL\r\n$1\r\na\r\n",
            "*3\r\n$3\r\nGET\r\n$1\r\na\r\n$1\r\nb\r\n",
            "*2\r\n$3\r\nGET\r\n$-1\r\n",
            "*2\r\n$3\r\nGET\r\n$01\r\na\r\n",
            "*2\r\n$3\r\nGET\r\n$1000\r\na\r\n",
            "*2\r\n$3\r\nGET\r\n$\r\na\r\n",
            "*2\r\n$3\r\nGET\r\n$1\r\nabc",
            "*02\r\n$3\r\nGET\r\n$1\r\na\r\n",
        ] {
            assert_eq!(Get::parse(other.as_bytes()), None, "{other:?}");
        }
    }
}
