//! A set of rules that a request has to keep as a whole: a user's own, or those in parentheses.

use crate::acl::commands::Commands;
use crate::acl::denied::Denied;
use crate::acl::rule::{RuleError, has_blanks};
use crate::args::{Args, Spans};
use crate::command::access::{ACCESS, Access, DELETE, INSERT, UPDATE};
use crate::command::{Command, Keys, flag, resolve};
use crate::frame::inline;
use crate::glob::{self, Case};

/// What a key pattern allows to do with the keys that it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Permission {
    read: bool,
    write: bool,
}

#[derive(Debug, Clone)]
struct KeyPattern {
    pattern: Box<[u8]>,
    permission: Permission,
}

/// Allows commands, keys and channels; nothing to begin with.
#[derive(Debug, Clone, Default)]
pub(super) struct Selector {
    pub(super) commands: Commands,
    all_keys: bool,
    keys: Vec<KeyPattern>,
    all_channels: bool,
    channels: Vec<Box<[u8]>>,
}

/// How a request names a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChannelKind {
    /// By its name, which a user's pattern has to match.
    Name,
    /// By a pattern, which has to be one of the user's: it cannot be known what else it matches.
    Pattern,
}

impl Selector {
    /// Reads `(rule ...)`. Quotes are those of an inline request.
    pub(super) fn parse(text: &[u8]) -> Result<Self, RuleError> {
        let (mut selector, mut words, mut spans) = (Self::default(), Vec::new(), Spans::default());
        // Redis takes quotes that do not match for no rules at all.
        if inline::split(text, &mut words, &mut spans).is_ok() {
            spans.args(&words).iter().try_for_each(|rule| selector.apply(rule))?;
        }
        Ok(selector)
    }

    pub(super) fn allow_everything(&mut self) {
        self.commands.allow_all();
        (self.all_keys, self.all_channels) = (true, true);
    }

    /// Applies one rule, whose words may be in any case.
    pub(super) fn apply(&mut self, rule: &[u8]) -> Result<(), RuleError> {
        match rule.to_ascii_lowercase().as_slice() {
            b"allkeys" | b"~*" => (self.all_keys, self.keys) = (true, Vec::new()),
            b"resetkeys" => (self.all_keys, self.keys) = (false, Vec::new()),
            b"allchannels" | b"&*" => (self.all_channels, self.channels) = (true, Vec::new()),
            b"resetchannels" => (self.all_channels, self.channels) = (false, Vec::new()),
            b"allcommands" => self.commands.allow_all(),
            b"nocommands" => self.commands = Commands::default(),
            _ => return self.apply_pattern(rule),
        }
        Ok(())
    }

    fn apply_pattern(&mut self, rule: &[u8]) -> Result<(), RuleError> {
        match rule {
            [b'~' | b'%', ..] if self.all_keys => Err(RuleError::KeysAreAll),
            [b'~', pattern @ ..] => self.add_keys(pattern, Permission { read: true, write: true }),
            [b'%', rest @ ..] => {
                let (permission, pattern) = permission(rest)?;
                self.add_keys(pattern, permission)
            }
            [b'&', ..] if self.all_channels => Err(RuleError::ChannelsAreAll),
            [b'&', pattern @ ..] => self.add_channels(pattern),
            [b'+', words @ ..] => self.commands.change(words, true),
            [b'-', words @ ..] => self.commands.change(words, false),
            _ => Err(RuleError::Syntax),
        }
    }

    fn add_keys(&mut self, pattern: &[u8], permission: Permission) -> Result<(), RuleError> {
        if has_blanks(pattern) {
            return Err(RuleError::Syntax);
        }
        match self.keys.iter_mut().find(|known| *known.pattern == *pattern) {
            Some(known) => {
                known.permission.read |= permission.read;
                known.permission.write |= permission.write;
            }
            None => self.keys.push(KeyPattern { pattern: pattern.into(), permission }),
        }
        Ok(())
    }

    fn add_channels(&mut self, pattern: &[u8]) -> Result<(), RuleError> {
        if has_blanks(pattern) {
            return Err(RuleError::Syntax);
        }
        if !self.channels.iter().any(|known| **known == *pattern) {
            self.channels.push(pattern.into());
        }
        Ok(())
    }

    /// Whether nothing is refused.
    pub(super) fn is_unrestricted(&self) -> bool {
        self.commands.are_all() && self.all_keys && self.all_channels
    }

    /// Whether a request keeps these rules, and so does one that it carries.
    pub(super) fn check<'a>(
        &self,
        command: &'static Command,
        args: Args<'a>,
    ) -> Result<(), Denied<'a>> {
        let is_open = command.flags & flag::NO_AUTH != 0;
        if !is_open && !self.commands.allow(command.name, args.at(1)) {
            return Err(Denied::Command(command.name));
        }
        if command.keys == Keys::OfArguments
            && let Ok(carried) = resolve(&args.from(1))
        {
            return self.check(carried, args.from(1));
        }
        if !self.all_keys {
            for (place, key) in command.keys(args).enumerate() {
                if !self.allows_key(key, command.access_of(args, place)) {
                    return Err(Denied::Key { key, place });
                }
            }
        }
        if !self.all_channels
            && let Some(kind) = channel_kind(command)
        {
            for (place, channel) in channels(command, args).enumerate() {
                if !self.allows_channel(channel, kind) {
                    return Err(Denied::Channel { channel, place });
                }
            }
        }
        Ok(())
    }

    fn allows_key(&self, key: &[u8], access: Access) -> bool {
        let read = access & ACCESS != 0;
        let write = access & (UPDATE | INSERT | DELETE) != 0;
        self.keys.iter().any(|KeyPattern { pattern, permission }| {
            permission.read >= read
                && permission.write >= write
                && glob::matches(pattern, key, Case::Sensitive)
        })
    }

    pub(super) fn allows_channel(&self, channel: &[u8], kind: ChannelKind) -> bool {
        self.all_channels
            || self.channels.iter().any(|pattern| match kind {
                ChannelKind::Name => glob::matches(pattern, channel, Case::Sensitive),
                ChannelKind::Pattern => **pattern == *channel,
            })
    }

    /// The rules that lead here, as `ACL LIST` tells them.
    pub(super) fn describe(&self) -> Vec<u8> {
        let mut text = self.describe_keys();
        if !text.is_empty() {
            text.push(b' ');
        }
        if !self.all_channels {
            text.extend_from_slice(b"resetchannels ");
        }
        let channels = self.describe_channels();
        text.extend_from_slice(&channels);
        if !channels.is_empty() {
            text.push(b' ');
        }
        text.extend(self.commands.describe());
        text
    }

    pub(super) fn describe_keys(&self) -> Vec<u8> {
        if self.all_keys {
            return b"~*".to_vec();
        }
        let told = |KeyPattern { pattern, permission }: &KeyPattern| {
            let sign: &[u8] = match permission {
                Permission { read: true, write: true } => b"~",
                Permission { read: true, write: false } => b"%R~",
                Permission { read: false, .. } => b"%W~",
            };
            [sign, pattern].concat()
        };
        self.keys.iter().map(told).collect::<Vec<_>>().join(&b' ')
    }

    pub(super) fn describe_channels(&self) -> Vec<u8> {
        if self.all_channels {
            return b"&*".to_vec();
        }
        let told = self.channels.iter().map(|pattern| [&b"&"[..], pattern].concat());
        told.collect::<Vec<_>>().join(&b' ')
    }
}

/// Reads `R~pattern`, `W~pattern` or `RW~pattern`; as in Redis the pattern may be missing.
fn permission(rest: &[u8]) -> Result<(Permission, &[u8]), RuleError> {
    let mut permission = Permission::default();
    let mut pattern = rest;
    while let [letter, after @ ..] = pattern {
        pattern = after;
        match letter {
            b'R' | b'r' if !permission.read => permission.read = true,
            b'W' | b'w' if !permission.write => permission.write = true,
            b'~' => break,
            _ => return Err(RuleError::Syntax),
        }
    }
    match permission == Permission::default() {
        true => Err(RuleError::Syntax),
        false => Ok((permission, pattern)),
    }
}

/// How a command names channels, if it publishes or subscribes to them.
fn channel_kind(command: &Command) -> Option<ChannelKind> {
    match command.name {
        "publish" | "subscribe" => Some(ChannelKind::Name),
        "psubscribe" => Some(ChannelKind::Pattern),
        _ => None,
    }
}

fn channels<'a>(command: &Command, args: Args<'a>) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let count = if command.name == "publish" { 1 } else { args.len() };
    args.iter().skip(1).take(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of the rules in `text`.
    #[track_caller]
    fn told(text: &str) -> String {
        String::from_utf8(Selector::parse(text.as_bytes()).unwrap().describe()).unwrap()
    }

    #[track_caller]
    fn refuses(text: &str, error: RuleError) {
        assert_eq!(Selector::parse(text.as_bytes()).err(), Some(error), "{text}");
    }

    #[test]
    fn rules_are_told_in_their_normal_form() {
        assert_eq!(told(""), "resetchannels -@all");
        assert_eq!(told("allkeys allchannels allcommands"), "~* &* +@all");
        assert_eq!(told("+@all nocommands ~a resetkeys &a resetchannels"), told(""));
        assert_eq!(told("~a %R~b %w~c &d &e"), "~a %R~b %W~c resetchannels &d &e -@all");
        assert_eq!(told("%R~a %W~a ~b ~b &c &c"), "~a ~b resetchannels &c -@all");
        assert_eq!(told("%rw~* &a ALLCHANNELS"), "~* &* -@all");
        assert_eq!(told("%R"), "%R~ resetchannels -@all");
        assert_eq!(told("'~a'"), "~a resetchannels -@all");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for rule in ["''", "foo", "%~a", "%", "%RR~a", "%x~a", "'~a b'", "'&a\tb'", "on"] {
            refuses(rule, RuleError::Syntax);
        }
        refuses("allkeys ~a", RuleError::KeysAreAll);
        refuses("~* %R~a", RuleError::KeysAreAll);
        refuses("&* &a", RuleError::ChannelsAreAll);
        refuses("+nosuch", RuleError::UnknownCommand);
    }

    #[test]
    fn quotes_that_do_not_match_leave_no_rules() {
        assert_eq!(told("+get '~a"), "resetchannels -@all");
    }

    #[test]
    fn channels_are_matched_and_patterns_compared() {
        let selector = Selector::parse(b"&news.*").unwrap();
        assert!(selector.allows_channel(b"news.a", ChannelKind::Name));
        assert!(selector.allows_channel(b"news.*", ChannelKind::Pattern));
        assert!(!selector.allows_channel(b"news.a*", ChannelKind::Pattern));
        assert!(!selector.allows_channel(b"other", ChannelKind::Name));
    }
}
