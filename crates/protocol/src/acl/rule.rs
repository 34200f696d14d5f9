//! What can be wrong with a rule, and how rules come apart.

use std::fmt;

/// Why a rule does not take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleError {
    Syntax,
    /// Neither larder nor Redis has a command or a category of this name.
    UnknownCommand,
    /// A pattern of keys after one that allows them all.
    KeysAreAll,
    /// A pattern of channels after one that allows them all.
    ChannelsAreAll,
    /// It cannot be taken away, as the user has it not.
    NoSuchPassword,
    BadHash,
    FirstArgumentOfSubcommand,
}

/// Redis' own words.
impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "Syntax error",
            Self::UnknownCommand => "Unknown command or category name in ACL",
            Self::KeysAreAll => {
                "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and \
                 does not have any effect. Try 'resetkeys' to start with an empty list of patterns"
            }
            Self::ChannelsAreAll => {
                "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid \
                 and does not have any effect. Try 'resetchannels' to start with an empty list of \
                 channels"
            }
            Self::NoSuchPassword => {
                "The password you are trying to remove from the user does not exist"
            }
            Self::BadHash => {
                "The password hash must be exactly 64 characters and contain only lowercase \
                 hexadecimal characters"
            }
            Self::FirstArgumentOfSubcommand => {
                "Allowing first-arg of a subcommand is not supported"
            }
        })
    }
}

/// Puts together again what stands between parentheses: a selector may come as one argument or
/// as several. Answers where the parenthesis opens that is not closed.
pub(super) fn merge_selectors<'a>(
    rules: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<Vec<u8>>, &'a [u8]> {
    let mut merged = Vec::new();
    let mut open: Option<(&[u8], Vec<u8>)> = None;
    for rule in rules {
        let closes = rule.ends_with(b")");
        if rule.starts_with(b"(") && !closes {
            open = Some((rule, rule.to_vec()));
            continue;
        }
        let Some((start, mut selector)) = open.take() else {
            merged.push(rule.to_vec());
            continue;
        };
        selector.push(b' ');
        selector.extend_from_slice(rule);
        match closes {
            true => merged.push(selector),
            false => open = Some((start, selector)),
        }
    }
    match open {
        Some((start, _)) => Err(start),
        None => Ok(merged),
    }
}

/// Whether `text` has a byte that would tear a line of users apart: a blank, or NUL.
pub(super) fn has_blanks(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, 0 | b' ' | b'\t'..=b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_put_together() {
        let rules = ["on", "(+get", "~a", ")", "(+set)", "off"].map(str::as_bytes);
        let merged: [&[u8]; 4] = [b"on", b"(+get ~a )", b"(+set)", b"off"];
        assert_eq!(merge_selectors(rules).unwrap(), merged);
    }

    #[test]
    fn a_selector_that_is_not_closed_is_named() {
        let rules = ["on", "(+get", "~a"].map(str::as_bytes);
        assert_eq!(merge_selectors(rules), Err(&b"(+get"[..]));
    }

    #[test]
    fn every_kind_of_blank_is_one() {
        for blank in ["a b", "\n", "\x0b", "\x0c", "\r", "\t", "\0"] {
            assert!(has_blanks(blank.as_bytes()), "{blank:?}");
        }
        assert!(!has_blanks("a\u{e9}~".as_bytes()));
    }
}
