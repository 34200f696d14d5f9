//! Keys and certificates, from their files to what rustls works with.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{Error, InconsistentKeys, RootCertStore, ServerConfig, SupportedProtocolVersion};
use toml::Spanned;

use super::certificate;
use crate::config::{ClientAuth, Problem, Report, TlsConfig, TlsVersion};

/// Far more than any chain of certificates takes.
const FILE_BYTES_MAX: u64 = 4 << 20;

type Chain = Vec<CertificateDer<'static>>;

/// Reads the files that `config` names, and checks that they fit each other and the time.
///
/// # Errors
///
/// What is wrong with each of them, at its place in the configuration.
pub(super) fn load(config: &TlsConfig) -> Result<ServerConfig, Report> {
    let provider = Arc::new(default_provider());
    let mut report = Report::default();
    let chain = noted(chain(&config.cert), &mut report);
    let key = noted(key(&config.key, &provider), &mut report);
    let verifier = noted(verifier(&config.client_auth, &provider), &mut report);
    let (Some(chain), Some(key), Some(verifier)) = (chain, key, verifier) else {
        return Err(report);
    };
    let identity = CertifiedKey::new(chain, key);
    check_match(&identity, config)?;
    let versions: Vec<_> = config.versions.iter().map(|version| version.supported()).collect();
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(|error| Problem::elsewhere(format!("TLS cannot be set up: {error}")))?;
    Ok(builder
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity))))
}

fn noted<T>(read: Result<T, Problem>, report: &mut Report) -> Option<T> {
    read.map_err(|problem| report.push(problem)).ok()
}

impl TlsVersion {
    fn supported(self) -> &'static SupportedProtocolVersion {
        match self {
            Self::V1_2 => &TLS12,
            Self::V1_3 => &TLS13,
        }
    }
}

/// The certificate of the server and those that lead to its authority, each good for now.
fn chain(file: &Spanned<PathBuf>) -> Result<Chain, Problem> {
    let chain = certificates("cert", file)?;
    let now = SystemTime::now();
    for certificate in &chain {
        if let Some(fault) = certificate::fault(certificate, now) {
            return Err(wrong("cert", file, format!("has a certificate that {fault}")));
        }
    }
    Ok(chain)
}

fn key(file: &Spanned<PathBuf>, provider: &CryptoProvider) -> Result<Arc<dyn SigningKey>, Problem> {
    let text = read("key", file)?;
    if contains(&text, b"ENCRYPTED") {
        let what = "is encrypted, and nobody is there to ask for the password: store the key \
                    without one, as `openssl pkey -in FILE -out KEY` does";
        return Err(wrong("key", file, what));
    }
    let key = PrivateKeyDer::from_pem_slice(&text)
        .map_err(|error| wrong("key", file, describe(&error, "private key", "PRIVATE KEY")))?;
    let key = provider.key_provider.load_private_key(key);
    key.map_err(|error| wrong("key", file, format!("has a key that cannot be used: {error}")))
}

/// That the key belongs to the certificate. Where it cannot be told, the first handshake will tell.
fn check_match(identity: &CertifiedKey, config: &TlsConfig) -> Result<(), Problem> {
    match identity.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(()),
        Err(Error::InconsistentKeys(_)) => {
            let certificate = config.cert.get_ref().display();
            let what = format!("is not the key of the certificate in {certificate}");
            Err(wrong("key", &config.key, what))
        }
        Err(error) => {
            let what = format!("has a certificate that cannot be used: {error}");
            Err(wrong("cert", &config.cert, what))
        }
    }
}

/// Who decides whether a client may come.
fn verifier(
    auth: &ClientAuth,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Problem> {
    let (file, optional) = match auth {
        ClientAuth::No => return Ok(WebPkiClientVerifier::no_client_auth()),
        ClientAuth::Optional(file) => (file, true),
        ClientAuth::Required(file) => (file, false),
    };
    let authorities = Arc::new(authorities(file)?);
    let builder = WebPkiClientVerifier::builder_with_provider(authorities, Arc::clone(provider));
    let builder = if optional { builder.allow_unauthenticated() } else { builder };
    let built = builder.build();
    built
        .map_err(|error| wrong("client_ca", file, format!("cannot be used: {error}")))
        .map(|verifier| verifier as Arc<dyn ClientCertVerifier>)
}

fn authorities(file: &Spanned<PathBuf>) -> Result<RootCertStore, Problem> {
    let mut store = RootCertStore::empty();
    for certificate in certificates("client_ca", file)? {
        store.add(certificate).map_err(|error| {
            let what = format!("has a certificate that cannot be an authority's: {error}");
            wrong("client_ca", file, what)
        })?;
    }
    Ok(store)
}

/// The certificates in a file, at least one.
fn certificates(option: &str, file: &Spanned<PathBuf>) -> Result<Chain, Problem> {
    let text = read(option, file)?;
    let read: Result<Chain, _> = CertificateDer::pem_slice_iter(&text).collect();
    let read = read.and_then(|found| match found.is_empty() {
        true => Err(pem::Error::NoItemsFound),
        false => Ok(found),
    });
    read.map_err(|error| wrong(option, file, describe(&error, "certificate", "CERTIFICATE")))
}

fn read(option: &str, file: &Spanned<PathBuf>) -> Result<Vec<u8>, Problem> {
    read_bounded(file.get_ref())
        .map_err(|error| wrong(option, file, format!("cannot be read: {error}")))
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 {
        ..=FILE_BYTES_MAX => Ok(bytes),
        _ => Err(io::Error::other("it is too large to be what it should be")),
    }
}

/// What is wrong with a PEM file, to go on after its name.
fn describe(error: &pem::Error, what: &str, section: &str) -> String {
    match error {
        pem::Error::NoItemsFound => {
            format!("has no {what} in PEM, which begins with -----BEGIN {section}-----")
        }
        pem::Error::MissingSectionEnd { .. } => {
            format!("is cut short: the end of a {what} is missing")
        }
        _ => format!("is damaged: the base64 of a {what} is wrong"),
    }
}

fn wrong(option: &str, file: &Spanned<PathBuf>, what: impl std::fmt::Display) -> Problem {
    Problem::at(file.span(), format!("{option}: {} {what}", file.get_ref().display()))
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests;
