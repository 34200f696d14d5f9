//! What to do about what servers refuse.

use crate::failure::Failure;

/// The codes that error replies begin with, and the options that help.
const ADVICE: [(&str, &str); 5] = [
    ("NOAUTH", "give --password, and --user if it is not the default one"),
    ("WRONGPASS", "is it the password of that --user?"),
    ("NOPERM", "give a --user that may do this"),
    ("NOPROTO", "give --resp 2"),
    ("READONLY", "give --read-share 1 to read only, or a --prefix that takes writes"),
];

/// The failure, with what to do about it where that is known.
pub(super) fn advised(failure: Failure) -> Failure {
    let said = failure.to_string();
    let is_code = |code: &str| said.contains(&format!(": {code} "));
    match ADVICE.iter().find(|(code, _)| is_code(code)) {
        Some((_, advice)) => Failure::run(format!("{said} ({advice})")),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_follows_the_code_and_nothing_else() {
        let told = |said: &str| advised(Failure::run(said)).to_string();
        assert!(told("a:1 refuses: NOAUTH Authentication required.").contains("--password"));
        assert!(told("a:1 refuses: READONLY no").ends_with("takes writes)"));
        assert_eq!(told("a:1 refuses: ERR READONLY no"), "a:1 refuses: ERR READONLY no");
    }
}
