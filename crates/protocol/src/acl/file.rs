//! Users as text: a line `user NAME RULE ...` for each.

use std::io;

use crate::acl::permissions::Permissions;
use crate::acl::rule::{RuleError, has_blanks, merge_selectors};

/// Where the users are kept while the server does not run.
pub trait UsersFile: Send + Sync {
    /// What errors call it.
    fn name(&self) -> &str;

    /// All that is kept.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    fn read(&self) -> io::Result<Vec<u8>>;

    /// Replaces all that is kept, or nothing.
    ///
    /// # Errors
    ///
    /// It cannot be written; what was kept is still there.
    fn write(&self, text: &[u8]) -> io::Result<()>;
}

/// A user's name and what a line says of it.
pub(super) type Listed = (Box<[u8]>, Permissions);

/// The users of a file, if every line of it is right; else all that is wrong, in Redis' words.
pub(super) fn parse(file: &str, text: &[u8]) -> Result<Vec<Listed>, String> {
    let (mut users, mut errors) = (Vec::new(), String::new());
    for (line, number) in text.split(|&byte| byte == b'\n').zip(1..) {
        let place = format!("{file}:{number}");
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        match parse_line(line, &place) {
            Ok((name, _)) if users.iter().any(|(known, _)| *known == name) => {
                let name = String::from_utf8_lossy(&name);
                errors += &format!("WARNING: Duplicate user '{name}' found on line {number}. ");
            }
            Ok(user) => users.push(user),
            Err(error) => errors += &error,
        }
    }
    match errors.is_empty() {
        true => Ok(users),
        false => Err(errors
            + "WARNING: ACL errors detected, no change to the previously active ACL rules was \
               performed"),
    }
}

fn parse_line(line: &[u8], place: &str) -> Result<Listed, String> {
    let mut words = line.split(|&byte| byte == b' ');
    let (Some(b"user"), Some(name)) = (words.next(), words.next()) else {
        return Err(format!("{place} should start with user keyword followed by the username. "));
    };
    if has_blanks(name) {
        let name = String::from_utf8_lossy(name);
        return Err(format!("'{place}: username '{name}' contains invalid characters. "));
    }
    let rules = merge_selectors(words)
        .map_err(|_| format!("{place}: Unmatched parenthesis in selector definition. "))?;
    let mut permissions = Permissions::default();
    let mut errors = String::new();
    let mut is_told = false;
    for rule in &rules {
        let rule = rule.trim_ascii();
        match permissions.apply(rule) {
            Ok(()) => {}
            Err(error @ RuleError::UnknownCommand) => {
                let rule = String::from_utf8_lossy(rule);
                errors += &format!("{place}: Error in applying operation '{rule}': {error}. ");
            }
            // The rule may hold a password; and what follows may be wrong only because of it.
            Err(error) if !is_told => {
                errors += &format!("{place}: {error}. ");
                is_told = true;
            }
            Err(_) => {}
        }
    }
    if errors.is_empty() { Ok((name.into(), permissions)) } else { Err(errors) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_CHANGE: &str =
        "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";

    #[track_caller]
    fn refuses(text: &str, error: &str) {
        let told = parse("users.acl", text.as_bytes()).err();
        assert_eq!(told, Some(format!("{error}{NO_CHANGE}")), "{text}");
    }

    #[test]
    fn each_line_is_a_user() {
        let text = "user a on nopass +@read ~*\r\n\n  user  b (+get ~a) ( +set ~b )\nuser c\n";
        assert!(parse("", text.replace("  user  b", "  user b").as_bytes()).is_ok());
        let users = parse("", b"user a on (+get ~a\t)\n\nuser b  off\r\n").unwrap();
        let told: Vec<_> = users
            .iter()
            .map(|(name, permissions)| [&**name, b" ", &permissions.describe()].concat())
            .collect();
        let a: &[u8] = b"a on resetchannels -@all (~a resetchannels -@all +get)";
        assert_eq!(told, [a, b"b off resetchannels -@all"]);
    }

    #[test]
    fn every_wrong_line_is_named() {
        refuses(
            "user a on\nuser b +nosuch foo bar +@nosuch\n# c\nuser d (+get\nuser\nuser a off\n",
            "users.acl:2: Error in applying operation '+nosuch': Unknown command or category name \
             in ACL. users.acl:2: Syntax error. users.acl:2: Error in applying operation \
             '+@nosuch': Unknown command or category name in ACL. users.acl:3 should start with \
             user keyword followed by the username. users.acl:4: Unmatched parenthesis in \
             selector definition. users.acl:5 should start with user keyword followed by the \
             username. WARNING: Duplicate user 'a' found on line 6. ",
        );
    }

    #[test]
    fn a_name_has_no_blanks() {
        refuses("user a\tb on", "'users.acl:1: username 'a\tb' contains invalid characters. ");
    }

    #[test]
    fn a_wrong_password_rule_is_not_repeated() {
        refuses(
            "user a <secret",
            "users.acl:1: The password you are trying to remove from the \
            user does not exist. ",
        );
    }
}
