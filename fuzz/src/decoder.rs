//! Target: bytes as frames, and bytes as requests, in any split.
//!
//! The first byte says how the rest is cut into pieces.

use larder_protocol::Limits;
use larder_protocol::frame::{Frame, ProtocolError, decode};

use crate::conversation::{Course, conversation, is_same};
use crate::memory::Pace;
use crate::stage::limits;

/// Reads the bytes both ways.
pub fn run(input: &[u8]) {
    let Some((first, bytes)) = input.split_first() else { return };
    let step = usize::from(*first).max(1);
    frames(bytes, step);
    requests(bytes, step);
}

/// A frame is found as soon as it is whole and whatever follows it; so is a fault.
fn frames(bytes: &[u8], step: usize) {
    let limits = limits();
    let whole = decode(bytes, &limits);
    let mut ends: Vec<usize> = (0..bytes.len()).step_by(step).collect();
    if let Ok(Some((frame, length))) = &whole {
        assert!(*length <= bytes.len(), "longer than its bytes");
        ends.extend([length - 1, *length]);
        check_encoding(frame, &limits);
    }
    for end in ends {
        let part = decode(&bytes[..end], &limits);
        assert!(may_become(&part, &whole), "{part:?} of {end} bytes becomes {whole:?}");
    }
}

type Decoded = Result<Option<(Frame, usize)>, ProtocolError>;

/// Compared as text, since not-a-number is not equal to itself.
fn may_become(part: &Decoded, whole: &Decoded) -> bool {
    matches!(part, Ok(None)) || format!("{part:?}") == format!("{whole:?}")
}

/// A frame comes back from its own bytes.
fn check_encoding(frame: &Frame, limits: &Limits) {
    let mut bytes = Vec::new();
    encode(frame, &mut bytes);
    let expected: Decoded = Ok(Some((frame.clone(), bytes.len())));
    let limits = Limits { bulk_bytes_max: usize::MAX / 2, ..limits.clone() };
    let found = decode(&bytes, &limits);
    assert!(may_become(&found, &expected) && found != Ok(None), "{found:?} for {frame:?}");
}

fn encode(frame: &Frame, bytes: &mut Vec<u8>) {
    let mut line = |text: &str| bytes.extend_from_slice(format!("{text}\r\n").as_bytes());
    match frame {
        Frame::Simple(text) => line(&format!("+{text}")),
        Frame::Error(text) => counted(b'!', text.as_bytes(), bytes),
        Frame::Integer(number) => line(&format!(":{number}")),
        Frame::Bulk(text) => counted(b'$', text, bytes),
        Frame::Null => line("_"),
        Frame::Double(number) => line(&format!(",{number}")),
        Frame::Boolean(yes) => line(if *yes { "#t" } else { "#f" }),
        Frame::BigNumber(digits) => line(&format!("({digits}")),
        Frame::Verbatim(form, text) => counted(b'=', &[form, &b":"[..], text].concat(), bytes),
        Frame::Array(frames) => aggregate(b'*', frames, bytes),
        Frame::Set(frames) => aggregate(b'~', frames, bytes),
        Frame::Push(frames) => aggregate(b'>', frames, bytes),
        Frame::Map(pairs) => map(b'%', pairs, bytes),
        Frame::Attribute(pairs, frame) => {
            map(b'|', pairs, bytes);
            encode(frame, bytes);
        }
    }
}

fn counted(kind: u8, text: &[u8], bytes: &mut Vec<u8>) {
    header(kind, text.len(), bytes);
    bytes.extend_from_slice(text);
    bytes.extend_from_slice(b"\r\n");
}

fn aggregate(kind: u8, frames: &[Frame], bytes: &mut Vec<u8>) {
    header(kind, frames.len(), bytes);
    frames.iter().for_each(|frame| encode(frame, bytes));
}

fn map(kind: u8, pairs: &[(Frame, Frame)], bytes: &mut Vec<u8>) {
    header(kind, pairs.len(), bytes);
    for (name, value) in pairs {
        encode(name, bytes);
        encode(value, bytes);
    }
}

fn header(kind: u8, count: usize, bytes: &mut Vec<u8>) {
    bytes.push(kind);
    bytes.extend_from_slice(format!("{count}\r\n").as_bytes());
}

/// A session answers alike whether its input comes whole or in pieces, and whenever its store does.
fn requests(bytes: &[u8], step: usize) {
    let whole = conversation(bytes, &Course::default());
    for pace in [Pace::Now, Pace::Later] {
        let course = Course { pace, received: &[step], sent: &[step, 1], answered: &[1, 0, 5] };
        let pieces = conversation(bytes, &course);
        assert!(
            is_same(bytes, &whole, &pieces),
            "{pace:?}: {:?} whole, {:?} by {step} bytes",
            String::from_utf8_lossy(&whole),
            String::from_utf8_lossy(&pieces),
        );
    }
}
