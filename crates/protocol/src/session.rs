//! One client connection, without the connection.

use std::mem;
use std::sync::Arc;

use crate::error::Error;
use crate::frame::request::{Decoded, Decoder};
use crate::limits::Limits;
use crate::store::{Answer, Store, Ticket};

mod buffer;
mod pipeline;
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
/// pipeline go on, so that all that miss are asked for together; their replies are held back. Any
/// other command waits until nothing waits, and nothing passes it while it waits itself.
///
/// # Memory
///
/// Requests are handled in the bytes given to `receive`; only what cannot be handled yet is
/// copied. An idle session keeps no input and little output. What it can be made to hold is
/// bounded by its [`Limits`].
#[derive(Debug)]
pub struct Session {
    limits: Arc<Limits>,
    /// What could not be handled yet; begins where a request begins.
    input: Buffer,
    decoder: Decoder,
    pipeline: Pipeline,
    pause: Pause,
}

/// Why no further request runs at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// None has arrived whole.
    Input,
    /// One that waits has to be answered first.
    Answer,
    /// Some output has to be sent first.
    Output,
    /// None ever will.
    Ended,
}

impl Session {
    /// A session that has received nothing. `id` is what `CLIENT ID` answers: unique, above zero.
    pub fn new(id: u64, limits: Arc<Limits>) -> Self {
        Self {
            input: Buffer::default(),
            decoder: Decoder::default(),
            pipeline: Pipeline::new(id, Arc::clone(&limits)),
            pause: Pause::Input,
            limits,
        }
    }

    /// The number it was made with.
    pub fn id(&self) -> u64 {
        self.pipeline.client.id
    }

    /// Takes bytes from the client and runs the requests that they complete.
    ///
    /// All of `bytes` is taken, whatever [`wants_input`](Self::wants_input) says; after the
    /// session has begun to end they are discarded. `now_unix_ms` is the wall clock in
    /// milliseconds, by which `EXAT` and `PXAT` are read.
    pub fn receive(&mut self, bytes: &[u8], now_unix_ms: u64, store: &mut dyn Store) {
        if self.pipeline.ending() != Ending::Open {
            return;
        }
        if self.input.is_empty() {
            let used = self.run(bytes, now_unix_ms, store);
            self.input.extend(&bytes[used..]);
        } else {
            self.input.extend(bytes);
            self.advance(now_unix_ms, store);
        }
    }

    /// Takes the store's answer to a question. One that is not open is ignored.
    ///
    /// Call [`advance`](Self::advance) afterwards.
    pub fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.pipeline.answer(ticket, answer);
    }

    /// Runs buffered requests that may run by now. Costs next to nothing when there are none.
    pub fn advance(&mut self, now_unix_ms: u64, store: &mut dyn Store) {
        if self.input.is_empty() {
            return;
        }
        let mut input = mem::take(&mut self.input);
        let used = self.run(input.unread(), now_unix_ms, store);
        input.consume(used, 0);
        self.input = input;
    }

    /// What is to be sent to the client.
    pub fn output(&self) -> &[u8] {
        self.pipeline.output()
    }

    /// Says that the first `count` bytes of [`output`](Self::output) have been sent.
    pub fn sent(&mut self, count: usize) {
        self.pipeline.sent(count);
    }

    /// Whether to read from the client. False once the session ends, while it takes too little
    /// of its output, and while too much input is held up.
    pub fn wants_input(&self) -> bool {
        let held_up = self.pause != Pause::Input;
        self.pipeline.ending() == Ending::Open
            && !self.pipeline.is_high()
            && !(held_up && self.input.len() >= self.limits.backlog_bytes_max)
    }

    /// Says that the client will send no more. What it has sent whole is still answered.
    pub fn end_of_input(&mut self) {
        self.pipeline.end(Ending::AfterInput);
    }

    /// Ends from this side: takes no more, answers what has arrived whole, then finishes.
    pub fn drain(&mut self) {
        self.pipeline.end(Ending::AfterInput);
    }

    /// Whether requests are buffered that [`advance`](Self::advance) may be able to run.
    pub fn is_held_up(&self) -> bool {
        !self.input.is_empty() && matches!(self.pause, Pause::Answer | Pause::Output)
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
        self.pause = loop {
            let rest = &input[used..];
            if let Some(pause) = self.pause_before(rest) {
                break pause;
            }
            let length = match self.decoder.decode(rest, &self.limits) {
                Ok(Decoded::Request(length)) => length,
                Ok(Decoded::Incomplete) => break Pause::Input,
                Err(error) => {
                    self.pipeline.refuse(&Error::plain(error.to_string()));
                    self.pipeline.end(Ending::Now);
                    break Pause::Ended;
                }
            };
            // Of this request alone: what has to wait keeps a copy of it.
            let args = self.decoder.args(&rest[..length]);
            if !args.is_empty() && self.pipeline.serve(args, now_unix_ms, store) == Served::Barred {
                break Pause::Answer;
            }
            self.decoder.advance();
            used += length;
        };
        match self.pause {
            Pause::Ended => input.len(),
            _ => used,
        }
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
