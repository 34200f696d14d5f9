//! How larder talks to a database server.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use larder::source::TlsMode;
use toml::Spanned;

use super::auth::{PasswordConfig, path};
use super::section::Section;
use super::value::Positive;

const POOL_MAX: NonZeroUsize = NonZeroUsize::new(16).unwrap();
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);

/// The options that only a server has.
pub(super) const OWN: [&str; 7] = [
    "password_file",
    "password_variable",
    "pool_max",
    "connect_timeout",
    "statement_timeout",
    "tls",
    "tls_ca",
];

/// A database server.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// The password, unless it stands in the address or none is needed.
    pub password: Option<PasswordConfig>,
    /// How many connections there are at most.
    pub pool_max: NonZeroUsize,
    /// How long making one may take.
    pub connect_timeout: Duration,
    /// How long a statement may take.
    pub statement_timeout: Duration,
    /// Whether the connection is encrypted; `None` for what the address says, or if the server can.
    pub tls: Option<TlsMode>,
    /// The certificates of the authorities that the server's own has to come from, instead of those
    /// that this machine trusts.
    pub tls_ca: Option<Spanned<PathBuf>>,
}

impl DatabaseConfig {
    pub(super) fn read(section: &mut Section<'_, '_>, url: &Spanned<String>) -> Self {
        let tls = tls_mode(section);
        let tls_ca = path(section, "tls_ca");
        if let (Some(file), false) = (&tls_ca, tls == Some(TlsMode::VerifyFull)) {
            let message = "tls_ca: nothing is checked against it: add tls = \"verify-full\"";
            section.problem(file.span(), message);
        }
        Self {
            password: password(section, url),
            pool_max: section.take_or("pool_max", POOL_MAX),
            connect_timeout: section.take_or("connect_timeout", Positive(CONNECT_TIMEOUT)).0,
            statement_timeout: section.take_or("statement_timeout", Positive(STATEMENT_TIMEOUT)).0,
            tls,
            tls_ca,
        }
    }
}

fn tls_mode(section: &mut Section<'_, '_>) -> Option<TlsMode> {
    let words = [
        ("disable", TlsMode::Disable),
        ("prefer", TlsMode::Prefer),
        ("require", TlsMode::Require),
        ("verify-full", TlsMode::VerifyFull),
    ];
    section.choice("tls", &words).map(Spanned::into_inner)
}

/// The password beside the address: in a file or in the environment, and in one place only.
fn password(section: &mut Section<'_, '_>, url: &Spanned<String>) -> Option<PasswordConfig> {
    let file = path(section, "password_file");
    let variable = section.take::<String>("password_variable");
    let in_url = password_in(url.get_ref()).is_some();
    if let (Some(variable), Some(_)) = (&variable, &file) {
        let message = "password_variable: password_file is given too: keep one of them";
        section.problem(variable.span(), message);
    }
    let place = file.as_ref().map(Spanned::span).or(variable.as_ref().map(Spanned::span));
    if let (Some(_), true) = (place, in_url) {
        let message = "url: take the password out of it, since it is said elsewhere too";
        section.problem(url.span(), message);
    }
    file.map(PasswordConfig::File).or(variable.map(PasswordConfig::Variable))
}

/// Where the password stands in a text that is an address, or has one in it.
pub(super) fn password_in(text: &str) -> Option<Range<usize>> {
    let begin = text.find("://")? + "://".len();
    let end = text[begin..].find('/').map_or(text.len(), |slash| begin + slash);
    let end = begin + text[begin..end].rfind('@')?;
    let password = begin + text[begin..end].find(':')? + 1;
    Some(password..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_in_an_address() {
        let url = "postgres://u:se@cret@h:5432/d";
        assert_eq!(password_in(url).map(|place| &url[place]), Some("se@cret"));
        assert_eq!(password_in("mysql://u@h/d?x=a:b@c"), None);
        assert_eq!(password_in("sqlite:a:b@c"), None);
    }
}
