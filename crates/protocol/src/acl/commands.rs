//! Which commands rules allow, and the shortest words for it.

use std::collections::BTreeMap;

use crate::acl::command_set::CommandSet;
use crate::acl::roster::ROSTER;
use crate::acl::rule::RuleError;
use crate::command::category;

/// The commands that one set of rules allows.
#[derive(Debug, Clone, Default)]
pub(super) struct Commands {
    allowed: CommandSet,
    /// Whether none has been taken away since all were allowed.
    all: bool,
    /// Whether it began with all of them: what is not known yet is allowed too, and the rules
    /// are told as those that take away.
    subtractive: bool,
    /// For commands that are not allowed otherwise, the first arguments with which they are.
    first_arguments: BTreeMap<usize, Vec<Box<[u8]>>>,
}

impl Commands {
    pub(super) fn allow_all(&mut self) {
        *self = Self { allowed: CommandSet::ALL, all: true, subtractive: true, ..Self::default() };
    }

    pub(super) fn are_all(&self) -> bool {
        self.all
    }

    /// Whether a command may be run with this first argument.
    pub(super) fn allow(&self, name: &str, first_argument: Option<&[u8]>) -> bool {
        if self.all {
            return true;
        }
        let Some(place) = ROSTER.place(name) else {
            return false;
        };
        let listed = |argument: &[u8]| {
            let listed = self.first_arguments.get(&place);
            listed.is_some_and(|list| list.iter().any(|one| one.eq_ignore_ascii_case(argument)))
        };
        self.allowed.has(place) || first_argument.is_some_and(listed)
    }

    /// Applies what follows `+` or `-`: a command, a subcommand or a category.
    pub(super) fn change(&mut self, words: &[u8], allow: bool) -> Result<(), RuleError> {
        let name = words.to_ascii_lowercase();
        if let Some(category) = name.strip_prefix(b"@") {
            return self.change_category(category, allow);
        }
        match split_last(&name) {
            Some((parent, _)) if allow => self.allow_part(words, parent),
            _ => {
                self.change_command(find(&name)?, allow);
                Ok(())
            }
        }
    }

    fn change_category(&mut self, name: &[u8], allow: bool) -> Result<(), RuleError> {
        if name == b"all" {
            match allow {
                true => self.allow_all(),
                false => *self = Self::default(),
            }
            return Ok(());
        }
        let category = category::named(name).ok_or(RuleError::UnknownCommand)?;
        for place in ROSTER.members(category.trailing_zeros() as usize).iter() {
            self.change_command(place, allow);
        }
        Ok(())
    }

    fn change_command(&mut self, place: usize, allow: bool) {
        self.allowed.set(ROSTER.family(place), allow);
        self.first_arguments.remove(&place);
        self.all &= allow;
    }

    /// `+parent|part`: a subcommand, or else a command with that first argument only.
    fn allow_part(&mut self, words: &[u8], parent: &[u8]) -> Result<(), RuleError> {
        let place = find(parent)?;
        let part = &words[parent.len() + 1..];
        if parent.contains(&b'|') {
            return Err(RuleError::FirstArgumentOfSubcommand);
        }
        if part.is_empty() {
            return Err(RuleError::Syntax);
        }
        if ROSTER.has_subcommands(place) {
            self.change_command(find(&words.to_ascii_lowercase())?, true);
            return Ok(());
        }
        let listed = self.first_arguments.entry(place).or_default();
        if !listed.iter().any(|known| known.eq_ignore_ascii_case(part)) {
            listed.push(part.into());
        }
        Ok(())
    }

    /// The rules that lead here, as Redis tells them: all or none of the commands, the categories
    /// that come closest one after the other, and what is still amiss command by command.
    pub(super) fn describe(&self) -> Vec<u8> {
        let sign = if self.subtractive { "-" } else { "+" };
        let mut told = Self::default();
        let mut text = Vec::from(if self.subtractive { "+@all" } else { "-@all" });
        if self.subtractive {
            told.allow_all();
        }
        for category in self.closest_categories() {
            text.extend(format!(" {sign}@{}", category::NAMES[category]).as_bytes());
            told.allowed.set(&ROSTER.reach(category), !self.subtractive);
        }
        self.describe_rest(told, &mut text);
        text
    }

    /// Chooses each time the category with the fewest exceptions, if more of it holds than not, and
    /// the larger of equals. What a chosen one accounts for no longer counts.
    fn closest_categories(&self) -> Vec<usize> {
        let (mut chosen, mut left) = (Vec::new(), self.allowed);
        loop {
            let mut best = None;
            for category in (0..category::NAMES.len()).filter(|one| !chosen.contains(one)) {
                let members = ROSTER.telling(category);
                let allowed = left.common(&members);
                let refused = members.len() - allowed;
                let (fitting, amiss) = match self.subtractive {
                    true => (refused, allowed),
                    false => (allowed, refused),
                };
                let closer = |(_, least, most)| amiss < least || amiss == least && fitting > most;
                if fitting > amiss && best.is_none_or(closer) {
                    best = Some((category, amiss, fitting));
                }
            }
            let Some((category, ..)) = best else {
                return chosen;
            };
            left.set(&ROSTER.reach(category), self.subtractive);
            chosen.push(category);
        }
    }

    fn describe_rest(&self, mut told: Self, text: &mut Vec<u8>) {
        for place in 0..ROSTER.len() {
            let (allowed, name) = (self.allowed.has(place), ROSTER.name(place));
            if allowed != told.allowed.has(place) {
                text.extend_from_slice(if allowed { b" +" } else { b" -" });
                text.extend_from_slice(name.as_bytes());
                told.change_command(place, allowed);
            }
            let arguments = self.first_arguments.get(&place).filter(|_| !allowed);
            for argument in arguments.into_iter().flatten() {
                text.extend(format!(" +{name}|").as_bytes());
                text.extend_from_slice(argument);
            }
        }
    }
}

/// The command or subcommand of this name, which is in lower case.
fn find(name: &[u8]) -> Result<usize, RuleError> {
    let name = std::str::from_utf8(name).map_err(|_| RuleError::UnknownCommand)?;
    ROSTER.place(name).ok_or(RuleError::UnknownCommand)
}

fn split_last(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let bar = name.iter().rposition(|&byte| byte == b'|')?;
    Some((&name[..bar], &name[bar + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of the commands after these rules.
    fn told(rules: &str) -> String {
        let mut commands = Commands::default();
        for rule in rules.split_whitespace() {
            commands.change(&rule.as_bytes()[1..], rule.starts_with('+')).unwrap();
        }
        String::from_utf8(commands.describe()).unwrap()
    }

    #[track_caller]
    fn refuses(rule: &str, error: RuleError) {
        assert_eq!(Commands::default().change(rule.as_bytes(), true), Err(error), "{rule}");
    }

    #[test]
    fn rules_are_told_in_the_fewest_words() {
        assert_eq!(told(""), "-@all");
        assert_eq!(told("+@all -get +get"), "+@all");
        assert_eq!(told("+@read"), "-@all +@read");
        assert_eq!(told("+@read -get"), "-@all +@read -get");
        assert_eq!(
            told("+@all -@dangerous +info"),
            "+@all -@admin -keys -flushdb -flushall -migrate -restore -restore-asking -sort -sort_ro \
             -swapdb"
        );
        assert_eq!(told("+@hash +@string -hset -mset"), "-@all +@string +@hash -mset -hset");
        assert_eq!(told("+@all -@all +@list"), "-@all +@list");
    }

    #[test]
    fn a_parent_goes_with_its_subcommands() {
        assert_eq!(told("+client"), "-@all +client");
        assert_eq!(told("+client -client|kill"), "-@all +client -client|kill");
        assert_eq!(told("+client|id"), "-@all +client|id");
        assert_eq!(told("+@all -config"), "+@all -config");
    }

    #[test]
    fn a_first_argument_can_be_allowed_alone() {
        assert_eq!(told("+select|0 +SELECT|1 +select|0"), "-@all +select|0 +select|1");
        assert_eq!(told("+select|0 +select"), "-@all +select");
        let mut commands = Commands::default();
        commands.change(b"debug|Object", true).unwrap();
        assert!(commands.allow("debug", Some(b"OBJECT")));
        assert!(!commands.allow("debug", Some(b"SLEEP")) && !commands.allow("debug", None));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        refuses("nosuch", RuleError::UnknownCommand);
        refuses("@nosuch", RuleError::UnknownCommand);
        refuses("client|nosuch", RuleError::UnknownCommand);
        refuses("nosuch|a", RuleError::UnknownCommand);
        refuses("\u{e9}", RuleError::UnknownCommand);
        refuses("select|", RuleError::Syntax);
        refuses("client|list|id", RuleError::FirstArgumentOfSubcommand);
        let taken = Commands::default().change(b"select|0", false);
        assert_eq!(taken, Err(RuleError::UnknownCommand));
    }

    #[test]
    fn commands_that_redis_alone_has_can_be_named() {
        assert_eq!(told("+lpush +@geo -geoadd"), "-@all +@geo -geoadd +lpush");
    }
}
