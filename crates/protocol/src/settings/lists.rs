//! Parameters that are lists of words and numbers.

use std::borrow::Cow;

use super::numbers::memory;
use crate::frame::integer;

type Formed = Result<String, Cow<'static, str>>;

const CLASSES: [(&str, &str); 4] =
    [("normal", "normal"), ("slave", "slave"), ("replica", "slave"), ("pubsub", "pubsub")];
const SIGNAL_WORDS: [&str; 5] = ["default", "save", "nosave", "now", "force"];

/// `client-output-buffer-limit`: the classes that are named change, the others stay.
pub(super) fn output_limits(text: &str, present: &str) -> Formed {
    let words: Vec<&str> = words(text);
    let present: Vec<&str> = present.split(' ').collect();
    let mut limits: Vec<[String; 4]> = present.chunks_exact(4).map(owned).collect();
    if !words.len().is_multiple_of(4) {
        return Err("Wrong number of arguments in buffer limit configuration.".into());
    }
    for limit in words.chunks_exact(4) {
        let is = |(name, _): &&(&str, &str)| name.eq_ignore_ascii_case(limit[0]);
        let (_, class) = CLASSES
            .iter()
            .find(is)
            .ok_or("Invalid client class specified in buffer limit configuration.")?;
        let sizes = (memory(limit[1].as_bytes()), memory(limit[2].as_bytes()), limit[3].parse());
        let (Some(hard), Some(soft), Ok(seconds)) = sizes else {
            return Err(
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.".into(),
            );
        };
        let seconds: u64 = seconds;
        let new = [(*class).to_owned(), hard.to_string(), soft.to_string(), seconds.to_string()];
        match limits.iter_mut().find(|known| known[0] == *class) {
            Some(known) => *known = new,
            None => limits.push(new),
        }
    }
    Ok(limits.concat().join(" "))
}

/// `save`: pairs of seconds and changes.
pub(super) fn save_points(text: &str, _: &str) -> Formed {
    let words = if text.is_empty() { Vec::new() } else { words(text) };
    let is_number = |(place, word): (usize, &&str)| {
        let least = if place.is_multiple_of(2) { 1 } else { 0 };
        word.parse::<i64>().is_ok_and(|number| number >= least)
    };
    match words.len().is_multiple_of(2) && words.iter().enumerate().all(is_number) {
        true => Ok(words.join(" ")),
        false => Err("Invalid save parameters".into()),
    }
}

/// `oom-score-adj-values`: three numbers.
pub(super) fn scores(text: &str, _: &str) -> Formed {
    let words = words(text);
    if words.len() != 3 {
        return Err("wrong number of arguments".into());
    }
    let is_score =
        |word: &&str| integer::parse(word.as_bytes()).is_some_and(|score| score.abs() <= 2000);
    match words.iter().all(is_score) {
        true => Ok(words.join(" ")),
        false => {
            Err("Invalid oom-score-adj-values, elements must be between -2000 and 2000.".into())
        }
    }
}

/// `shutdown-on-sigint` and its like: several words, of which two do not go together.
pub(super) fn signal_words(text: &str, _: &str) -> Formed {
    let words = words(text);
    let known = |word: &&str| SIGNAL_WORDS.iter().any(|known| known.eq_ignore_ascii_case(word));
    if words.is_empty() || !words.iter().all(known) {
        return Err(one_of(&SIGNAL_WORDS));
    }
    let has = |wanted: &str| words.iter().any(|word| word.eq_ignore_ascii_case(wanted));
    if has("save") && has("nosave") {
        return Err("shutdown options SAVE and NOSAVE can't be used simultaneously".into());
    }
    let set: Vec<&str> = SIGNAL_WORDS[1..].iter().copied().filter(|word| has(word)).collect();
    Ok(if set.is_empty() { "default".to_owned() } else { set.join(" ") })
}

/// `latency-tracking-info-percentiles`: numbers up to a hundred.
pub(super) fn percentiles(text: &str, _: &str) -> Formed {
    let words = if text.is_empty() { Vec::new() } else { words(text) };
    let mut shares = Vec::with_capacity(words.len());
    for word in words {
        let share: f64 =
            word.parse().map_err(|_| "Invalid latency-tracking-info-percentiles parameters")?;
        if !(0.0..=100.0).contains(&share) {
            return Err(
                "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"
                    .into(),
            );
        }
        shares.push(share.to_string());
    }
    Ok(shares.join(" "))
}

/// `notify-keyspace-events`: only none, since nobody would be notified.
pub(super) fn no_events(text: &str, _: &str) -> Formed {
    match text {
        "" => Ok(String::new()),
        _ => Err("larder sends no keyspace notifications: use CLIENT TRACKING".into()),
    }
}

/// Redis' own words for a word that is not among those known.
pub(super) fn one_of(words: &[&str]) -> Cow<'static, str> {
    format!("argument(s) must be one of the following: {}", words.join(", ")).into()
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

fn owned(words: &[&str]) -> [String; 4] {
    std::array::from_fn(|place| words[place].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRESENT: &str = "normal 0 0 0 slave 9 8 7 pubsub 6 5 4";

    #[test]
    fn limits_of_other_classes_stay() {
        let limits = output_limits("replica 1mb 0 60", PRESENT).unwrap();
        assert_eq!(limits, "normal 0 0 0 slave 1048576 0 60 pubsub 6 5 4");
        assert_eq!(output_limits(PRESENT, PRESENT).unwrap(), PRESENT);
    }

    #[test]
    fn limits_that_cannot_be() {
        let cases = [
            ("normal 1 2", "Wrong number of arguments in buffer limit configuration."),
            ("master 0 0 0", "Invalid client class specified in buffer limit configuration."),
            (
                "normal x 0 0",
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
            ),
        ];
        for (text, error) in cases {
            assert_eq!(output_limits(text, PRESENT).unwrap_err(), error);
        }
    }

    #[test]
    fn lists_of_numbers_are_checked() {
        assert_eq!(save_points("3600 1 300 100", "").unwrap(), "3600 1 300 100");
        assert_eq!(save_points("", "60 1").unwrap(), "");
        assert_eq!(save_points("60", "").unwrap_err(), "Invalid save parameters");
        assert_eq!(save_points("0 1", "").unwrap_err(), "Invalid save parameters");
        assert_eq!(scores("1 2", "").unwrap_err(), "wrong number of arguments");
        assert!(scores("0 0 3000", "").is_err() && scores("0 200 -800", "").is_ok());
        assert_eq!(percentiles("50 99.90", "").unwrap(), "50 99.9");
        assert!(percentiles("101", "").unwrap_err().ends_with("between [0.0,100.0]"));
        assert!(percentiles("x", "").unwrap_err().starts_with("Invalid"));
    }

    #[test]
    fn words_of_signals_are_put_in_order() {
        assert_eq!(signal_words("now nosave", "").unwrap(), "nosave now");
        assert_eq!(signal_words("DEFAULT", "").unwrap(), "default");
        assert!(signal_words("save nosave", "").is_err() && signal_words("soon", "").is_err());
    }

    #[test]
    fn what_would_be_a_false_promise_is_refused() {
        assert!(no_events("", "").is_ok());
        assert!(no_events("KEA", "").unwrap_err().contains("CLIENT TRACKING"));
    }
}
