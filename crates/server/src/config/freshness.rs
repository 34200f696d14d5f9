//! How long copies of a keyspace may be served.

use std::time::Duration;

use super::section::Section;
use super::value::{Fraction, Lifetime, Positive};

const TTL: Duration = Duration::from_secs(300);
const TTL_JITTER: f64 = 0.1;
const NEGATIVE_TTL: Duration = Duration::from_secs(30);
const LOAD_TIMEOUT_HARD: Duration = Duration::from_secs(5);

/// The options that speak of loads, which a keyspace has no use for when the application loads.
const LOADING: [&str; 4] =
    ["stale_while_revalidate", "stale_if_error", "refresh_ahead", "load_timeout"];

/// The freshness policy of a keyspace.
#[derive(Debug, Clone, PartialEq)]
pub struct FreshnessConfig {
    /// How long a copy is fresh; `None` for one that does not expire.
    pub ttl: Option<Duration>,
    /// The share of `ttl`, from 0 to 1, by which a copy's own is shortened at random.
    pub ttl_jitter: f64,
    /// How long "known absent" is fresh; zero: absence is not cached.
    pub negative_ttl: Duration,
    /// For how long after expiry a copy is served while it is refreshed; zero: not at all.
    pub stale_while_revalidate: Duration,
    /// For how long after expiry a copy is served when the source fails; zero: not at all.
    pub stale_if_error: Duration,
    /// How long before expiry a read starts a refresh; zero: never. Shorter than `ttl`.
    pub refresh_ahead: Duration,
    /// How long a reader waits for a load.
    pub load_timeout: LoadTimeoutConfig,
}

/// How long a reader waits for a load, which goes on without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadTimeoutConfig {
    /// After this long a stale copy is served, when there is one. At most `hard`.
    pub soft: Option<Duration>,
    /// After this long the read fails.
    pub hard: Duration,
}

/// Who loads on a miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loader {
    Application,
    Larder,
    /// The strategy is wrong, so nobody knows.
    Unknown,
}

impl FreshnessConfig {
    pub(super) fn read(section: &mut Section<'_, '_>, loader: Loader) -> Self {
        match loader {
            Loader::Larder => {}
            Loader::Unknown => section.ignore(&LOADING),
            Loader::Application => {
                for name in LOADING {
                    section.refuse(name, "has no meaning where the application loads: remove it");
                }
            }
        }
        let ttl = section.take_or("ttl", Lifetime(Some(TTL))).0;
        Self {
            ttl,
            ttl_jitter: section.take_or("ttl_jitter", Fraction(TTL_JITTER)).0,
            negative_ttl: section.take_or("negative_ttl", NEGATIVE_TTL),
            stale_while_revalidate: after_expiry(section, "stale_while_revalidate", ttl),
            stale_if_error: after_expiry(section, "stale_if_error", ttl),
            refresh_ahead: refresh_ahead(section, ttl),
            load_timeout: LoadTimeoutConfig::read(section),
        }
    }
}

impl LoadTimeoutConfig {
    const DEFAULT: Self = Self { soft: None, hard: LOAD_TIMEOUT_HARD };

    fn read(section: &mut Section<'_, '_>) -> Self {
        section.within("load_timeout", Self::read_own).unwrap_or(Self::DEFAULT)
    }

    fn read_own(section: &mut Section<'_, '_>) -> Self {
        let soft = section.take::<Duration>("soft");
        let hard = section.take_or("hard", Positive(LOAD_TIMEOUT_HARD)).0;
        if let Some(soft) = soft.as_ref().filter(|soft| *soft.get_ref() > hard) {
            let message = format!("soft: a reader waits at most {hard:?} (hard): make it shorter");
            section.problem(soft.span(), message);
        }
        Self { soft: soft.map(toml::Spanned::into_inner), hard }
    }
}

/// A span of time after expiry, which means nothing for copies that do not expire.
fn after_expiry(
    section: &mut Section<'_, '_>,
    name: &'static str,
    ttl: Option<Duration>,
) -> Duration {
    let Some(span) = section.take::<Duration>(name) else { return Duration::ZERO };
    if ttl.is_none() && !span.get_ref().is_zero() {
        let message = format!("{name}: with ttl = \"never\" no copy grows stale: remove it");
        section.problem(span.span(), message);
    }
    span.into_inner()
}

fn refresh_ahead(section: &mut Section<'_, '_>, ttl: Option<Duration>) -> Duration {
    let Some(span) = section.take::<Duration>("refresh_ahead") else { return Duration::ZERO };
    if ttl.is_none_or(|ttl| *span.get_ref() >= ttl) && !span.get_ref().is_zero() {
        let message =
            "refresh_ahead: a refresh starts before a copy expires: make it shorter than ttl";
        section.problem(span.span(), message);
    }
    span.into_inner()
}
