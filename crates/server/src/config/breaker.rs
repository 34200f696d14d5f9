//! When a source that fails is left alone for a while.

use std::num::NonZeroU32;
use std::time::Duration;

use toml::Spanned;

use super::section::Section;
use super::value::Positive;

const FAILURES: NonZeroU32 = NonZeroU32::new(5).unwrap();
const WAIT: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(30);

/// The circuit breaker of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerConfig {
    /// After so many failures in a row it opens.
    pub failures: NonZeroU32,
    /// For how long it stays open the first time; each further time twice as long.
    pub wait: Duration,
    /// For how long at most.
    pub wait_max: Duration,
}

impl BreakerConfig {
    /// A server has a breaker unless it is switched off; a file has one when it is asked for.
    pub(super) fn read(section: &mut Section<'_, '_>, is_remote: bool) -> Option<Self> {
        let own = section.within("breaker", |section| {
            let enabled = section.take_or("enabled", true);
            let breaker = Self::read_own(section);
            enabled.then_some(breaker)
        });
        own.unwrap_or_else(|| is_remote.then(Self::default))
    }

    fn read_own(section: &mut Section<'_, '_>) -> Self {
        let default = Self::default();
        let longest = section.take::<Positive>("wait_max");
        let wait = section.take_or("wait", Positive(default.wait)).0;
        let wait_max = longest.as_ref().map_or(default.wait_max, |longest| longest.get_ref().0);
        if wait_max < wait {
            let place = longest.as_ref().map_or(section.span(), Spanned::span);
            section.problem(place, "wait_max: is shorter than wait: make it longer");
        }
        Self { failures: section.take_or("failures", default.failures), wait, wait_max }
    }
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self { failures: FAILURES, wait: WAIT, wait_max: WAIT_MAX }
    }
}
