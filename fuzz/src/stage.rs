//! Clients of one hub over one store, driven by a script as a server would drive them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

use larder_protocol::frame::{Frame, decode};
use larder_protocol::hub::{Arrival, Cause, Change, Hub};
use larder_protocol::store::{Answer, Ticket};
use larder_protocol::{Limits, Session};

use crate::memory::{Memory, Pace};
use crate::script::{CLIENTS, Deed, Order, Step, encoded};

/// More turns than any step takes.
const TURNS_MAX: usize = 10_000;

/// Small enough for a script to reach every one.
pub fn limits() -> Limits {
    Limits {
        bulk_bytes_max: 2 << 10,
        arguments_max: 64,
        inline_bytes_max: 512,
        nesting_max: 8,
        input_bytes_max: 8 << 10,
        backlog_bytes_max: 1 << 10,
        output_bytes_high: 4 << 10,
        output_bytes_max: 256 << 10,
        waiting_max: 8,
        transaction_bytes_max: 2 << 10,
        subscriptions_max: 8,
        watches_max: 8,
        mail_bytes_max: 2 << 10,
        tracked_keys_max: 8,
        sessions_bytes_max: 300 << 10,
        request_timeout_ms: Some(30_000),
        idle_timeout_ms: Some(60_000),
    }
}

/// A hub with its clients and their store.
pub struct Stage {
    pub hub: Arc<Hub>,
    pub store: Memory,
    seats: [Option<Client>; CLIENTS],
    /// The clients that were here, for what they were told.
    gone: Vec<Client>,
    joined: u64,
    now_unix_ms: u64,
}

/// A client, and what it makes of its replies.
pub struct Client {
    /// `None` once it is closed.
    session: Option<Session>,
    id: u64,
    bell: Arc<Bell>,
    /// What the server has not read yet.
    inbox: Vec<u8>,
    is_ending: bool,
    is_stalled: bool,
    /// The beginning of a frame.
    partial: Vec<u8>,
    /// What it has asked, if it has asked in whole requests only.
    pub requests: Option<Vec<Vec<Vec<u8>>>>,
    /// What it was told.
    pub frames: Vec<Frame>,
}

/// Rings when a session has to be looked after.
#[derive(Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Stage {
    pub fn new(limits: Limits) -> Self {
        let hub = Hub::new(limits);
        Self {
            store: Memory::new(hub.clone(), Pace::Now),
            hub,
            seats: Default::default(),
            gone: Vec::new(),
            joined: 0,
            now_unix_ms: 1_000_000,
        }
    }

    /// Does one step, and all that follows from it.
    pub fn step(&mut self, step: Step) {
        match step {
            Step::Client(seat, deed) => self.act(seat, deed),
            Step::Store(Order::Now) => self.store.pace = Pace::Now,
            Step::Store(Order::Later) => self.store.pace = Pace::Later,
            Step::Store(Order::Answer(place)) => {
                let answered = self.store.answer(place);
                self.hand_over(answered);
            }
            Step::Store(Order::Fail(place)) => {
                let failed = self.store.fail(place);
                self.hand_over(failed);
            }
            Step::Tick(ms) => self.pass(ms),
            Step::Changed(key) => self.change(&key, Cause::Invalidated),
            Step::Evicted(key) => self.change(&key, Cause::Evicted),
            Step::Cleared => self.hub.cleared(None),
        }
        self.settle();
    }

    /// Answers all that waits and has every client take what it is told.
    pub fn finish(&mut self) {
        self.answer_all();
        if self.clients().any(Client::is_held_up) {
            // Only a pause holds anybody up by now, and no pause outlives all time.
            self.pass(u64::MAX);
            self.settle();
            self.answer_all();
        }
    }

    /// Ends every client's input.
    pub fn end(&mut self) {
        for seat in 0..CLIENTS {
            if self.seats[seat].is_some() {
                self.act(seat, Deed::End);
            }
        }
        self.settle();
        self.finish();
    }

    /// The clients that are here.
    pub fn clients(&self) -> impl Iterator<Item = &Client> {
        self.seats.iter().flatten()
    }

    /// Every client that ever was, all sessions dropped.
    pub fn leave(&mut self) -> Vec<Client> {
        let seats = self.seats.iter_mut().filter_map(Option::take);
        let mut all: Vec<Client> = self.gone.drain(..).chain(seats).collect();
        all.iter_mut().for_each(|client| client.session = None);
        all
    }

    fn answer_all(&mut self) {
        self.seats.iter_mut().flatten().for_each(|client| client.is_stalled = false);
        self.settle();
        while let Some(answered) = self.store.answer(0) {
            self.hand_over(Some(answered));
            self.settle();
        }
    }

    fn act(&mut self, seat: usize, deed: Deed) {
        let client = self.seats[seat].get_or_insert_with(|| {
            self.joined += 1;
            Client::join(&self.hub, self.joined, self.now_unix_ms)
        });
        match deed {
            Deed::Ask(words) if words.is_empty() || client.is_ending => {}
            Deed::Ask(words) => {
                client.inbox.extend(encoded(&words));
                client.requests.iter_mut().for_each(|requests| requests.push(words.clone()));
            }
            Deed::Send(_) if client.is_ending => {}
            Deed::Send(bytes) => {
                client.inbox.extend(bytes);
                client.requests = None;
            }
            Deed::Stall => client.is_stalled = true,
            Deed::Take(None) => client.is_stalled = false,
            Deed::Take(Some(count)) => client.take(count),
            Deed::End => client.is_ending = true,
            Deed::Drain => {
                // What it has not read by now the server never will.
                client.requests = None;
                client.inbox.clear();
                client.is_ending = true;
                client.session.iter_mut().for_each(Session::drain);
            }
            Deed::Vanish => self.dismiss(seat),
        }
    }

    fn dismiss(&mut self, seat: usize) {
        if let Some(mut client) = self.seats[seat].take() {
            client.session = None;
            self.store.forget(client.id);
            self.gone.push(client);
        }
    }

    fn hand_over(&mut self, answered: Option<(u64, Ticket, Answer)>) {
        let Some((id, ticket, answer)) = answered else { return };
        let asker = self.seats.iter_mut().flatten().find(|client| client.id == id);
        let Some(Client { session: Some(session), .. }) = asker else { return };
        session.answer(ticket, answer);
        self.store.asker = id;
        session.advance(self.now_unix_ms, &mut self.store);
        self.hub.end_turn(id);
    }

    fn pass(&mut self, ms: u64) {
        self.now_unix_ms = self.now_unix_ms.saturating_add(ms);
        self.hub.tick(self.now_unix_ms);
    }

    fn change(&mut self, key: &[u8], cause: Cause) {
        self.hub.changed(&Change { key, database: None, cause, is_copy: true, by: None });
    }

    /// Lets everybody do what they can, until nobody can do anything.
    fn settle(&mut self) {
        for _ in 0..TURNS_MAX {
            let mut is_still = true;
            for seat in 0..CLIENTS {
                let Some(client) = &mut self.seats[seat] else { continue };
                self.store.asker = client.id;
                is_still &= !client.turn(self.now_unix_ms, &mut self.store);
                self.hub.end_turn(client.id);
                assert!(!self.store.is_isolated(), "left isolated");
                if client.is_over() {
                    self.dismiss(seat);
                }
            }
            if is_still {
                return;
            }
        }
        panic!("the sessions never come to rest");
    }
}

impl Client {
    fn join(hub: &Arc<Hub>, id: u64, now_unix_ms: u64) -> Self {
        let bell = Arc::<Bell>::default();
        let waker = Waker::from(bell.clone());
        let arrival = Arrival { waker, now_unix_ms, ..Arrival::default() };
        Self {
            session: Some(hub.join(id, arrival)),
            id,
            bell,
            inbox: Vec::new(),
            is_ending: false,
            is_stalled: false,
            partial: Vec::new(),
            requests: Some(Vec::new()),
            frames: Vec::new(),
        }
    }

    /// How much output waits for it.
    pub fn output_bytes(&self) -> usize {
        self.session.as_ref().map_or(0, |session| session.output().len())
    }

    /// Whether it has been told all that it will be told for now.
    pub fn is_at_rest(&self) -> bool {
        self.session.as_ref().is_none_or(|session| !session.is_waiting() && !session.is_held_up())
    }

    /// Whether what it was told ends in the middle of a frame.
    pub fn is_left_hanging(&self) -> bool {
        !self.partial.is_empty()
    }

    fn is_held_up(&self) -> bool {
        self.session.as_ref().is_some_and(Session::is_held_up)
    }

    fn is_over(&self) -> bool {
        let is_over = |session: &Session| session.is_finished() && session.output().is_empty();
        self.session.as_ref().is_some_and(is_over)
    }

    /// What a driver does for a session that is ready; says whether there was anything.
    fn turn(&mut self, now_unix_ms: u64, store: &mut Memory) -> bool {
        let Some(session) = &mut self.session else { return false };
        let mut is_busy = self.bell.0.swap(false, Ordering::Relaxed);
        if is_busy {
            session.advance(now_unix_ms, store);
        }
        if session.wants_input() && !self.inbox.is_empty() {
            session.receive(&std::mem::take(&mut self.inbox), now_unix_ms, store);
            is_busy = true;
        }
        if session.wants_input() && self.is_ending {
            session.end_of_input();
            session.advance(now_unix_ms, store);
            is_busy = true;
        }
        if !self.is_stalled && !session.output().is_empty() {
            self.take(usize::MAX);
            is_busy = true;
        }
        if let Some(session) = self.session.as_mut().filter(|_| is_busy)
            && session.is_held_up()
        {
            session.advance(now_unix_ms, store);
        }
        is_busy
    }

    fn take(&mut self, count: usize) {
        let Some(session) = &mut self.session else { return };
        let count = count.min(session.output().len());
        self.partial.extend_from_slice(&session.output()[..count]);
        session.sent(count);
        self.read();
    }

    /// Reads the frames that have arrived.
    fn read(&mut self) {
        let mut used = 0;
        while let Some((frame, length)) = next_frame(&self.partial[used..]) {
            self.frames.push(frame);
            used += length;
        }
        self.partial.drain(..used);
    }
}

fn next_frame(bytes: &[u8]) -> Option<(Frame, usize)> {
    match decode(bytes, &Limits::default()) {
        Ok(next) => next,
        Err(error) => panic!("{error} in {:?}", String::from_utf8_lossy(bytes)),
    }
}
