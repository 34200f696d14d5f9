//! A sequence is played to both servers, and their answers are held against each other.
//!
//! Commands over one connection are sent together as far as the number of their replies is known
//! beforehand. Before the other connection has its turn, all replies are there, so that the order of
//! the commands is the same in both servers. Messages to subscribers come when they come: they are
//! compared at the end.

use std::ops::Range;
use std::thread;
use std::time::Duration;

use super::absent;
use super::connection::{Answer, End, Until};
use super::judge;
use super::pair::{Difference, Outcome, Pair};
use super::reply::Reply;
use super::sequence::{Act, Step, frame, is, name};
use super::side::CONNECTIONS;
use super::walk;

/// Commands after which the number of replies may be another.
const TURNS: [&str; 6] = ["MULTI", "EXEC", "DISCARD", "RESET", "SCAN", "HSCAN"];

/// Commands with a reply for each argument.
pub(super) const SUBSCRIPTIONS: [&str; 4] =
    ["SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE"];

/// Whether messages may come over a connection after such a step.
pub(super) fn listens(step: &Step) -> bool {
    match step.arguments() {
        Some(arguments) => {
            SUBSCRIPTIONS.iter().any(|name| is(arguments, 0, name))
                || name(arguments) == "CLIENT TRACKING"
        }
        None => matches!(step.act, Act::Bytes(_)),
    }
}

/// A sequence that is being played.
pub(super) struct Play<'a> {
    pair: &'a mut Pair,
    steps: &'a [Step],
    /// Of each connection, the queued commands of the transaction that is open there.
    queued: [Option<Vec<usize>>; CONNECTIONS],
    pub(super) outcome: Outcome,
}

/// Steps that are sent together.
struct Batch {
    steps: Range<usize>,
    until: Until,
}

impl<'a> Play<'a> {
    /// A sequence of these steps, of which none is played yet.
    pub(super) fn new(pair: &'a mut Pair, steps: &'a [Step]) -> Self {
        Self { pair, steps, queued: [None, None], outcome: Outcome::default() }
    }

    /// Plays it up to the first difference.
    pub(super) fn run(&mut self) {
        let mut at = 0;
        while at < self.steps.len() && self.outcome.difference.is_none() {
            if let Act::Wait(milliseconds) = self.steps[at].act {
                thread::sleep(Duration::from_millis(milliseconds));
                at += 1;
                continue;
            }
            let batch = self.batch(at);
            at = batch.steps.end;
            self.exchange(&batch);
        }
    }

    /// As many steps as can be sent without looking at replies.
    fn batch(&self, start: usize) -> Batch {
        let connection = self.steps[start].connection;
        let mut end = start;
        while let Some(step) = self.steps.get(end) {
            if step.connection != connection || matches!(step.act, Act::Wait(_)) {
                break;
            }
            end += 1;
            if let Some(until) = self.last(step, end - start) {
                return Batch { steps: start..end, until };
            }
        }
        Batch { steps: start..end, until: Until::Count(end - start) }
    }

    /// How the replies end if this step, the `count`th of a batch, has to be its last.
    fn last(&self, step: &Step, count: usize) -> Option<Until> {
        let arguments = match &step.act {
            Act::Command(arguments) => arguments,
            Act::Bytes(_) => return Some(Until::Fence),
            Act::Last(_) => return Some(Until::Closed),
            Act::Wait(_) => return None,
        };
        let any = |names: &[&str]| names.iter().any(|name| is(arguments, 0, name));
        let queued = self.queued[step.connection].as_deref();
        if is(arguments, 0, "QUIT") {
            return Some(Until::Closed);
        }
        if queued.is_none() && any(&SUBSCRIPTIONS) {
            return Some(Until::Fence);
        }
        let subscribes = |places: &[usize]| places.iter().any(|place| listens(&self.steps[*place]));
        if is(arguments, 0, "EXEC") && queued.is_some_and(subscribes) {
            return Some(Until::Fence);
        }
        any(&TURNS).then_some(Until::Count(count))
    }

    fn exchange(&mut self, batch: &Batch) {
        let steps = &self.steps[batch.steps.clone()];
        let connection = steps[0].connection;
        let hangs_up = steps.iter().any(|step| matches!(step.act, Act::Last(_)));
        for side in [&mut self.pair.redis, &mut self.pair.larder] {
            let bytes = if side.is_redis() { absent::bytes } else { Step::bytes };
            let bytes: Vec<u8> = steps.iter().flat_map(bytes).collect();
            side.send(connection, &bytes, batch.until);
            if hangs_up {
                side.finish(connection);
            }
        }
        let redis = self.pair.redis.receive(connection, batch.until);
        let larder = self.pair.larder.receive(connection, batch.until);
        let (mut redis, mut larder) = (deal(redis, steps.len()), deal(larder, steps.len()));
        absent::restore(steps, &mut redis);
        absent::restore(steps, &mut larder);
        self.walk_on(batch.steps.end - 1, &mut redis, &mut larder);
        for (place, (redis, larder)) in batch.steps.clone().zip(redis.into_iter().zip(larder)) {
            self.compare(place, redis, larder);
            if self.outcome.difference.is_some() {
                return;
            }
        }
    }

    /// Takes the walk that the last step of a batch has begun to its end.
    fn walk_on(&mut self, place: usize, redis: &mut [Answer], larder: &mut [Answer]) {
        let step = &self.steps[place];
        let (Some(arguments), None) = (step.arguments(), &self.queued[step.connection]) else {
            return;
        };
        let answers = [(&mut self.pair.redis, redis), (&mut self.pair.larder, larder)];
        for (side, answers) in answers {
            if let Some(answer) = answers.last_mut() {
                walk::finish(arguments, answer, |next| {
                    side.send(step.connection, &frame(next), Until::Count(1));
                    side.receive(step.connection, Until::Count(1))
                });
            }
        }
    }

    fn compare(&mut self, place: usize, redis: Answer, larder: Answer) {
        let step = &self.steps[place];
        let arguments = step.arguments().unwrap_or_default();
        let ended = self.transaction_ended_by(step);
        let alike = match &ended {
            Some(queued) => judge::transaction_alike(queued, &redis, &larder),
            None => judge::alike(arguments, &redis, &larder),
        };
        self.note(step, &redis, ended.as_deref());
        self.follow(place, &redis);
        if !alike {
            let name = if arguments.is_empty() { "bytes".to_owned() } else { name(arguments) };
            self.outcome.difference = Some(Difference { step: place, name, redis, larder });
        }
    }

    /// The commands of the transaction that a step ends.
    fn transaction_ended_by(&self, step: &Step) -> Option<Vec<&'a [Vec<u8>]>> {
        let arguments = step.arguments()?;
        let queued = self.queued[step.connection].as_ref()?;
        let ends = is(arguments, 0, "EXEC") && arguments.len() == 1;
        ends.then(|| queued.iter().filter_map(|place| self.steps[*place].arguments()).collect())
    }

    /// Counts what Redis answered.
    fn note(&mut self, step: &Step, redis: &Answer, ended: Option<&[&[Vec<u8>]]>) {
        let Some(arguments) = step.arguments() else { return };
        let Some(reply) = redis.replies.first() else { return };
        if !is_queued(reply) {
            self.outcome.answered.push((name(arguments), reply.is_error()));
        }
        for (queued, reply) in ended.into_iter().flatten().zip(reply.items().unwrap_or_default()) {
            self.outcome.answered.push((name(queued), reply.is_error()));
        }
    }

    /// Keeps account of the transaction.
    fn follow(&mut self, place: usize, redis: &Answer) {
        let step = &self.steps[place];
        let queued = &mut self.queued[step.connection];
        if redis.end != End::Complete {
            *queued = None;
        }
        let (Some(arguments), Some(reply)) = (step.arguments(), redis.replies.first()) else {
            return;
        };
        match queued {
            Some(places) if is_queued(reply) => places.push(place),
            Some(_) if ends_transaction(arguments, reply) => *queued = None,
            None if is(arguments, 0, "MULTI") && !reply.is_error() => *queued = Some(Vec::new()),
            _ => {}
        }
    }
}

fn is_queued(reply: &Reply) -> bool {
    reply.kind() == b'+' && reply.text() == Some(b"QUEUED")
}

fn ends_transaction(arguments: &[Vec<u8>], reply: &Reply) -> bool {
    // Also one that is refused: it discards what was queued.
    let exec = is(arguments, 0, "EXEC");
    let other = is(arguments, 0, "DISCARD") || is(arguments, 0, "RESET");
    exec || (other && !reply.is_error())
}

/// One reply for each step but the last, which has all others.
fn deal(answer: Answer, steps: usize) -> Vec<Answer> {
    let mut replies = answer.replies.into_iter();
    let mut answers: Vec<_> = (1..steps)
        .map(|_| {
            let replies: Vec<_> = replies.next().into_iter().collect();
            let end = if replies.is_empty() { answer.end } else { End::Complete };
            Answer { replies, end }
        })
        .collect();
    answers.push(Answer { replies: replies.collect(), end: answer.end });
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Reply {
        Reply::Line(text.as_bytes()[0], text.as_bytes()[1..].into())
    }

    #[test]
    fn the_last_step_has_the_replies_that_are_left() {
        let replies = ["+A", "+B", "+C"].map(line).to_vec();
        let answers = deal(Answer { replies, end: End::Closed }, 2);
        assert_eq!(answers[0], Answer { replies: vec![line("+A")], end: End::Complete });
        assert_eq!(answers[1].replies.len(), 2);
        let answers = deal(Answer { replies: vec![line("+A")], end: End::Closed }, 3);
        assert_eq!(answers[1], Answer { replies: vec![], end: End::Closed });
    }

    #[test]
    fn an_exec_ends_a_transaction_even_if_it_is_refused() {
        let words = |line: &str| line.split(' ').map(|word| word.into()).collect::<Vec<Vec<u8>>>();
        assert!(ends_transaction(&words("exec"), &line("-EXECABORT")));
        assert!(ends_transaction(&words("exec a"), &line("-EXECABORT")));
        assert!(ends_transaction(&words("DISCARD"), &line("+OK")));
        assert!(!ends_transaction(&words("GET a"), &line("-ERR")));
    }
}
