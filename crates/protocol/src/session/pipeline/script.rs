//! A transaction that runs: its requests one after the other, apart or as a whole.
//!
//! Apart, each request is as atomic as on its own, and its reply goes out with it. As a whole, the
//! store first makes sure of all keys, then answers every request at once from what the transaction
//! has come to so far, and in the end carries all of it out together. The replies are kept until that
//! has succeeded; if it fails, the error is the one reply to `EXEC`.

use std::vec;

use super::{Ending, Pipeline};
use crate::args::OwnedArgs;
use crate::client::Queued;
use crate::command::{Command, Context, Stop, has_changed};
use crate::error::Error;
use crate::session::admission;
use crate::session::waiting::Question;
use crate::store::{Answer, Begun, Later, Mode, Store, Terms};

/// The rest of a transaction, and the command that runs it.
#[derive(Debug)]
pub(super) struct Script {
    requests: vec::IntoIter<Queued>,
    /// What they took at the beginning.
    bytes: usize,
    command: &'static Command,
    stage: Stage,
    /// The replies, while they are kept.
    replies: Vec<u8>,
    /// The client wants no reply to it.
    is_silent: bool,
}

/// How far a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its requests run apart.
    Apart,
    /// The store makes sure of its keys.
    Beginning,
    /// The store has; nothing has run yet.
    Begun,
    /// Its requests run as a whole.
    Whole,
    /// The store carries out what they came to.
    Committing,
}

impl Script {
    /// How many bytes are held of it.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Its replies, while they are kept.
    pub(super) fn replies(&mut self) -> Option<&mut Vec<u8>> {
        (self.stage == Stage::Whole).then_some(&mut self.replies)
    }

    /// How many bytes of replies are kept.
    pub(super) fn replies_bytes(&self) -> usize {
        self.replies.len()
    }

    /// Whether the store is asked on behalf of the transaction, and for none of its requests.
    pub(super) fn asks(&self) -> bool {
        matches!(self.stage, Stage::Beginning | Stage::Committing)
    }

    /// Whether what its requests write is still to be carried out.
    pub(super) fn is_whole(&self) -> bool {
        self.stage == Stage::Whole
    }

    /// Whether all of its requests have run, at this stage.
    fn is_through(&self, stage: Stage) -> bool {
        self.stage == stage && self.requests.len() == 0
    }
}

impl Pipeline {
    /// Begins a transaction, as a whole if the store can.
    pub(super) fn begin(
        &mut self,
        command: &'static Command,
        requests: Vec<Queued>,
        now_unix_ms: u64,
        store: &mut dyn Store,
    ) {
        let (ticket, terms) = (self.waiting.next_ticket(), self.terms_of(&requests));
        let mut keys = requests.iter().flat_map(|queued| queued.command.keys(queued.args.args()));
        let mut watched = self.client.watched.iter().map(|watched| &*watched.key);
        let begun = store.begin(ticket, terms, &mut keys, &mut watched);
        drop(keys);
        let (is_silent, length) = (self.is_silent(), requests.len());
        let bytes = requests.iter().map(Queued::size).sum();
        let (requests, stage, replies) = (requests.into_iter(), Stage::Apart, Vec::new());
        self.script = Some(Script { requests, bytes, command, stage, replies, is_silent });
        match begun {
            Ok(Begun::Apart) => {
                self.hub.unwatch(&mut self.client);
                self.head(length);
            }
            Ok(Begun::Whole) => self.wait_at(Stage::Beginning, now_unix_ms),
            Err(error) => self.end_script(Err(error)),
        }
    }

    /// Goes on with a transaction that runs; says whether it is over.
    pub(crate) fn go_on(&mut self, now_unix_ms: u64, store: &mut dyn Store) -> bool {
        if self.script.is_none() {
            return true;
        }
        store.isolate();
        self.play(now_unix_ms, store);
        store.release();
        self.script.is_none()
    }

    /// Runs what may run of a transaction.
    pub(super) fn play(&mut self, now_unix_ms: u64, store: &mut dyn Store) {
        self.open(now_unix_ms, store);
        while let Some(Queued { command, args }) = self.next_of_script() {
            match admission::readmit(command, &args.args(), &self.client, &self.hub, now_unix_ms) {
                Err(error) => self.refuse(&error),
                Ok(()) => self.run(command, args.args(), now_unix_ms, store),
            }
        }
        let through = |stage| move |script: &mut Script| script.is_through(stage);
        // What comes after the last request waits for that one's reply by itself.
        if let Some(script) = self.script.take_if(through(Stage::Apart)) {
            self.end_request(script.command);
        } else if self.script.as_mut().is_some_and(through(Stage::Whole)) {
            self.commit(now_unix_ms, store);
        }
    }

    /// Takes the store's answer to the transaction.
    pub(super) fn answer_script(&mut self, answer: Answer) {
        let (output, _) = self.output.appendable();
        self.waiting.release(output);
        let Some(script) = &mut self.script else { return };
        match (answer, script.stage) {
            (Answer::Outcome(Ok(_)), Stage::Beginning) => script.stage = Stage::Begun,
            (Answer::Outcome(Ok(_)), Stage::Committing) => self.end_script(Ok(())),
            (Answer::Outcome(Err(error)), _) => self.end_script(Err(error)),
            _ => self.end_script(Err(Context::unfit())),
        }
    }

    /// Each request of a transaction waits for the one before it.
    fn next_of_script(&mut self) -> Option<Queued> {
        let may_run = self.waiting.is_empty() && self.ending != Ending::Now;
        let script = self.script.as_mut().filter(|_| may_run)?;
        match script.stage {
            Stage::Apart | Stage::Whole => script.requests.next(),
            Stage::Beginning | Stage::Begun | Stage::Committing => None,
        }
    }

    /// Looks once more at what is watched, now that the keys are the transaction's.
    fn open(&mut self, now_unix_ms: u64, store: &mut dyn Store) {
        let begun = |script: &&mut Script| script.stage == Stage::Begun;
        let Some(script) = self.script.as_mut().filter(begun) else { return };
        script.stage = Stage::Whole;
        let length = script.requests.len();
        let ticket = self.waiting.next_ticket();
        let mut context = Context::asking(store, ticket, &mut self.client, &self.hub, now_unix_ms);
        let changed = has_changed(&mut context);
        drop(context);
        self.hub.unwatch(&mut self.client);
        match changed {
            Ok(false) => self.head(length),
            Ok(true) => {
                store.abandon();
                if let Some(script) = &mut self.script {
                    script.requests = Vec::new().into_iter();
                    script.stage = Stage::Apart;
                }
                if !self.is_silent() {
                    self.write(|_, _, out| out.null_array());
                }
            }
            Err(Stop::Error(error)) => {
                store.abandon();
                self.end_script(Err(error));
            }
            Err(_) => {
                store.abandon();
                self.end_script(Err(Context::unfit()));
            }
        }
    }

    fn commit(&mut self, now_unix_ms: u64, store: &mut dyn Store) {
        match store.commit(self.waiting.next_ticket()) {
            Ok(Ok(())) => self.end_script(Ok(())),
            Ok(Err(Later)) => self.wait_at(Stage::Committing, now_unix_ms),
            Err(error) => self.end_script(Err(error)),
        }
    }

    /// Keeps the place of the transaction's reply until the store has answered.
    fn wait_at(&mut self, stage: Stage, now_unix_ms: u64) {
        let Some(script) = &mut self.script else { return };
        script.stage = stage;
        self.waiting.push(Question {
            command: script.command,
            args: OwnedArgs::default(),
            now_unix_ms,
            drawn: None,
            is_silent: script.is_silent,
            is_tracked: false,
        });
    }

    /// Begins the reply to `EXEC`.
    fn head(&mut self, length: usize) {
        if !self.is_silent() {
            self.write(|_, _, out| out.array(length));
        }
    }

    /// Ends a transaction with the replies that were kept, or with an error in their place.
    fn end_script(&mut self, outcome: Result<(), Error>) {
        let Some(script) = self.script.take() else { return };
        self.hub.unwatch(&mut self.client);
        if let Err(error) = &outcome {
            self.hub.counts.failed(script.command, error);
        }
        self.write(|_, _, out| match outcome {
            Ok(()) => out.written(&script.replies),
            Err(_) if script.is_silent => {}
            Err(error) => out.error(&error),
        });
        self.end_request(script.command);
    }

    /// The terms on which the keys of a transaction are asked for.
    fn terms_of(&self, requests: &[Queued]) -> Terms {
        let bytes = requests.iter().map(Queued::size).sum();
        let (database, touch) = (self.client.database, !self.client.no_touch);
        Terms { database, touch, mode: Mode::Plain, bytes }
    }
}
