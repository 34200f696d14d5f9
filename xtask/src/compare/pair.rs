//! The two servers, and what a sequence shows of them.

use std::path::PathBuf;

use super::connection::{Answer, End, Until};
use super::judge;
use super::play::{Play, SUBSCRIPTIONS, listens};
use super::sequence::{Sequence, Step, frame, is};
use super::side::{CONNECTIONS, Side};
use crate::failure::Result;

/// Commands that change what later sequences would see, beside the databases.
const LASTING: [&str; 4] = ["ACL", "CONFIG", "CLIENT", "DEBUG"];

/// Commands that change the connection that they come over.
const ABOUT_CONNECTION: [&str; 11] = [
    "MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH", "SELECT", "HELLO", "AUTH", "RESET", "QUIT",
    "READONLY",
];

/// What came of a sequence.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Each command that Redis answered, and whether it was by an error.
    pub(super) answered: Vec<(String, bool)>,
    pub(super) difference: Option<Difference>,
}

/// A step that was answered differently.
#[derive(Debug, Clone)]
pub(super) struct Difference {
    /// Its place in the sequence.
    pub(super) step: usize,
    /// The command, as far as there is one.
    pub(super) name: String,
    pub(super) redis: Answer,
    pub(super) larder: Answer,
}

/// What is held against Redis.
#[derive(Debug, Clone)]
pub(super) enum Subject {
    /// This binary of larder.
    Larder(PathBuf),
    /// Another Redis with these options, which shows whether the comparison can be trusted.
    Redis(&'static [&'static str]),
}

/// The two servers.
pub(super) struct Pair {
    subject: Subject,
    pub(super) redis: Side,
    pub(super) larder: Side,
}

impl Pair {
    /// Starts both servers.
    pub(super) fn start(subject: &Subject) -> Result<Self> {
        let larder = match subject {
            Subject::Larder(binary) => Side::larder(binary)?,
            Subject::Redis(options) => Side::redis(options)?,
        };
        Ok(Self { subject: subject.clone(), redis: Side::redis(&[])?, larder })
    }

    /// Plays a sequence on empty databases, up to the first difference.
    ///
    /// # Errors
    ///
    /// A server does not start.
    pub(super) fn play(&mut self, sequence: &Sequence) -> Result<Outcome> {
        if !(self.redis.empty() && self.larder.empty()) {
            *self = Self::start(&self.subject.clone())?;
        }
        let mut play = Play::new(self, &sequence.steps);
        play.run();
        let mut outcome = play.outcome;
        if outcome.difference.is_none() {
            outcome.difference = self.compare_messages(sequence);
        }
        self.leave(sequence, outcome.difference.is_some());
        Ok(outcome)
    }

    fn compare_messages(&mut self, sequence: &Sequence) -> Option<Difference> {
        let listening = |place: usize| {
            let mut steps = sequence.steps.iter().filter(|step| step.connection == place);
            steps.any(listens)
        };
        let broadcast = |step: &Step| {
            let words = step.arguments().unwrap_or_default();
            (0..words.len()).any(|place| is(words, place, "BCAST"))
        };
        let joined = sequence.steps.iter().any(broadcast);
        let mut places = (0..CONNECTIONS).filter(|place| listening(*place));
        places.find_map(|place| {
            for side in [&mut self.redis, &mut self.larder] {
                // In a transaction the fence would only be queued.
                side.send(place, &frame(&["DISCARD"]), Until::Fence);
                side.receive(place, Until::Fence);
            }
            let redis = self.redis.messages(place, 0);
            let larder = self.larder.messages(place, redis.len());
            (!judge::messages_alike(&redis, &larder, joined)).then(|| Difference {
                step: sequence.steps.len().saturating_sub(1),
                name: "messages".to_owned(),
                redis: Answer { replies: redis, end: End::Complete },
                larder: Answer { replies: larder, end: End::Complete },
            })
        })
    }

    /// Leaves the servers so that the next sequence finds nothing of this one.
    fn leave(&mut self, sequence: &Sequence, different: bool) {
        let any = |names: &[&str]| {
            let first = |step: &Step| {
                let arguments = step.arguments()?;
                Some(names.iter().any(|name| is(arguments, 0, name)))
            };
            sequence.steps.iter().any(|step| first(step).unwrap_or(true))
        };
        let lasting = different || any(&LASTING);
        for side in [&mut self.redis, &mut self.larder] {
            if lasting {
                side.undo();
            } else if any(&ABOUT_CONNECTION) || any(&SUBSCRIPTIONS) {
                (0..CONNECTIONS).for_each(|place| side.close(place));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::script::step;

    fn played(pair: &mut Pair, lines: &str) -> Option<Difference> {
        let steps = lines.lines().map(|line| step(line).unwrap()).collect();
        pair.play(&Sequence { title: String::new(), steps }).unwrap().difference
    }

    #[test]
    fn servers_that_have_ended_are_started_again() {
        let mut pair = Pair::start(&Subject::Redis(&[])).unwrap();
        assert!(played(&mut pair, "SET k v\nSHUTDOWN NOSAVE").is_none());
        assert!(played(&mut pair, "GET k\nSET k v").is_none());
    }

    #[test]
    fn a_sequence_finds_nothing_of_those_before() {
        let mut pair = Pair::start(&Subject::Redis(&[])).unwrap();
        let lasting = "SET k v\nSELECT 3\nMULTI\n2: ACL SETUSER alice on\n2: SUBSCRIBE a";
        assert!(played(&mut pair, lasting).is_none());
        let outcome = |pair: &mut Pair, line: &str| {
            let steps = vec![step(line).unwrap()];
            pair.play(&Sequence { title: String::new(), steps }).unwrap().answered
        };
        // Neither the transaction nor the user is still there.
        assert_eq!(outcome(&mut pair, "EXEC"), [("EXEC".to_owned(), true)]);
        assert_eq!(outcome(&mut pair, "ACL DRYRUN alice PING"), [("ACL DRYRUN".to_owned(), true)]);
    }

    #[test]
    fn messages_that_differ_are_a_difference() {
        let mut pair = Pair::start(&Subject::Redis(&["--notify-keyspace-events", "KEA"])).unwrap();
        let difference = played(&mut pair, "2: PSUBSCRIBE *\nSET k v").unwrap();
        assert_eq!(difference.name, "messages");
        assert_eq!((difference.redis.replies.len(), difference.larder.replies.len()), (0, 2));
    }
}
