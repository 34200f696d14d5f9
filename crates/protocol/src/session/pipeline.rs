//! Requests on one side, replies in their order on the other.

mod script;

use std::mem;
use std::sync::Arc;

use crate::args::Args;
use crate::client::{Client, Replies};
use crate::command::{Command, Context, Stop, flag, named_by, resolve};
use crate::error::Error;
use crate::frame::Out;
use crate::hub::{Card, Hub, Paused, Push};
use crate::session::admission;
use crate::session::buffer::Buffer;
use crate::session::waiting::{Question, Waiting};
use crate::store::{Answer, Store, Ticket};

use script::Script;

/// What an empty output buffer keeps for the next replies.
const OUTPUT_BYTES_KEPT: usize = 1024;

/// Runs requests and keeps their replies in order.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) client: Client,
    hub: Arc<Hub>,
    output: Buffer,
    waiting: Waiting,
    /// A transaction that runs; nothing else does meanwhile.
    script: Option<Script>,
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
    /// It must not run before the pause of all clients is over.
    Paused,
}

impl Pipeline {
    pub(crate) fn new(hub: Arc<Hub>, card: Arc<Card>) -> Self {
        Self {
            client: Client::new(card, &hub.users),
            hub,
            output: Buffer::default(),
            waiting: Waiting::default(),
            script: None,
            ending: Ending::Open,
        }
    }

    /// From here on, requests have arrived together, until the next call: writes among them may be
    /// asked for together.
    pub(crate) fn begin_turn(&mut self) {
        self.waiting.begin_turn();
    }

    /// Runs a request, unless what waits bars it: reads pass reads, and writes of one key pass such
    /// writes that arrived with them.
    pub(crate) fn serve(
        &mut self,
        args: Args<'_>,
        now_unix_ms: u64,
        store: &mut dyn Store,
    ) -> Served {
        let command = match resolve(&args) {
            Ok(command) => command,
            // A browser was made to post to this port: nothing in the body is to run.
            Err(_) if args.is(0, "post") || args.is(0, "host:") => {
                self.cut();
                return Served::Taken;
            }
            Err(error) => {
                self.reject(named_by(&args), &error);
                return Served::Taken;
            }
        };
        if !self.may_run(command) {
            return Served::Barred;
        }
        if self.is_paused(command, now_unix_ms) {
            return Served::Paused;
        }
        match admission::admit(command, &args, &self.client, &self.hub, now_unix_ms) {
            Err(error) => self.reject(Some(command), &error),
            Ok(()) if self.is_queued(command) => self.queue(command, args),
            Ok(()) if command.flags & flag::ISOLATED != 0 => {
                // From the look at what is watched to the last request nothing may come between.
                store.isolate();
                self.run(command, args, now_unix_ms, store);
                self.play(now_unix_ms, store);
                store.release();
            }
            Ok(()) => self.run(command, args, now_unix_ms, store),
        }
        Served::Taken
    }

    /// Refuses a request before it runs. A transaction that misses one does not run either.
    fn reject(&mut self, command: Option<&Command>, error: &Error) {
        match command {
            Some(command) if command.name == "exec" => return self.abort(command, error),
            Some(command) => self.hub.counts.rejected(command, error),
            None => self.hub.counts.answered(error),
        }
        if let Some(transaction) = &mut self.client.transaction {
            transaction.is_refused = true;
        }
        self.refuse(error);
    }

    /// Refuses the `EXEC` itself, which discards what it was to run.
    fn abort(&mut self, exec: &Command, error: &Error) {
        self.client.transaction = None;
        self.hub.unwatch(&mut self.client);
        let reason = match error.code {
            "ERR" => error.text().into_owned(),
            _ => error.to_string(),
        };
        let text = format!("Transaction discarded because of: {reason}");
        let error = Error::new("EXECABORT", text);
        self.hub.counts.rejected(exec, &error);
        self.refuse(&error);
    }

    /// Writes an error reply in its turn.
    pub(crate) fn refuse(&mut self, error: &Error) {
        let is_silent = self.is_silent();
        self.write(|_, _, out| {
            if !is_silent {
                out.error(error);
            }
        });
        if self.script.is_none() {
            self.next_reply();
        }
    }

    /// Runs the request under `ticket` again, with its answer.
    pub(crate) fn answer(&mut self, ticket: Ticket, answer: Answer) {
        let Some(question) = self.waiting.take(ticket) else {
            return;
        };
        if self.script.as_ref().is_some_and(Script::asks) {
            return self.answer_script(answer);
        }
        let bytes_max = self.hub.limits.output_bytes_max;
        let (output, gone) = self.output.appendable();
        // Nothing is before the first: its reply needs no place of its own.
        let (mut reply, bytes_max) = match self.waiting.is_first(ticket) {
            true => (mem::take(output), bytes_max.saturating_add(gone)),
            false => (Vec::new(), bytes_max),
        };
        let mark = reply.len();
        let mut out = Out::new(&mut reply, self.client.protocol, bytes_max);
        let mut context =
            Context::arrived(answer, &mut self.client, &self.hub, question.now_unix_ms);
        context.drawn = question.drawn;
        match (question.command.run)(&question.args.args(), &mut context, &mut out) {
            Ok(()) => {}
            Err(Stop::Error(error)) => {
                self.hub.counts.failed(question.command, &error);
                out.replace(mark, &error);
            }
            Err(Stop::Quit) => self.ending = Ending::Now,
            Err(_) => out.replace(mark, &Context::unfit()),
        }
        if question.is_silent {
            out.rewind(mark);
        }
        let full = out.is_full();
        match self.waiting.is_first(ticket) {
            true => *output = reply,
            false => self.waiting.hold(ticket, reply),
        }
        self.waiting.release(output);
        if question.is_tracked {
            self.settle(question.command, question.args.args());
        }
        self.end_if_over(full);
    }

    /// Writes what others have left for the client, unless a transaction's replies are being
    /// written. A client that takes too little of its output does not take this either: it stays
    /// in the mail, which has a bound of its own.
    pub(crate) fn collect_mail(&mut self) {
        self.heed_end();
        if self.script.is_some() || self.is_high() || !self.client.card.has_mail() {
            return;
        }
        for push in self.client.card.collect() {
            if let (Push::RedirectBroken(_), Some(tracking)) = (&push, &mut self.client.tracking) {
                tracking.is_broken = true;
            }
            self.write(|client, _, out| out.push_message(&push, client));
        }
    }

    /// Ends if somebody or something has put an end to the session.
    pub(crate) fn heed_end(&mut self) {
        if self.client.card.is_ended() {
            self.cut();
        }
    }

    pub(crate) fn output(&self) -> &[u8] {
        self.output.unread()
    }

    pub(crate) fn sent(&mut self, count: usize) {
        self.output.consume(count, OUTPUT_BYTES_KEPT);
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty() || self.script.is_some()
    }

    /// Whether a transaction is running.
    pub(crate) fn is_scripted(&self) -> bool {
        self.script.is_some()
    }

    /// Whether as many requests wait as may.
    pub(crate) fn is_crowded(&self) -> bool {
        self.waiting.len() >= self.hub.limits.waiting_max
    }

    /// Whether so much is held for the client that it has to take some first.
    pub(crate) fn is_high(&self) -> bool {
        self.held() > self.hub.limits.output_bytes_high
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

    /// How many bytes are held for the client.
    pub(crate) fn held(&self) -> usize {
        let kept = self.script.as_ref().map_or(0, Script::replies_bytes);
        self.output.len() + self.waiting.bytes() + kept
    }

    /// As [`held`](Self::held), with what it takes to hold them.
    pub(crate) fn bytes(&self) -> usize {
        self.held() + self.waiting.upkeep()
    }

    /// How many bytes of a transaction are held that is being queued, or is running.
    pub(crate) fn queued_bytes(&self) -> usize {
        let queued = self.client.transaction.as_ref().map_or(0, |transaction| transaction.bytes);
        queued + self.script.as_ref().map_or(0, Script::bytes)
    }

    fn may_run(&self, command: &Command) -> bool {
        let Some(last) = self.waiting.last() else { return true };
        let joins = last.joins() && command.joins() && self.waiting.is_of_this_turn();
        joins || last.is_read() && command.is_read()
    }

    fn is_paused(&self, command: &Command, now_unix_ms: u64) -> bool {
        let Some(paused) = self.hub.pause.at(now_unix_ms) else { return false };
        paused == Paused::All && !command.ends_pause() || command.may_write(&self.client)
    }

    fn is_queued(&self, command: &Command) -> bool {
        self.client.transaction.is_some() && !command.runs_in_transaction()
    }

    fn queue(&mut self, command: &'static Command, args: Args<'_>) {
        let Some(transaction) = &mut self.client.transaction else { return };
        if !transaction.queue(command, args, self.hub.limits.transaction_bytes_max) {
            let text = "the transaction has more bytes than limits.transaction_bytes_max allows: \
                        send it in parts";
            return self.reject(Some(command), &Error::plain(text));
        }
        let is_silent = self.is_silent();
        self.write(|_, _, out| {
            if !is_silent {
                out.simple("QUEUED");
            }
        });
        self.next_reply();
    }

    fn run(
        &mut self,
        command: &'static Command,
        args: Args<'_>,
        now_unix_ms: u64,
        store: &mut dyn Store,
    ) {
        self.client.last_command = command.name;
        let is_tracked = command.is_read() && self.client.remembers_reads();
        if is_tracked {
            self.ask(command, args);
        }
        let is_silent = self.is_silent();
        let ticket = self.waiting.next_ticket();
        let (stop, terms, drawn) = self.write(|client, hub, out| {
            let mark = out.mark();
            let touch = command.flags & flag::NO_TOUCH == 0 && !client.no_touch;
            let mut context = Context::asking(store, ticket, client, hub, now_unix_ms);
            context.touch = touch;
            context.bytes = args.size();
            let stop = (command.run)(&args, &mut context, out).err();
            let (terms, drawn) = (context.terms(), context.drawn);
            drop(context);
            match &stop {
                Some(Stop::Error(error)) => {
                    hub.counts.failed(command, error);
                    out.replace(mark, error);
                }
                Some(Stop::Fetch | Stop::Asked) => out.rewind(mark),
                Some(Stop::Quit | Stop::Script(_)) | None => {}
            }
            let is_push = stop.is_none() && command.flags & flag::PUSHES != 0;
            // `CLIENT REPLY` is the first to keep to what it says.
            if client.replies.are_kept_back() && !is_push {
                out.rewind(mark);
            }
            (stop, terms, drawn)
        });
        self.hub.counts.ran(command);
        if self.ending == Ending::Now {
            return;
        }
        let question = |args: Args<'_>| Question {
            command,
            args: args.to_owned(),
            now_unix_ms,
            drawn,
            is_silent,
            is_tracked,
        };
        match stop {
            Some(Stop::Asked) => {
                self.announce(command, args);
                self.waiting.push(question(args));
            }
            Some(Stop::Fetch) => {
                self.waiting.push(question(args));
                store.fetch(ticket, terms, &mut command.keys(args));
            }
            other => {
                if is_tracked {
                    self.settle(command, args);
                }
                match other {
                    Some(Stop::Quit) => self.end(Ending::Now),
                    Some(Stop::Script(requests)) => {
                        return self.begin(command, requests, now_unix_ms, store);
                    }
                    None if self.script.as_ref().is_some_and(Script::is_whole) => {
                        self.announce(command, args);
                    }
                    _ => {}
                }
            }
        }
        if self.script.is_none() {
            self.end_request(command);
        }
    }

    /// What a request has chosen for the next one holds from here on. A transaction is one request.
    fn end_request(&mut self, command: &Command) {
        self.next_reply();
        self.client.end_caching(command);
        self.collect_mail();
    }

    /// A write is under way: who watches its keys must not take them for unchanged until it is done.
    fn announce(&self, command: &Command, args: Args<'_>) {
        if command.flags & flag::WRITE != 0 && self.hub.is_listening() {
            command.keys(args).for_each(|key| self.hub.watches.spoil(key));
        }
    }

    /// Before a read: from now on no change of its keys is to be missed.
    fn ask(&self, command: &Command, args: Args<'_>) {
        let keys_max = self.hub.settings.tracked_keys_max(&self.hub.limits);
        let id = self.client.id();
        for key in command.keys(args) {
            self.hub.tracking.ask(id, key, keys_max, &self.hub.clients);
        }
    }

    /// After a read has its reply.
    fn settle(&self, command: &Command, args: Args<'_>) {
        for key in command.keys(args) {
            self.hub.tracking.settle(self.client.id(), key, &self.hub.clients);
        }
    }

    fn is_silent(&self) -> bool {
        self.client.replies.are_kept_back()
    }

    /// A reply was written, or kept back: `CLIENT REPLY SKIP` counts them.
    fn next_reply(&mut self) {
        self.client.replies = match self.client.replies {
            Replies::SkipNext => Replies::SkipThis,
            Replies::SkipThis => Replies::All,
            other => other,
        };
    }

    /// Writes where the next reply belongs: behind what waits, or straight to the output.
    fn write<T>(&mut self, write: impl FnOnce(&mut Client, &Arc<Hub>, &mut Out<'_>) -> T) -> T {
        let bytes_max = self.hub.limits.output_bytes_max;
        let kept = self.script.as_mut().and_then(Script::replies);
        let (buffer, held, bytes_max) = match (kept, self.waiting.last_replies()) {
            (Some(replies), _) => (replies, false, bytes_max),
            (None, Some(replies)) => (replies, true, bytes_max),
            (None, None) => {
                let (output, gone) = self.output.appendable();
                (output, false, bytes_max.saturating_add(gone))
            }
        };
        let before = buffer.len();
        let mut out = Out::new(buffer, self.client.protocol, bytes_max);
        let written = write(&mut self.client, &self.hub, &mut out);
        let full = out.is_full();
        if held {
            let grown = buffer.len() - before;
            self.waiting.grew(grown);
        }
        self.end_if_over(full);
        written
    }

    /// A client that takes nothing is let go, and what was held for it with it.
    fn end_if_over(&mut self, full: bool) {
        if full || self.held() > self.hub.limits.output_bytes_max {
            self.cut();
        }
    }

    /// Ends at once, whatever waits.
    pub(crate) fn cut(&mut self) {
        self.ending = Ending::Now;
        self.output = Buffer::default();
        self.waiting.clear();
        self.script = None;
        self.client.transaction = None;
    }
}
