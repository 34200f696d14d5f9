//! The service under test: answers each line, in order, with the line itself.
//!
//! Some lines are commands: `slow` is answered by another thread once its gate opens, `big N` by
//! N bytes, `who` by the name that the client has proven, `whence` by which way it came, `where` by
//! `here`, `quit` by `bye` and the end, and `panic` by a panic.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use std::thread;

use larder_server::model::{Arrival, Connection, Identity, Mandate, Service};
use parking_lot::{Condvar, Mutex};

use crate::harness::PATIENCE;

/// A connection takes no more input, and works on none, while it holds this much output.
pub const OUTPUT_MAX: usize = 256 * 1024;

/// What the deputies of its connections are told.
pub const MANDATE: Mandate = Mandate(4711);

/// Opens up to a limit of connections, and counts what they do.
pub struct Echo {
    pub limit: usize,
    pub gate: Arc<Gate>,
}

impl Echo {
    pub fn new(limit: usize) -> Self {
        Self { limit, gate: Arc::default() }
    }
}

impl Service for Echo {
    type Connection = Talk;

    fn connect(&self, waker: Waker, arrival: Arrival) -> Result<Talk, Vec<u8>> {
        self.gate.count(|counts| {
            if counts.open == self.limit {
                return Err(b"full\n".to_vec());
            }
            counts.open += 1;
            Ok(())
        })?;
        Ok(Talk::new(Arc::clone(&self.gate), waker, arrival))
    }

    fn refusal(&self, _: Arrival, reason: &str) -> Vec<u8> {
        format!("refused: {reason}\n").into_bytes()
    }
}

/// Holds slow answers back, and lets a test wait for what it wants to be sure of.
#[derive(Default)]
pub struct Gate {
    counts: Mutex<Counts>,
    changed: Condvar,
}

#[derive(Debug, Default)]
pub struct Counts {
    pub open: usize,
    pub slow: usize,
    pub output_peak: usize,
    released: bool,
}

impl Gate {
    /// Lets every slow answer through, those to come too.
    pub fn release(&self) {
        self.count(|counts| counts.released = true);
    }

    /// Waits until the counts are as wanted.
    pub fn wait(&self, wanted: impl Fn(&Counts) -> bool) {
        let mut counts = self.counts.lock();
        let waited = self.changed.wait_while_for(&mut counts, |counts| !wanted(counts), PATIENCE);
        assert!(!waited.timed_out(), "waited in vain: {counts:?}");
    }

    pub fn output_peak(&self) -> usize {
        self.counts.lock().output_peak
    }

    fn count<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        let changed = change(&mut self.counts.lock());
        self.changed.notify_all();
        changed
    }
}

/// An answer that keeps its place in the order until it has come.
type Answer = Arc<Mutex<Option<Vec<u8>>>>;

pub struct Talk {
    gate: Arc<Gate>,
    waker: Waker,
    arrival: Arrival,
    /// By the client's certificate; empty without one.
    name: Box<str>,
    input: VecDeque<u8>,
    answers: VecDeque<Answer>,
    output: Vec<u8>,
    /// How much of the output was sent.
    sent: usize,
    ending: bool,
}

impl Talk {
    fn new(gate: Arc<Gate>, waker: Waker, arrival: Arrival) -> Self {
        let (input, answers, name) = (VecDeque::new(), VecDeque::new(), Box::default());
        Self {
            gate,
            waker,
            arrival,
            name,
            input,
            answers,
            output: Vec::new(),
            sent: 0,
            ending: false,
        }
    }

    fn proceed(&mut self) {
        self.collect();
        while self.output().len() < OUTPUT_MAX && !self.ending {
            let Some(end) = self.input.iter().position(|&byte| byte == b'\n') else { break };
            let line: Vec<u8> = self.input.drain(..=end).collect();
            self.execute(&line);
            self.collect();
        }
        let length = self.output().len();
        self.gate.count(|counts| counts.output_peak = counts.output_peak.max(length));
    }

    fn execute(&mut self, line: &[u8]) {
        match line.trim_ascii_end() {
            b"panic" => panic!("asked to"),
            b"slow" => self.answer_slowly(),
            b"who" => self.answer(format!("{}\n", self.name).into_bytes()),
            b"where" => self.answer(b"here\n".to_vec()),
            b"whence" => self.answer(described(&self.arrival)),
            b"quit" => {
                self.answer(b"bye\n".to_vec());
                self.ending = true;
            }
            text => match text.strip_prefix(b"big ") {
                Some(size) => self.answer(vec![b'x'; number(size)]),
                None => self.answer(line.to_vec()),
            },
        }
    }

    fn answer(&mut self, answer: Vec<u8>) {
        self.answers.push_back(Arc::new(Mutex::new(Some(answer))));
    }

    fn answer_slowly(&mut self) {
        let answer = Answer::default();
        self.answers.push_back(Arc::clone(&answer));
        let (gate, waker) = (Arc::clone(&self.gate), self.waker.clone());
        gate.count(|counts| counts.slow += 1);
        thread::spawn(move || {
            gate.wait(|counts| counts.released);
            *answer.lock() = Some(b"slow\n".to_vec());
            waker.wake();
        });
    }

    /// Moves the answers that have come, up to the first that has not, to the output.
    fn collect(&mut self) {
        while let Some(answer) = self.answers.front().and_then(|answer| answer.lock().take()) {
            self.output.extend(answer);
            self.answers.pop_front();
        }
    }
}

impl Connection for Talk {
    fn receive(&mut self, bytes: &[u8]) {
        self.input.extend(bytes);
        self.proceed();
    }

    fn resume(&mut self) {
        self.proceed();
    }

    fn output(&self) -> &[u8] {
        &self.output[self.sent..]
    }

    fn sent(&mut self, count: usize) {
        self.sent += count;
        if self.sent == self.output.len() {
            self.output.clear();
            self.sent = 0;
        }
        self.proceed();
    }

    fn wants_input(&self) -> bool {
        !self.ending && self.output().len() < OUTPUT_MAX
    }

    fn identify(&mut self, identity: Identity) {
        self.name = identity.common_name.unwrap_or_default();
    }

    fn end_of_input(&mut self) {
        self.proceed();
        self.ending = true;
    }

    fn drain(&mut self) {
        self.ending = true;
    }

    fn is_finished(&self) -> bool {
        self.ending && self.answers.is_empty()
    }

    fn mandate(&self) -> Option<Mandate> {
        let is_at_rest = self.input.is_empty() && self.answers.is_empty() && !self.ending;
        is_at_rest.then_some(MANDATE)
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.gate.count(|counts| counts.open -= 1);
    }
}

fn described(arrival: &Arrival) -> Vec<u8> {
    let Arrival { listener, peer, local } = arrival;
    format!("{listener} {peer} {local}\n").into_bytes()
}

fn number(digits: &[u8]) -> usize {
    str::from_utf8(digits).unwrap().parse().unwrap()
}
