//! Where clients connect, and who may from where.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;

use toml::Spanned;

use super::problem::Problem;
use super::section::Section;
use super::tls::{ClientAuth, TlsConfig};
use super::value::texts;

const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7379);

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenConfig {
    /// The address.
    pub address: SocketAddr,
    /// The bytes of the text that name it; `None` when the text does not.
    pub span: Option<Range<usize>>,
}

impl ListenConfig {
    /// A problem with this address, where it is named. `message` goes on after the option's name.
    pub fn problem(&self, message: impl std::fmt::Display) -> Problem {
        match self.span.clone() {
            Some(span) => Problem::at(span, format!("listen: {message}")),
            None => Problem::elsewhere(format!("--listen: {message}")),
        }
    }

    /// Whether only this machine gets there.
    fn is_private(&self) -> bool {
        self.address.ip().to_canonical().is_loopback()
    }

    /// The same port, for this machine only.
    fn made_private(&self) -> SocketAddr {
        SocketAddr::new(LISTEN.ip(), self.address.port())
    }
}

/// The addresses for clients without TLS.
pub(super) fn plain(root: &mut Section<'_, '_>, typed: Option<&str>) -> Option<Vec<ListenConfig>> {
    let missing = !root.has("listen");
    let from_file = from_file(root);
    match typed {
        Some(typed) => from_command_line(root, typed),
        None if missing => Some(vec![ListenConfig { address: LISTEN, span: None }]),
        None => from_file,
    }
}

/// What the file says: nowhere will do when there is TLS.
fn from_file(root: &mut Section<'_, '_>) -> Option<Vec<ListenConfig>> {
    let place = root.place("listen");
    let addresses = addresses(root)?;
    if addresses.is_empty() && !root.has("tls") {
        let place = place.unwrap_or(root.span());
        root.problem(place, "listen: name an address, or add [tls] with one");
    }
    Some(addresses)
}

/// The option `listen` of a section: an address, or a list of them.
pub(super) fn addresses(section: &mut Section<'_, '_>) -> Option<Vec<ListenConfig>> {
    let value = section.take_any("listen")?;
    let Some(texts) = texts(&value) else {
        section.problem(value.span(), format!("listen: {EXPECTED}, or a list of them"));
        return None;
    };
    let addresses: Vec<_> = texts.iter().filter_map(|text| address(section, text)).collect();
    (addresses.len() == texts.len()).then_some(addresses)
}

fn address(section: &mut Section<'_, '_>, text: &Spanned<String>) -> Option<ListenConfig> {
    let address = parse(text.get_ref());
    if address.is_none() {
        let message = format!("listen: {EXPECTED}, found {:?}", text.get_ref());
        section.problem(text.span(), message);
    }
    Some(ListenConfig { address: address?, span: Some(text.span()) })
}

fn from_command_line(root: &mut Section<'_, '_>, typed: &str) -> Option<Vec<ListenConfig>> {
    let address = parse(typed);
    if address.is_none() {
        let message = format!("--listen: {EXPECTED}, found {typed:?}");
        root.report(Problem::elsewhere(message));
    }
    Some(vec![ListenConfig { address: address?, span: None }])
}

const EXPECTED: &str = "expected an IP address and a port such as \"127.0.0.1:7379\"";

fn parse(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix("localhost:") {
        Some(port) => Some((Ipv4Addr::LOCALHOST, port.parse().ok()?).into()),
        None => text.parse().ok(),
    }
}

/// All addresses of a configuration.
#[derive(Clone, Copy)]
pub(super) struct Addresses<'c> {
    pub(super) plain: &'c [ListenConfig],
    pub(super) tls: Option<&'c TlsConfig>,
}

impl<'c> Addresses<'c> {
    /// Those without TLS, then those with it.
    pub(super) fn iter(self) -> impl Iterator<Item = &'c ListenConfig> {
        self.plain.iter().chain(self.tls.into_iter().flat_map(|tls| &tls.listen))
    }

    /// `asks` says that clients are asked for a password.
    pub(super) fn check(self, root: &mut Section<'_, '_>, asks: bool) {
        let unprotected = || if asks { None } else { self.unprotected() };
        let problem = self.repeated().or_else(unprotected);
        problem.into_iter().for_each(|problem| root.report(problem));
    }

    /// One that is named twice, which could be bound only once.
    fn repeated(self) -> Option<Problem> {
        let mut known = BTreeSet::new();
        let is_repeated = |listen: &&ListenConfig| !known.insert(listen.address);
        let listen = self.iter().filter(|listen| listen.address.port() != 0).find(is_repeated)?;
        Some(listen.problem(format!("{} is named twice: remove one", listen.address)))
    }

    /// Why they are not protected: other machines get to one at which clients need not prove who
    /// they are.
    pub(super) fn unprotected(self) -> Option<Problem> {
        self.unprotected_plain().or_else(|| self.unprotected_tls())
    }

    fn unprotected_plain(self) -> Option<Problem> {
        let listen = self.plain.iter().find(|listen| !listen.is_private())?;
        Some(listen.problem(format!(
            "{} can be reached from other machines, and whoever is there could read and change \
             everything: set a password (LARDER_PASSWORD, or password in [auth]), listen on {}, or \
             let other machines in by [tls] with client_auth = \"required\"",
            listen.address,
            listen.made_private()
        )))
    }

    fn unprotected_tls(self) -> Option<Problem> {
        let tls = self.tls?;
        if matches!(tls.client_auth, ClientAuth::Required(_)) {
            return None;
        }
        let listen = tls.listen.iter().find(|listen| !listen.is_private())?;
        Some(listen.problem(format!(
            "{} can be reached from other machines, and TLS alone lets in whoever is there: set \
             client_ca and client_auth = \"required\", set a password (LARDER_PASSWORD, or \
             password in [auth]), or listen on {}",
            listen.address,
            listen.made_private()
        )))
    }
}
