//! Requests on one side, replies in their order on the other.

use std::mem;
use std::sync::Arc;

use crate::args::Args;
use crate::client::Client;
use crate::command::{Command, Context, Stop, resolve};
use crate::error::Error;
use crate::frame::Out;
use crate::limits::Limits;
use crate::session::buffer::Buffer;
use crate::session::waiting::Waiting;
use crate::store::{Answer, Store, Ticket};

/// What an empty output buffer keeps for the next replies.
const OUTPUT_BYTES_KEPT: usize = 1024;

/// Runs requests and keeps their replies in order.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) client: Client,
    limits: Arc<Limits>,
    output: Buffer,
    waiting: Waiting,
    ending: Ending,
}

/// Whether the session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// For as long as the client likes.
    Open,
    /// Until every complete request that has arrived is answered.
    AfterInput,
    /// Until what waits is answered; no further request runs.
    Now,
}

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// It is answered, or waits for its answer.
    Taken,
    /// It must not run before what waits is answered.
    Barred,
}

impl Pipeline {
    pub(crate) fn new(id: u64, limits: Arc<Limits>) -> Self {
        Self {
            client: Client::new(id),
            limits,
            output: Buffer::default(),
            waiting: Waiting::default(),
            ending: Ending::Open,
        }
    }

    /// Runs a request, unless what waits bars it: only reads pass, and only reads.
    pub(crate) fn serve(
        &mut self,
        args: Args<'_>,
        now_unix_ms: u64,
        store: &mut dyn Store,
    ) -> Served {
        match resolve(&args) {
            Ok(command) if !self.may_run(command) => return Served::Barred,
            Ok(command) => self.run(command, args, now_unix_ms, store),
            // A browser was made to post to this port: nothing in the body is to run.
            Err(_) if args.is(0, "post") || args.is(0, "host:") => self.end(Ending::Now),
            Err(error) => self.refuse(&error),
        }
        Served::Taken
    }

    /// Writes an error reply in its turn.
    pub(crate) fn refuse(&mut self, error: &Error) {
        self.write(|_, out| {
            out.error(error);
        });
    }

    /// Runs the request under `ticket` again, with its answer.
    pub(crate) fn answer(&mut self, ticket: Ticket, answer: Answer) {
        let Some(question) = self.waiting.take(ticket) else {
            return;
        };
        let bytes_max = self.limits.output_bytes_max;
        let (output, gone) = self.output.appendable();
        // Nothing is before the first: its reply needs no place of its own.
        let (mut reply, bytes_max) = match self.waiting.is_first(ticket) {
            true => (mem::take(output), bytes_max.saturating_add(gone)),
            false => (Vec::new(), bytes_max),
        };
        let mark = reply.len();
        let mut out = Out::new(&mut reply, self.client.protocol, bytes_max);
        let mut context = Context::arrived(answer, &mut self.client, question.now_unix_ms);
        match (question.command.run)(&question.args.args(), &mut context, &mut out) {
            Ok(()) => {}
            Err(Stop::Error(error)) => out.replace(mark, &error),
            Err(Stop::Quit) => self.ending = Ending::Now,
            Err(Stop::Fetch | Stop::Asked) => out.replace(mark, &Context::unfit()),
        }
        let full = out.is_full();
        match self.waiting.is_first(ticket) {
            true => *output = reply,
            false => self.waiting.hold(ticket, reply),
        }
        self.waiting.release(output);
        self.end_if_over(full);
    }

    pub(crate) fn output(&self) -> &[u8] {
        self.output.unread()
    }

    pub(crate) fn sent(&mut self, count: usize) {
        self.output.consume(count, OUTPUT_BYTES_KEPT);
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether as many requests wait as may.
    pub(crate) fn is_crowded(&self) -> bool {
        self.waiting.len() >= self.limits.waiting_max
    }

    /// Whether so much is held for the client that it has to take some first.
    pub(crate) fn is_high(&self) -> bool {
        self.held() > self.limits.output_bytes_high
    }

    pub(crate) fn ending(&self) -> Ending {
        self.ending
    }

    /// Ends, unless it ends sooner already.
    pub(crate) fn end(&mut self, ending: Ending) {
        if self.ending != Ending::Now {
            self.ending = ending;
        }
    }

    fn may_run(&self, command: &Command) -> bool {
        self.waiting.last().is_none_or(|last| last.is_read() && command.is_read())
    }

    fn run(
        &mut self,
        command: &'static Command,
        args: Args<'_>,
        now_unix_ms: u64,
        store: &mut dyn Store,
    ) {
        let ticket = self.waiting.next_ticket();
        let (stop, mode) = self.write(|client, out| {
            let mark = out.mark();
            let mut context = Context::asking(store, ticket, client, now_unix_ms);
            let stop = (command.run)(&args, &mut context, out).err();
            match &stop {
                Some(Stop::Error(error)) => out.replace(mark, error),
                Some(Stop::Fetch | Stop::Asked) => out.rewind(mark),
                Some(Stop::Quit) | None => {}
            }
            (stop, context.mode)
        });
        if self.ending == Ending::Now {
            return;
        }
        match stop {
            Some(Stop::Quit) => self.end(Ending::Now),
            Some(Stop::Asked) => self.waiting.push(command, args, now_unix_ms),
            Some(Stop::Fetch) => {
                self.waiting.push(command, args, now_unix_ms);
                store.fetch(ticket, &mut command.keys(args), mode);
            }
            Some(Stop::Error(_)) | None => {}
        }
    }

    /// Writes where the next reply belongs: behind what waits, or straight to the output.
    fn write<T>(&mut self, write: impl FnOnce(&mut Client, &mut Out<'_>) -> T) -> T {
        let bytes_max = self.limits.output_bytes_max;
        let (buffer, held, bytes_max) = match self.waiting.last_replies() {
            Some(replies) => (replies, true, bytes_max),
            None => {
                let (output, gone) = self.output.appendable();
                (output, false, bytes_max.saturating_add(gone))
            }
        };
        let before = buffer.len();
        let mut out = Out::new(buffer, self.client.protocol, bytes_max);
        let written = write(&mut self.client, &mut out);
        let full = out.is_full();
        if held {
            let grown = buffer.len() - before;
            self.waiting.grew(grown);
        }
        self.end_if_over(full);
        written
    }

    fn held(&self) -> usize {
        self.output.len() + self.waiting.bytes()
    }

    /// A client that takes nothing is let go, and what was held for it with it.
    fn end_if_over(&mut self, full: bool) {
        if full || self.held() > self.limits.output_bytes_max {
            self.ending = Ending::Now;
            self.output = Buffer::default();
            self.waiting.clear();
        }
    }
}
