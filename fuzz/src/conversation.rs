//! One client's conversation, in any pieces: what it is told must not depend on them.

use larder_protocol::hub::{Arrival, Hub};
use larder_protocol::{Limits, Session};

use crate::memory::{Memory, Pace};
use crate::stage::limits;

const NOW_UNIX_MS: u64 = 1_000_000;
const ID: u64 = 1;

/// How a conversation is cut up. Each list is begun anew at its end; an empty one means everything
/// at once.
#[derive(Debug, Clone, Copy)]
pub struct Course<'c> {
    /// When the store answers.
    pub pace: Pace,
    /// How many bytes are received at a time.
    pub received: &'c [usize],
    /// How many bytes of output the client takes after each of them.
    pub sent: &'c [usize],
    /// Which question is answered after each of them.
    pub answered: &'c [usize],
}

impl Default for Course<'_> {
    /// All at once.
    fn default() -> Self {
        Self { pace: Pace::Now, received: &[], sent: &[], answered: &[] }
    }
}

/// All that a client is sent, but for how many bytes are held for it: that does depend.
pub fn conversation(input: &[u8], course: &Course<'_>) -> Vec<u8> {
    let hub = Hub::new(roomy());
    let mut store = Memory::new(hub.clone(), course.pace);
    let mut talk = Talk { session: hub.join(ID, Arrival::default()), said: Vec::new() };
    let mut rest = input;
    for turn in 0.. {
        let length = at(course.received, turn).unwrap_or(rest.len()).clamp(1, rest.len().max(1));
        let (piece, after) = rest.split_at(length.min(rest.len()));
        talk.session.receive(piece, NOW_UNIX_MS, &mut store);
        if let Some(place) = at(course.answered, turn) {
            talk.answer(place, &mut store);
        }
        talk.take(at(course.sent, turn).unwrap_or(0));
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    talk.settle(NOW_UNIX_MS, &mut store);
    if talk.session.is_held_up() {
        // By a pause, which goes by.
        hub.tick(u64::MAX);
        talk.settle(u64::MAX, &mut store);
    }
    // A driver's turns depend on the pieces, so here there is but one.
    hub.end_turn(ID);
    talk.settle(NOW_UNIX_MS, &mut store);
    talk.session.end_of_input();
    talk.settle(NOW_UNIX_MS, &mut store);
    assert!(talk.session.is_finished(), "it does not end with its input");
    timeless(talk.said)
}

/// Whether a client was told the same in two conversations of the same input. When it is cut off, as a
/// browser is, what it has not taken by then is lost.
pub fn is_same(input: &[u8], one: &[u8], other: &[u8]) -> bool {
    let is_cut_off = || ENDS.iter().any(|word| contains(input, word));
    one == other || (one.starts_with(other) || other.starts_with(one)) && is_cut_off()
}

/// What may cut off the client that says it.
const ENDS: [&[u8]; 5] = [b"post", b"host:", b"kill", b"deluser", b"setuser"];

/// Whether `word` is somewhere in `text`, in whatever case.
pub fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

/// Limits that do not depend on when output is taken.
fn roomy() -> Limits {
    let much = usize::MAX / 4;
    Limits {
        output_bytes_max: much,
        sessions_bytes_max: much,
        request_timeout_ms: None,
        idle_timeout_ms: None,
        ..limits()
    }
}

struct Talk {
    session: Session,
    said: Vec<u8>,
}

impl Talk {
    fn take(&mut self, count: usize) {
        let count = count.min(self.session.output().len());
        self.said.extend_from_slice(&self.session.output()[..count]);
        self.session.sent(count);
    }

    fn answer(&mut self, place: usize, store: &mut Memory) -> bool {
        let Some((_, ticket, answer)) = store.answer(place) else { return false };
        self.session.answer(ticket, answer);
        self.session.advance(NOW_UNIX_MS, store);
        true
    }

    /// Answers and sends until nothing is left to do.
    fn settle(&mut self, now_unix_ms: u64, store: &mut Memory) {
        loop {
            self.take(usize::MAX);
            let is_answered = self.answer(0, store);
            self.session.advance(now_unix_ms, store);
            if !is_answered && self.session.output().is_empty() {
                return;
            }
        }
    }
}

fn at(list: &[usize], turn: usize) -> Option<usize> {
    (!list.is_empty()).then(|| list[turn % list.len()])
}

/// What is said, without the digits when a client was told how many bytes are held for it.
fn timeless(said: Vec<u8>) -> Vec<u8> {
    let is_of_bytes = said.windows(8).any(|part| part == b"tot-mem=");
    said.into_iter().filter(|byte| !(is_of_bytes && byte.is_ascii_digit())).collect()
}
