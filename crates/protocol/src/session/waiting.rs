//! The requests of a session that wait for the store, and the replies held back behind them.

use std::collections::VecDeque;

use crate::args::OwnedArgs;
use crate::command::Command;
use crate::store::Ticket;

/// Requests without a reply, oldest first. Tickets are numbers in a row, so each finds its place.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    slots: VecDeque<Slot>,
    first: u64,
    bytes: usize,
    /// How many have been added since the turn began.
    of_this_turn: usize,
}

/// A place in the order of replies.
#[derive(Debug)]
struct Slot {
    command: &'static Command,
    /// `None` once it is answered and waits only for its turn.
    question: Option<Question>,
    /// Its own reply, once there is one, and the replies to what came after it.
    replies: Vec<u8>,
}

/// What is needed to run a request again.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) command: &'static Command,
    pub(crate) args: OwnedArgs,
    /// When it first ran: the second run must decide as the first did.
    pub(crate) now_unix_ms: u64,
    /// What it drew then.
    pub(crate) drawn: Option<u64>,
    /// The client wants no reply to it.
    pub(crate) is_silent: bool,
    /// Its keys are remembered for the client.
    pub(crate) is_tracked: bool,
}

impl Waiting {
    /// The ticket of the next request that waits.
    pub(crate) fn next_ticket(&self) -> Ticket {
        Ticket(self.first + self.slots.len() as u64)
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many bytes are held here.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many bytes it takes to hold those.
    pub(crate) fn upkeep(&self) -> usize {
        self.slots.len() * size_of::<Slot>()
    }

    /// From here on is another turn.
    pub(crate) fn begin_turn(&mut self) {
        self.of_this_turn = 0;
    }

    /// Whether everything that waits came in this turn.
    pub(crate) fn is_of_this_turn(&self) -> bool {
        self.of_this_turn >= self.slots.len()
    }

    /// The last request that waits.
    pub(crate) fn last(&self) -> Option<&'static Command> {
        self.slots.back().map(|slot| slot.command)
    }

    /// Where replies go that come after the last request that waits.
    pub(crate) fn last_replies(&mut self) -> Option<&mut Vec<u8>> {
        self.slots.back_mut().map(|slot| &mut slot.replies)
    }

    /// Notes how much [`last_replies`](Self::last_replies) has grown.
    pub(crate) fn grew(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Adds a request, under [`next_ticket`](Self::next_ticket).
    pub(crate) fn push(&mut self, question: Question) {
        self.bytes += question.args.size();
        self.of_this_turn += 1;
        let command = question.command;
        self.slots.push_back(Slot { command, question: Some(question), replies: Vec::new() });
    }

    /// The question under `ticket`, unless it is answered or forgotten.
    pub(crate) fn take(&mut self, ticket: Ticket) -> Option<Question> {
        let question = self.slot(ticket)?.question.take()?;
        self.bytes -= question.args.size();
        Some(question)
    }

    /// Whether nothing is before `ticket`.
    pub(crate) fn is_first(&self, ticket: Ticket) -> bool {
        ticket.0 == self.first
    }

    /// Puts the reply to `ticket` before the replies that it held back.
    pub(crate) fn hold(&mut self, ticket: Ticket, mut reply: Vec<u8>) {
        self.bytes += reply.len();
        if let Some(slot) = self.slot(ticket) {
            reply.append(&mut slot.replies);
            slot.replies = reply;
        }
    }

    /// Moves to `output` all replies that no unanswered question is before.
    pub(crate) fn release(&mut self, output: &mut Vec<u8>) {
        while let Some(slot) = self.slots.pop_front_if(|slot| slot.question.is_none()) {
            self.first += 1;
            self.bytes -= slot.replies.len();
            output.extend_from_slice(&slot.replies);
        }
        if self.slots.is_empty() {
            self.slots = VecDeque::new();
        }
    }

    /// Forgets all questions; their answers will find nothing.
    pub(crate) fn clear(&mut self) {
        self.first += self.slots.len() as u64;
        self.slots = VecDeque::new();
        self.bytes = 0;
    }

    fn slot(&mut self, ticket: Ticket) -> Option<&mut Slot> {
        let place = usize::try_from(ticket.0.checked_sub(self.first)?).ok()?;
        self.slots.get_mut(place)
    }
}
