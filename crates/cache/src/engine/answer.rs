//! What a reader is told.

use std::borrow::Cow;
use std::fmt::Debug;

use crate::error::Result;
use crate::trace::Participant::{App, Cache};
use crate::trace::Trace;

/// What a reader is told, with where it comes from.
pub(super) enum Answer<V> {
    /// A fresh copy.
    Hit(Option<V>),
    /// A copy that has expired, which the policy still allows.
    Stale(Option<V>),
    /// No copy, in a cache whose application loads.
    Miss,
    /// What a load came to.
    Loaded(Result<Option<V>>),
}

impl<V> Answer<V> {
    /// The answer without where it comes from.
    pub(super) fn into_result(self) -> Result<Option<V>> {
        match self {
            Answer::Hit(value) | Answer::Stale(value) => Ok(value),
            Answer::Miss => Ok(None),
            Answer::Loaded(loaded) => loaded,
        }
    }

    /// Hands the answer to the application.
    pub(super) fn tell(self, trace: &Option<Trace>, key: &dyn Debug) -> Result<Option<V>> {
        if let Some(trace) = trace {
            trace.send(Cache, App, self.what(), key);
        }
        self.into_result()
    }

    fn what(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Answer::Hit(Some(_)) => "hit",
            Answer::Hit(None) => "hit: absent",
            Answer::Stale(Some(_)) => "stale",
            Answer::Stale(None) => "stale: absent",
            Answer::Miss => "miss",
            Answer::Loaded(Ok(Some(_))) => "value",
            Answer::Loaded(Ok(None)) => "absent",
            Answer::Loaded(Err(error)) => {
                return Cow::Owned(format!("error: {}", error.message()));
            }
        })
    }
}
