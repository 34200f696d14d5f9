//! Glob patterns as Redis reads them: `KEYS`, `SCAN`, `PSUBSCRIBE`, `CONFIG GET`, users' rules.
//!
//! | pattern | stands for |
//! |---|---|
//! | `*` | any bytes, also none |
//! | `?` | any byte |
//! | `[a-z\]]` | one of these bytes; one that none of these is after `[^` |
//! | `\x` | the byte x, whatever it means otherwise |
//!
//! Redis' answers to patterns that are not well formed are kept too: a class that is not closed
//! ends with the pattern, a backslash at the end stands for itself, and no pattern but the empty
//! one matches an empty text, not even `*`: `KEYS` and `SCAN` do not look at keys when the pattern
//! is `*`, so that they show an empty key all the same.

/// Whether capitals differ from small letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Sensitive,
    /// Only ASCII letters have a case.
    Ignored,
}

/// Whether `pattern` describes the whole of `text`.
///
/// Takes time proportional to the product of both lengths at worst: when a byte does not fit, only
/// the latest `*` has to take one more, since what an earlier one could take the later can too.
pub(crate) fn matches(pattern: &[u8], text: &[u8], case: Case) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut rest, mut place) = (pattern, 0);
    let mut latest: Option<Star<'_>> = None;
    while let Some(&byte) = text.get(place) {
        if rest.first() == Some(&b'*') {
            rest = after_stars(rest);
            if rest.is_empty() {
                return true;
            }
            latest = Some(Star { rest, place });
        } else if let Some(after) = step(rest, byte, case) {
            (rest, place) = (after, place + 1);
        } else if let Some(star) = &mut latest {
            star.place += 1;
            (rest, place) = (star.rest, star.place);
        } else {
            return false;
        }
    }
    after_stars(rest).is_empty()
}

/// A `*` that has been passed.
struct Star<'a> {
    /// The pattern after it.
    rest: &'a [u8],
    /// Where the text begins that it leaves to the rest.
    place: usize,
}

fn after_stars(pattern: &[u8]) -> &[u8] {
    let stars = pattern.iter().take_while(|&&byte| byte == b'*').count();
    &pattern[stars..]
}

/// The pattern after what stands for one byte at its beginning, if that is `byte`.
fn step(pattern: &[u8], byte: u8, case: Case) -> Option<&[u8]> {
    let (after, fits) = match pattern {
        [] => return None,
        [b'?', after @ ..] => (after, true),
        [b'[', b'^', class @ ..] => {
            let (after, fits) = class_has(class, byte, case);
            (after, !fits)
        }
        [b'[', class @ ..] => class_has(class, byte, case),
        [b'\\', literal, after @ ..] | [literal, after @ ..] => (after, same(*literal, byte, case)),
    };
    fits.then_some(after)
}

/// The pattern after a class, and whether the class has `byte`.
fn class_has(mut class: &[u8], byte: u8, case: Case) -> (&[u8], bool) {
    let mut fits = false;
    loop {
        let (after, has) = match class {
            [] => return (class, fits),
            // Redis looks at the exact byte here, whatever the case.
            [b'\\', literal, after @ ..] => (after, *literal == byte),
            [b']', after @ ..] => return (after, fits),
            [first, b'-', last, after @ ..] => (after, is_between(byte, *first, *last, case)),
            [literal, after @ ..] => (after, same(*literal, byte, case)),
        };
        fits |= has;
        class = after;
    }
}

/// Bytes are signed here, as they are to Redis, and a range may be given from either end. Redis
/// orders the ends before it looks at the case.
fn is_between(byte: u8, first: u8, last: u8, case: Case) -> bool {
    let ordered = first.cast_signed() <= last.cast_signed();
    let (low, high) = if ordered { (first, last) } else { (last, first) };
    let folded = |byte| fold(byte, case).cast_signed();
    (folded(low)..=folded(high)).contains(&folded(byte))
}

fn same(one: u8, other: u8, case: Case) -> bool {
    fold(one, case) == fold(other, case)
}

fn fold(byte: u8, case: Case) -> u8 {
    match case {
        Case::Sensitive => byte,
        Case::Ignored => byte.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(pattern: &str, fitting: &[&str], other: &[&str]) {
        let fits = |text: &&str| matches(pattern.as_bytes(), text.as_bytes(), Case::Sensitive);
        for text in fitting {
            assert!(fits(text), "{pattern} ought to match {text}");
        }
        for text in other {
            assert!(!fits(text), "{pattern} ought not to match {text}");
        }
    }

    #[test]
    fn stars_take_what_the_rest_leaves() {
        check("*", &["a", "abc"], &[]);
        check("a*", &["a", "ab", "abc"], &["ba"]);
        check("*c", &["c", "abc", "cc"], &["cd"]);
        check("a*b*c", &["abc", "aXbYc", "abbcc", "abcbc"], &["ab", "acb", "abcd"]);
        check("a**?*", &["ab", "abc"], &["a"]);
        check("*aab", &["aaab", "aabaab"], &["aaba"]);
    }

    #[test]
    fn classes_stand_for_one_byte() {
        check("h[ae]llo", &["hallo", "hello"], &["hillo", "hllo", "haello"]);
        check("h[^e]llo", &["hallo", "h^llo"], &["hello"]);
        check("h[a-c]t", &["hat", "hct"], &["hdt", "h-t"]);
        check("h[c-a]t", &["hat", "hct"], &["hdt"]);
        check(r"[\]\-^]", &["]", "-", "^"], &["\\", "a"]);
        check("[]a", &[], &["]a", "a"]);
    }

    #[test]
    fn a_backslash_takes_the_meaning_away() {
        check(r"a\*b", &["a*b"], &["ab", "aXb"]);
        check(r"\[a]", &["[a]"], &["a"]);
        check(r"\\", &["\\"], &["\\\\"]);
    }

    #[test]
    fn patterns_that_are_not_well_formed_are_read_as_redis_does() {
        check(r"a\", &[r"a\"], &["a", "ab"]);
        check("[", &[], &["[", "a"]);
        check("[^", &["[", "a"], &["ab"]);
        check("[abc", &["a", "c"], &["[", "ab"]);
        check("[a-", &["a", "-"], &["b"]);
        check("[a-]", &["a", "]", "_"], &["-"]);
        check(r"[\", &[r"\"], &["["]);
    }

    #[test]
    fn only_the_empty_pattern_matches_nothing() {
        check("", &[""], &["a"]);
        check("*", &[], &[""]);
        check("**", &["a"], &[""]);
    }

    #[test]
    fn the_case_is_ignored_on_request_except_after_a_backslash_in_a_class() {
        let fits =
            |pattern: &str, text: &str| matches(pattern.as_bytes(), text.as_bytes(), Case::Ignored);
        assert!(fits("MaX*", "maxmemory"));
        assert!(fits("[A-C]", "b") && fits("[a-c]", "B") && fits(r"\A", "a"));
        assert!(fits(r"[\a]", "a") && !fits(r"[\a]", "A"));
        assert!(!fits("[Z-a]", "b"), "the ends are ordered before the case is dropped");
    }

    #[test]
    fn high_bytes_come_before_low_ones() {
        let fits = |pattern: &[u8], text: u8| matches(pattern, &[text], Case::Sensitive);
        assert!(fits(b"[\x80-\xff]", 0x90) && !fits(b"[\x80-\xff]", b'a'));
        assert!(fits(b"[a-\xff]", b'\0') && !fits(b"[a-\xff]", b'b'));
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = format!("{}b", "a*".repeat(500));
        assert!(!matches(pattern.as_bytes(), "a".repeat(20_000).as_bytes(), Case::Sensitive));
    }

    /// The definition, without regard to time: a `*` takes nothing, or one byte and maybe more.
    fn defined(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.first(), text.split_first()) {
            (None, None) => true,
            (Some(b'*'), None) => defined(&pattern[1..], text),
            (Some(b'*'), Some((_, rest))) => defined(&pattern[1..], text) || defined(pattern, rest),
            (Some(_), Some((byte, rest))) => {
                step(pattern, *byte, Case::Sensitive).is_some_and(|after| defined(after, rest))
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn the_quick_way_is_the_definition(
            pattern in r"[ab*?\[\]\\^-]{0,10}",
            text in "[ab*-]{1,10}",
        ) {
            let quick = matches(pattern.as_bytes(), text.as_bytes(), Case::Sensitive);
            prop_assert_eq!(quick, defined(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn a_text_behind_backslashes_matches_itself_only(
            text in prop::collection::vec(any::<u8>(), 0..20),
            other in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let pattern: Vec<u8> = text.iter().flat_map(|&byte| [b'\\', byte]).collect();
            prop_assert!(matches(&pattern, &text, Case::Sensitive));
            prop_assert_eq!(matches(&pattern, &other, Case::Sensitive), text == other);
        }
    }
}
