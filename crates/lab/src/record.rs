//! What a report says of its run: the command, when it began, how long it took, on what machine.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::report::{Machine, Part, Report};

/// A run whose figures are still being made.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    command: String,
    began: SystemTime,
    started: Instant,
}

impl Record {
    /// A run begins, by the command that this process was given.
    pub(crate) fn begin() -> Self {
        Self {
            command: command(std::env::args()),
            began: SystemTime::now(),
            started: Instant::now(),
        }
    }

    /// The moment so long after the run began.
    pub(crate) fn after(&self, time: Duration) -> Instant {
        self.started + time
    }

    /// The run has come to this.
    pub(crate) fn report(&self, title: impl Into<String>, parts: Vec<Part>) -> Report {
        let began = self.began.duration_since(UNIX_EPOCH).unwrap_or_default();
        Report {
            title: title.into(),
            command: self.command.clone(),
            machine: Machine::here(),
            began_unix: began.as_secs(),
            lasted_seconds: self.started.elapsed().as_secs_f64(),
            parts,
        }
    }
}

/// An address without its password, and without parameters, which may have one too. Where it cannot be told
/// what of it is a password, none of it is shown.
pub(crate) fn without_secrets(url: &str) -> String {
    let Some((scheme, place)) = url.split_once("://") else { return url.to_owned() };
    let until =
        |text: &str, signs: &[char]| text.split(signs).next().unwrap_or_default().to_owned();
    let Some((login, place)) = place.rsplit_once('@') else {
        return format!("{scheme}://{}", until(place, &['?']));
    };
    // Whether the last @ stands before the host or in a parameter cannot be told any more.
    if login.contains('?') && login.contains(['@', '/']) {
        return format!("{scheme}://***");
    }
    format!("{scheme}://{}@{}", until(login, &[':', '?']), until(place, &['?']))
}

/// A command as it was given, without passwords.
fn command(arguments: impl IntoIterator<Item = String>) -> String {
    let mut command = "larder".to_owned();
    let mut is_password = false;
    for argument in arguments.into_iter().skip(1) {
        let shown = match argument.split_once('=') {
            _ if is_password => "***".to_owned(),
            Some(("--password", _)) => "--password=***".to_owned(),
            _ => without_secrets(&argument),
        };
        command.push(' ');
        command.push_str(&quoted(&shown));
        is_password = argument == "--password";
    }
    command
}

/// As a shell reads it.
fn quoted(argument: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,*@%+".contains(&byte);
    match !argument.is_empty() && argument.bytes().all(is_plain) {
        true => argument.to_owned(),
        false => format!("'{}'", argument.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_told_without_a_password() {
        let told = |words: &str| command(words.split(' ').map(str::to_owned));
        assert_eq!(told("x bench --password s3 --rate 5"), "larder bench --password *** --rate 5");
        assert_eq!(told("x bench --password=s3"), "larder bench --password=***");
        assert_eq!(
            told("x lab strategies --source mysql://me:sword@db/shop --quick"),
            "larder lab strategies --source mysql://me@db/shop --quick"
        );
        assert_eq!(
            told("x --source=mysql://me:sword@db/shop"),
            "larder --source=mysql://me@db/shop"
        );
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn an_address_is_told_without_a_password() {
        for (url, seen) in [
            ("postgres://larder:sword@db:5432/shop", "postgres://larder@db:5432/shop"),
            ("postgres://larder:s@word@db/shop", "postgres://larder@db/shop"),
            ("mysql://db/shop?password=sword", "mysql://db/shop"),
            ("mysql://larder@db/shop", "mysql://larder@db/shop"),
            ("postgres://me:p?ss@db/shop", "postgres://me@db/shop"),
            ("postgres://me:sword@db/shop?sslmode=require", "postgres://me@db/shop"),
            ("postgres://me:p?s@s@db/shop", "postgres://***"),
            ("postgres://me@db/shop?password=s@word", "postgres://***"),
            ("mysql://db/shop?password=s@word", "mysql://***"),
            ("sqlite:shop.db", "sqlite:shop.db"),
        ] {
            assert_eq!(without_secrets(url), seen);
        }
    }
}
