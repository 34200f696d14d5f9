//! What a user may do, and how it shows who it is.

use crate::acl::denied::Denied;
use crate::acl::password::PasswordHash;
use crate::acl::rule::RuleError;
use crate::acl::selector::{ChannelKind, Selector};
use crate::args::Args;
use crate::command::Command;

/// All that rules can say of a user. A new one may do nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Permissions {
    is_on: bool,
    no_password: bool,
    payload: Option<Payload>,
    passwords: Vec<PasswordHash>,
    /// The user's own rules.
    root: Selector,
    /// Those in parentheses: each allows what it allows, whatever the others do.
    selectors: Vec<Selector>,
}

/// Whether serialised values are looked through before they are taken. larder takes none; Redis'
/// rules for it are kept and told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Payload {
    Sanitize,
    SkipSanitize,
}

/// One selector, in the words of `ACL GETUSER`.
pub(crate) struct SelectorWords {
    pub(crate) commands: Vec<u8>,
    pub(crate) keys: Vec<u8>,
    pub(crate) channels: Vec<u8>,
}

impl Permissions {
    /// Everything, for everybody: how the user `default` begins.
    pub(super) fn unrestricted() -> Self {
        let mut permissions = Self { is_on: true, no_password: true, ..Self::default() };
        permissions.root.allow_everything();
        permissions
    }

    /// Applies one rule, whose words may be in any case. It takes effect or changes nothing.
    pub(super) fn apply(&mut self, rule: &[u8]) -> Result<(), RuleError> {
        match rule.to_ascii_lowercase().as_slice() {
            b"" => {}
            b"on" => self.is_on = true,
            b"off" => self.is_on = false,
            b"nopass" => (self.no_password, self.passwords) = (true, Vec::new()),
            b"resetpass" => (self.no_password, self.passwords) = (false, Vec::new()),
            b"sanitize-payload" => self.payload = Some(Payload::Sanitize),
            b"skip-sanitize-payload" => self.payload = Some(Payload::SkipSanitize),
            b"clearselectors" => self.selectors.clear(),
            b"reset" => *self = Self { payload: Some(Payload::Sanitize), ..Self::default() },
            _ => return self.apply_other(rule),
        }
        Ok(())
    }

    fn apply_other(&mut self, rule: &[u8]) -> Result<(), RuleError> {
        match rule {
            [b'>', password @ ..] => self.add_password(PasswordHash::of(password)),
            [b'<', password @ ..] => return self.remove_password(PasswordHash::of(password)),
            [b'#', digits @ ..] => self.add_password(hash(digits)?),
            [b'!', digits @ ..] => return self.remove_password(hash(digits)?),
            [b'(', rules @ .., b')'] => self.selectors.push(Selector::parse(rules)?),
            _ => return self.root.apply(rule),
        }
        Ok(())
    }

    /// Takes this password for the only one, or none at all.
    pub(super) fn require_password(&mut self, password: Option<PasswordHash>) {
        self.no_password = password.is_none();
        self.passwords = password.into_iter().collect();
    }

    fn add_password(&mut self, hash: PasswordHash) {
        self.no_password = false;
        if !self.passwords.contains(&hash) {
            self.passwords.push(hash);
        }
    }

    fn remove_password(&mut self, hash: PasswordHash) -> Result<(), RuleError> {
        let known = self.passwords.iter().position(|known| *known == hash);
        self.passwords.remove(known.ok_or(RuleError::NoSuchPassword)?);
        Ok(())
    }

    /// Whether a request needs no [`check`](Self::check).
    pub(super) fn is_unrestricted(&self) -> bool {
        self.root.is_unrestricted()
    }

    /// Whether a client may be this user without saying so.
    pub(super) fn is_open(&self) -> bool {
        self.is_on && self.no_password
    }

    pub(crate) fn needs_no_password(&self) -> bool {
        self.no_password
    }

    /// Whether a client that knows this password may be the user. All passwords are compared,
    /// each in constant time.
    pub(super) fn admits(&self, password: &PasswordHash) -> bool {
        let matching = self.passwords.iter().filter(|known| *known == password).count();
        self.is_on && (self.no_password || matching > 0)
    }

    /// Whether one of the selectors allows the request; else the most telling of their reasons.
    pub(crate) fn check<'a>(
        &self,
        command: &'static Command,
        args: Args<'a>,
    ) -> Result<(), Denied<'a>> {
        let mut reason = match self.root.check(command, args) {
            Err(denied) => denied,
            allowed => return allowed,
        };
        for selector in &self.selectors {
            match selector.check(command, args) {
                Err(denied) => reason = reason.max(denied),
                allowed => return allowed,
            }
        }
        Err(reason)
    }

    /// Whether a client may go on listening to a channel, or to all that a pattern matches.
    pub(crate) fn allows_channel(&self, channel: &[u8], kind: ChannelKind) -> bool {
        self.all_selectors().any(|selector| selector.allows_channel(channel, kind))
    }

    /// The rules that lead here, as `ACL LIST` tells them after the name.
    pub(crate) fn describe(&self) -> Vec<u8> {
        let mut words: Vec<Vec<u8>> = self.flags().map(|flag| flag.into()).collect();
        words.extend(self.passwords().map(|hash| format!("#{hash}").into_bytes()));
        words.push(self.root.describe());
        let inner = |selector: &Selector| [b"(", &*selector.describe(), b")"].concat();
        words.extend(self.selectors.iter().map(inner));
        words.join(&b' ')
    }

    pub(crate) fn flags(&self) -> impl Iterator<Item = &'static str> {
        let payload = self.payload.map(|payload| match payload {
            Payload::Sanitize => "sanitize-payload",
            Payload::SkipSanitize => "skip-sanitize-payload",
        });
        let is_on = if self.is_on { "on" } else { "off" };
        [Some(is_on), self.no_password.then_some("nopass"), payload].into_iter().flatten()
    }

    /// The hashes of the passwords.
    pub(crate) fn passwords(&self) -> impl ExactSizeIterator<Item = String> {
        self.passwords.iter().map(PasswordHash::to_string)
    }

    /// The user's own rules, then those in parentheses.
    pub(crate) fn selectors(&self) -> impl Iterator<Item = SelectorWords> {
        self.all_selectors().map(|selector| SelectorWords {
            commands: selector.commands.describe(),
            keys: selector.describe_keys(),
            channels: selector.describe_channels(),
        })
    }

    fn all_selectors(&self) -> impl Iterator<Item = &Selector> {
        std::iter::once(&self.root).chain(&self.selectors)
    }
}

fn hash(digits: &[u8]) -> Result<PasswordHash, RuleError> {
    PasswordHash::parse(digits).ok_or(RuleError::BadHash)
}
