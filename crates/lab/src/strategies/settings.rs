//! How large a run is.

use std::time::Duration;

use super::Options;
use super::trial::Length;

/// What is measured how often and for how long, in whole.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) keys: u64,
    pub(super) clients: usize,
    pub(super) rounds: usize,
    pub(super) length: Length,
    /// How long copies are good where somebody writes past the cache, and how long that is watched.
    pub(super) ttl: Duration,
    pub(super) bypassing: Duration,
    /// How long clients write before larder is killed.
    pub(super) writing: Duration,
}

/// What the size of a run says unless an option does.
struct Defaults {
    keys: u64,
    rounds: u32,
    seconds: f64,
    ttl: f64,
    writing: Duration,
}

const FULL: Defaults = Defaults {
    keys: 10_000,
    rounds: 3,
    seconds: 2.0,
    ttl: 1.0,
    writing: Duration::from_millis(700),
};

const QUICK: Defaults = Defaults {
    keys: 2_000,
    rounds: 2,
    seconds: 0.25,
    ttl: 0.2,
    writing: Duration::from_millis(250),
};

const CLIENTS: u16 = 16;

/// What of a trial's time is spent before it is measured.
const WARM_UP_SHARE: f64 = 0.4;

/// How often a copy expires while somebody writes past the cache.
const EXPIRIES: f64 = 3.0;

impl Settings {
    /// Those of the options, and what they leave open.
    pub(super) fn of(options: &Options) -> Self {
        let defaults = if options.quick { QUICK } else { FULL };
        let lasting = Duration::from_secs_f64(options.seconds.unwrap_or(defaults.seconds));
        let ttl = Duration::from_secs_f64(options.ttl.unwrap_or(defaults.ttl));
        Self {
            keys: options.keys.unwrap_or(defaults.keys),
            clients: options.clients.unwrap_or(CLIENTS).into(),
            rounds: options.rounds.unwrap_or(defaults.rounds) as usize,
            length: Length { warm_up: lasting.mul_f64(WARM_UP_SHARE), lasting },
            ttl,
            bypassing: ttl.mul_f64(EXPIRIES),
            writing: defaults.writing,
        }
    }
}

/// A number of seconds, as an option has it.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let range = 0.01..=3_600.0;
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("expected seconds from {} to {}", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use clap::{Args, FromArgMatches};

    use super::*;

    fn settings(arguments: &[&str]) -> Settings {
        let command = Options::augment_args(clap::Command::new("strategies"));
        let matches = command.no_binary_name(true).get_matches_from(arguments);
        Settings::of(&Options::from_arg_matches(&matches).unwrap())
    }

    #[test]
    fn an_option_goes_before_the_size_of_the_run() {
        let quick = settings(&["--quick", "--rounds", "5", "--seconds", "0.5"]);
        assert_eq!((quick.rounds, quick.keys), (5, QUICK.keys));
        assert_eq!(quick.length.lasting, Duration::from_millis(500));
        assert_eq!(settings(&[]).keys, FULL.keys);
    }

    #[test]
    fn seconds_are_a_number_within_reason() {
        assert_eq!(seconds("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "NaN", "1e9", "soon", ""] {
            assert!(seconds(wrong).unwrap_err().contains("0.01 to 3600"), "{wrong}");
        }
    }
}
