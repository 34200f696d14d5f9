//! One client connection, without the connection.

use std::mem;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::client::flag;
use crate::frame::request::{Decoded, Decoder};
use crate::hub::{Card, Hub, Partial, Sums};
use crate::store::{Answer, Store, Ticket};

mod admission;
mod buffer;
mod pipeline;
mod represented;
#[cfg(test)]
mod tests;
mod waiting;

use buffer::Buffer;
use pipeline::{Ending, Pipeline, Served};

/// One client connection's protocol state; performs no I/O.
///
/// Whoever owns the socket drives it, in any order that the socket and the store dictate:
///
/// 1. While [`wants_input`](Self::wants_input), read from the socket into a buffer of your own,
///    which all sessions may share, and hand the bytes to [`receive`](Self::receive). At the end
///    of the stream call [`end_of_input`](Self::end_of_input), once.
/// 2. Write [`output`](Self::output) to the socket, as much as it takes, report how much with
///    [`sent`](Self::sent), then call [`advance`](Self::advance): requests may have been held up
///    by unsent output.
/// 3. When the store's answer to a ticket has arrived, hand it to [`answer`](Self::answer); after
///    the last of those at hand, call [`advance`](Self::advance): requests may have been held up
///    by a question.
/// 4. Once [`is_finished`](Self::is_finished) and `output` is empty, close the socket.
///
/// Dropping the session at any time is how to give up on it; answers that come later are the
/// driver's to discard.
///
/// # Order
///
/// Replies keep the order of the requests. While reads wait for the store, later reads of the
/// pipeline go on, so that all that miss are asked for together; their replies are held back. Writes
/// of one key each that arrive together are asked for together too, for the store to carry out in
/// their order. Any other command waits until nothing waits, and nothing passes it while it waits
/// itself.
///
/// # Memory
///
/// Requests are handled in the bytes given to `receive`; only what cannot be handled yet is
/// copied. An idle session keeps no input and little output. What it can be made to hold is
/// bounded by its [`Limits`](crate::Limits).
#[derive(Debug)]
pub struct Session {
    hub: Arc<Hub>,
    /// What could not be handled yet; begins where a request begins.
    input: Buffer,
    decoder: Decoder,
    pub(crate) pipeline: Pipeline,
    pause: Pause,
    /// How many bytes the hub has counted for it.
    counted: usize,
}

/// Sessions share the count of what all of them hold, so that each adds only whole steps to it:
/// small replies come and go without it.
pub(crate) const COUNTED_STEP: usize = 4 * 1024;

/// Why no further request runs at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// None has arrived whole.
    Input,
    /// One that waits has to be answered first.
    Answer,
    /// Some output has to be sent first.
    Output,
    /// The pause of all clients has to end first.
    Clients,
    /// None ever will.
    Ended,
}

impl Session {
    /// A session that has received nothing.
    pub(crate) fn new(hub: Arc<Hub>, card: Arc<Card>) -> Self {
        Self {
            input: Buffer::default(),
            decoder: Decoder::default(),
            pipeline: Pipeline::new(hub.clone(), card),
            pause: Pause::Input,
            counted: 0,
            hub,
        }
    }

    /// The number it was made with.
    pub fn id(&self) -> u64 {
        self.card().id
    }

    /// Takes bytes from the client and runs the requests that they complete.
    ///
    /// All of `bytes` is taken, whatever [`wants_input`](Self::wants_input) says; after the
    /// session has begun to end they are discarded. `now_unix_ms` is the wall clock in
    /// milliseconds, by which `EXAT` and `PXAT` are read.
    pub fn receive(&mut self, bytes: &[u8], now_unix_ms: u64, store: &mut dyn Store) {
        self.pipeline.heed_end();
        if self.pipeline.ending() != Ending::Open {
            return;
        }
        if self.input.is_empty() {
            // What was left before the client asked is told before it is answered.
            self.pipeline.collect_mail();
            let used = self.run(bytes, now_unix_ms, store);
            self.input.extend(&bytes[used..]);
            self.note(used > 0, now_unix_ms);
        } else {
            self.input.extend(bytes);
            self.advance(now_unix_ms, store);
        }
        self.card().tally.last_used_ms.store(now_unix_ms, Ordering::Relaxed);
    }

    /// Takes the store's answer to a question. One that is not open is ignored.
    ///
    /// Call [`advance`](Self::advance) afterwards.
    pub fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.pipeline.answer(ticket, answer);
    }

    /// Runs buffered requests that may run by now, and takes in what others have to tell the
    /// client. Costs next to nothing when there is neither. To be called after the waker of the
    /// session's [`Arrival`](crate::hub::Arrival) was woken, too.
    pub fn advance(&mut self, now_unix_ms: u64, store: &mut dyn Store) {
        self.pipeline.collect_mail();
        let mut used = 0;
        if !self.input.is_empty() || self.pipeline.is_scripted() {
            let mut input = mem::take(&mut self.input);
            used = self.run(input.unread(), now_unix_ms, store);
            input.consume(used, 0);
            self.input = input;
        }
        self.note(used > 0, now_unix_ms);
    }

    /// What is to be sent to the client.
    pub fn output(&self) -> &[u8] {
        self.pipeline.output()
    }

    /// Says that the first `count` bytes of [`output`](Self::output) have been sent.
    pub fn sent(&mut self, count: usize) {
        self.pipeline.sent(count);
        self.card().tally.output_bytes.store(self.pipeline.bytes(), Ordering::Relaxed);
        self.count();
    }

    /// Whether to read from the client. False once the session ends, while it takes too little
    /// of its output, and while too much input is held up.
    pub fn wants_input(&self) -> bool {
        let held_up = self.pause != Pause::Input;
        self.pipeline.ending() == Ending::Open
            && !self.pipeline.is_high()
            && !(held_up && self.input.len() >= self.hub.limits.backlog_bytes_max)
    }

    /// Says that the client will send no more. What it has sent whole is still answered.
    pub fn end_of_input(&mut self) {
        self.pipeline.end(Ending::AfterInput);
    }

    /// Ends from this side: takes no more, answers what has arrived whole, then finishes.
    pub fn drain(&mut self) {
        self.pipeline.end(Ending::AfterInput);
    }

    /// Whether there are requests that [`advance`](Self::advance) may be able to run, or messages
    /// that it may be able to take in.
    pub fn is_held_up(&self) -> bool {
        let is_held = matches!(self.pause, Pause::Answer | Pause::Output | Pause::Clients);
        let has_requests = self.pipeline.is_scripted() || !self.input.is_empty() && is_held;
        has_requests || self.card().has_mail()
    }

    /// Whether the store owes it an answer.
    pub fn is_waiting(&self) -> bool {
        self.pipeline.is_waiting()
    }

    /// Whether the socket is to be closed once [`output`](Self::output) is sent.
    pub fn is_finished(&self) -> bool {
        let ran_all = match self.pipeline.ending() {
            Ending::Open => false,
            Ending::AfterInput => matches!(self.pause, Pause::Input | Pause::Ended),
            Ending::Now => true,
        };
        ran_all && !self.is_waiting()
    }

    /// Runs the requests that `input` begins with; answers how many bytes are done with.
    fn run(&mut self, input: &[u8], now_unix_ms: u64, store: &mut dyn Store) -> usize {
        let mut used = 0;
        self.pipeline.begin_turn();
        self.pause = loop {
            if !self.pipeline.go_on(now_unix_ms, store) {
                break Pause::Answer;
            }
            let rest = &input[used..];
            if let Some(pause) = self.pause_before(rest) {
                break pause;
            }
            let identity = &self.pipeline.client.identity;
            self.decoder.is_stranger = identity.is_missing(&self.hub.users);
            self.decoder.bulk_bytes_max = NonZeroUsize::new(self.hub.settings.bulk_bytes_max());
            let length = match self.decoder.decode(rest, &self.hub.limits) {
                Ok(Decoded::Request(length)) => length,
                Ok(Decoded::Incomplete) => break Pause::Input,
                Err(error) => {
                    self.pipeline.refuse(&error.reply());
                    self.pipeline.end(Ending::Now);
                    break Pause::Ended;
                }
            };
            // Of this request alone: what has to wait keeps a copy of it.
            let args = self.decoder.args(&rest[..length]);
            if !args.is_empty() {
                match self.pipeline.serve(args, now_unix_ms, store) {
                    Served::Taken => {}
                    Served::Barred => break Pause::Answer,
                    Served::Paused => break Pause::Clients,
                }
            }
            self.decoder.advance();
            used += length;
        };
        match self.pause {
            Pause::Ended => input.len(),
            _ => used,
        }
    }

    /// Lets others see how it stands, and what it holds. `has_begun` says that what is left of the
    /// input is of a request whose beginning has come in this turn.
    fn note(&mut self, has_begun: bool, now_unix_ms: u64) {
        let (card, client) = (self.card(), &self.pipeline.client);
        // It cannot send the rest of what it is kept from sending.
        let is_partial = self.pause == Pause::Input && !self.input.is_empty() && self.wants_input();
        let partial = match (is_partial, has_begun) {
            (false, _) => Partial::None,
            (true, true) => Partial::Begun,
            (true, false) => Partial::GoesOn,
        };
        let input = self.input.len() + self.decoder.bytes();
        let (queued, kept) = (self.pipeline.queued_bytes(), client.kept_bytes);
        let ends = if self.pipeline.ending() == Ending::Open { 0 } else { flag::ENDS };
        card.hold(self.pause == Pause::Clients);
        let waits = if self.is_waiting() { flag::WAITS } else { 0 };
        if card.tally.flags.load(Ordering::Relaxed) & flag::WAITS != 0 {
            // Whoever waited until now has not been idle.
            card.tally.last_used_ms.store(now_unix_ms, Ordering::Relaxed);
        }
        card.tally.note(client, client.flags() | ends | waits);
        card.tally.note_bytes(Sums { input, output: self.pipeline.bytes(), queued, kept });
        card.tally.note_partial(partial, now_unix_ms);
        self.count();
    }

    /// Lets the hub know how much it holds.
    fn count(&mut self) {
        let held = self.card().tally.sums().total() / COUNTED_STEP * COUNTED_STEP;
        if held != self.counted {
            self.hub.count_bytes(self.card(), self.counted, held);
            self.counted = held;
            if held > 0 && self.card().is_ended() {
                self.let_go();
            }
        }
    }

    /// Gives back what it holds, though its driver has yet to close the connection.
    fn let_go(&mut self) {
        self.pipeline.cut();
        self.input = Buffer::default();
        self.decoder = Decoder::default();
        self.pause = Pause::Ended;
        self.card().tally.note_bytes(Sums::default());
        self.hub.count_bytes(self.card(), self.counted, 0);
        self.counted = 0;
    }

    fn card(&self) -> &Arc<Card> {
        &self.pipeline.client.card
    }

    fn pause_before(&self, rest: &[u8]) -> Option<Pause> {
        if self.pipeline.ending() == Ending::Now {
            Some(Pause::Ended)
        } else if rest.is_empty() {
            Some(Pause::Input)
        } else if self.pipeline.is_crowded() {
            Some(Pause::Answer)
        } else if self.pipeline.is_high() {
            Some(Pause::Output)
        } else {
            None
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.hub.leave(&mut self.pipeline.client, self.counted);
    }
}
