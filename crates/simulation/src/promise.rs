//! What larder promises, and what it looks like when a promise is broken.

use std::fmt;

/// One of the promises that stories are checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// Every answer fits into one order of the calls, or is at least not outdated.
    Reads,
    /// What was acknowledged is in the source in the end, or a dead letter.
    Survival,
    /// The source takes the writes of a key in their order.
    Order,
    /// The source takes each write once.
    Once,
    /// What the source refuses for good is kept with its reason.
    Letters,
    /// In the end the cache shows what the source holds.
    Agreement,
    /// The journal is empty in the end.
    Drain,
    /// A process starts on whatever a crash left, and only on that.
    Recovery,
    /// Every call ends, and nothing is left behind by it.
    Progress,
    /// Nothing panics.
    Calm,
}

/// A promise that a story broke, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub promise: Promise,
    /// How.
    pub message: String,
}

/// What a checker says.
pub type Verdict = Result<(), Broken>;

impl Promise {
    /// That it is broken, and how.
    pub fn broken(self, message: impl Into<String>) -> Broken {
        Broken { promise: self, message: message.into() }
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Promise::Reads => "no read is outdated",
            Promise::Survival => "acknowledged writes survive",
            Promise::Order => "writes of a key keep their order",
            Promise::Once => "a write takes effect once",
            Promise::Letters => "dead letters are kept",
            Promise::Agreement => "cache and source agree in the end",
            Promise::Drain => "the journal drains",
            Promise::Recovery => "a process starts on what a crash left",
            Promise::Progress => "every call ends",
            Promise::Calm => "nothing panics",
        })
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.message)
    }
}

impl std::error::Error for Broken {}
