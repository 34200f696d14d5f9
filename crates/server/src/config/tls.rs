//! Encrypted connections.

use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;

use super::listen::{self, ListenConfig};
use super::section::Section;
use super::value::{Positive, texts};

const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The section `[tls]`. Its files are read when the server starts, and again when it reloads.
#[derive(Debug, Clone)]
pub struct TlsConfig {
    /// Where clients connect; at least one address.
    pub listen: Vec<ListenConfig>,
    /// The PEM file with the certificate of the server, then those that lead to its authority.
    pub cert: Spanned<PathBuf>,
    /// The PEM file with the key of that certificate.
    pub key: Spanned<PathBuf>,
    /// What clients have to show.
    pub client_auth: ClientAuth,
    /// The versions that are spoken, at least one, each once.
    pub versions: Vec<TlsVersion>,
    /// How long a client may take until its connection is encrypted.
    pub handshake_timeout: Duration,
}

/// Whether clients show a certificate, and the PEM file with the authorities that may have issued
/// it.
#[derive(Debug, Clone)]
pub enum ClientAuth {
    /// They are not asked for one.
    No,
    /// They may come without one, not with a wrong one.
    Optional(Spanned<PathBuf>),
    /// They have to.
    Required(Spanned<PathBuf>),
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2
    V1_2,
    /// TLS 1.3
    V1_3,
}

impl TlsConfig {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let listen = listen(section);
        let cert = file(section, "cert", "the file with its certificate: cert = \"server.crt\"");
        let key = file(section, "key", "the file with its key: key = \"server.key\"");
        let client_auth = ClientAuth::read(section);
        let versions = versions(section);
        let handshake_timeout = section.take_or("handshake_timeout", Positive(HANDSHAKE_TIMEOUT)).0;
        Some(Self {
            listen: listen?,
            cert: cert?,
            key: key?,
            client_auth: client_auth?,
            versions: versions?,
            handshake_timeout,
        })
    }
}

fn listen(section: &mut Section<'_, '_>) -> Option<Vec<ListenConfig>> {
    if !section.has("listen") {
        section.lacks("needs an address of its own: listen = \"127.0.0.1:7380\"");
    }
    let place = section.place("listen");
    let addresses = listen::addresses(section)?;
    if addresses.is_empty() {
        let place = place.unwrap_or(section.span());
        section.problem(place, "listen: name an address, or remove [tls]");
        return None;
    }
    Some(addresses)
}

/// A file that has to be named.
fn file(section: &mut Section<'_, '_>, name: &'static str, what: &str) -> Option<Spanned<PathBuf>> {
    if !section.has(name) {
        section.lacks(format!("needs {what}"));
    }
    path(section, name)
}

fn path(section: &mut Section<'_, '_>, name: &'static str) -> Option<Spanned<PathBuf>> {
    let name = section.take::<String>(name)?;
    Some(Spanned::new(name.span(), PathBuf::from(name.into_inner())))
}

impl ClientAuth {
    /// Without `client_auth`, authorities are there to be asked for.
    fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        type Make = Option<fn(Spanned<PathBuf>) -> ClientAuth>;
        let words: [(&str, Make); 3] =
            [("no", None), ("optional", Some(Self::Optional)), ("required", Some(Self::Required))];
        let said = section.has("client_auth");
        let word = section.choice("client_auth", &words);
        if !said {
            return Some(path(section, "client_ca").map_or(Self::No, Self::Required));
        }
        let Some(make) = word?.into_inner() else {
            section.refuse("client_ca", "has no use with client_auth = \"no\": remove it");
            return Some(Self::No);
        };
        let what = "the authorities of its clients' certificates: client_ca = \"ca.crt\"";
        file(section, "client_ca", what).map(make)
    }
}

fn versions(section: &mut Section<'_, '_>) -> Option<Vec<TlsVersion>> {
    let Some(value) = section.take_any("versions") else {
        return Some(vec![TlsVersion::V1_2, TlsVersion::V1_3]);
    };
    let read = |text: &Spanned<String>| match text.get_ref().as_str() {
        "1.2" => Some(TlsVersion::V1_2),
        "1.3" => Some(TlsVersion::V1_3),
        _ => None,
    };
    let versions: Option<Vec<_>> = texts(&value).and_then(|texts| texts.iter().map(read).collect());
    let versions = versions.filter(|versions| is_one_or_both(versions));
    if versions.is_none() {
        section.problem(value.span(), "versions: expected [\"1.2\", \"1.3\"] or one of the two");
    }
    versions
}

fn is_one_or_both(versions: &[TlsVersion]) -> bool {
    match versions {
        [_] => true,
        [first, second] => first != second,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
