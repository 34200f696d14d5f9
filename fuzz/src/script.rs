//! What several clients and the world around them do, as a text that a person can read and a fuzzer
//! can change.
//!
//! Each line is a step. One that begins with a digit from 1 to 4 is that client's, who joins with its
//! first step:
//!
//! | line | step |
//! |---|---|
//! | `1 SET a b` | sends the words as a request |
//! | `1<*1\r\n$4\r\nPI` | sends these bytes, whatever they are |
//! | `1=` | takes no more output |
//! | `1>5` | takes five bytes of output; `1>` takes all, from here on too |
//! | `1.` | sends no more |
//! | `1!` | is drained by the server |
//! | `1x` | is gone |
//! | `now`, `later` | the store answers at once from here on, or when it is told to |
//! | `answer 2`, `fail 2` | the third question that waits is answered, or fails |
//! | `tick 500` | so many milliseconds pass |
//! | `changed a` | the key has changed in the source |
//! | `evicted a` | the copy of the key had to make room |
//! | `cleared` | everything has changed |
//!
//! Of the words without a digit only the first letter counts, and a line that is none of these is no
//! step. Bytes and words know [escapes](crate::escapes).

use crate::escapes::unescaped;

/// The most clients at a time.
pub const CLIENTS: usize = 4;

/// One step of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Of a client, numbered from 0.
    Client(usize, Deed),
    /// Of the store.
    Store(Order),
    /// So many milliseconds pass.
    Tick(u64),
    /// A key has changed and nobody here did it.
    Changed(Vec<u8>),
    /// A copy had to make room.
    Evicted(Vec<u8>),
    /// All keys have changed.
    Cleared,
}

/// What a client does, or what is done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Sends a request.
    Ask(Vec<Vec<u8>>),
    /// Sends bytes.
    Send(Vec<u8>),
    /// Takes no more output.
    Stall,
    /// Takes so much of its output; all of it when nothing is said.
    Take(Option<usize>),
    /// Sends no more.
    End,
    /// Is to come to an end.
    Drain,
    /// Goes without a word.
    Vanish,
}

/// What becomes of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// They are answered at once.
    Now,
    /// They wait.
    Later,
    /// The one at this place is answered.
    Answer(usize),
    /// The one at this place fails.
    Fail(usize),
}

/// The steps of a script.
pub fn steps(text: &[u8]) -> impl Iterator<Item = Step> {
    text.split(|byte| *byte == b'\n').filter_map(step)
}

/// The bytes of a request: an array of bulk strings.
pub fn encoded(words: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

fn step(line: &[u8]) -> Option<Step> {
    let word = || unescaped(line.split(|byte| *byte == b' ').nth(1).unwrap_or_default());
    let number = || number(&word());
    Some(match line {
        [client @ b'1'..=b'4', rest @ ..] => Step::Client(usize::from(client - b'1'), deed(rest)?),
        [b'n', ..] => Step::Store(Order::Now),
        [b'l', ..] => Step::Store(Order::Later),
        [b'a', ..] => Step::Store(Order::Answer(number().unwrap_or(0))),
        [b'f', ..] => Step::Store(Order::Fail(number().unwrap_or(0))),
        [b't', ..] => Step::Tick(number().unwrap_or(0) as u64),
        [b'e', ..] => Step::Evicted(word()),
        [b'c', b'h', ..] => Step::Changed(word()),
        [b'c', ..] => Step::Cleared,
        _ => return None,
    })
}

fn deed(rest: &[u8]) -> Option<Deed> {
    Some(match rest {
        [b' ', words @ ..] => {
            let words = words.split(|byte| *byte == b' ').map(unescaped);
            Deed::Ask(words.filter(|word| !word.is_empty()).collect())
        }
        [b'<', bytes @ ..] => Deed::Send(unescaped(bytes)),
        [b'=', ..] => Deed::Stall,
        [b'>', count @ ..] => Deed::Take(number(count)),
        [b'.', ..] => Deed::End,
        [b'!', ..] => Deed::Drain,
        [b'x', ..] => Deed::Vanish,
        _ => return None,
    })
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
