//! Every command that a rule can name.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::acl::command_set::{CommandSet, PLACES};
use crate::acl::redis;
use crate::command::category::{self, Categories};
use crate::command::{Command, TABLE};

pub(super) static ROSTER: LazyLock<Roster> = LazyLock::new(Roster::new);

/// larder's commands in the order of its table, then those that only Redis has. A subcommand
/// comes after its parent.
pub(super) struct Roster {
    commands: Vec<Known>,
    places: HashMap<&'static str, usize>,
    /// For each category the commands in it.
    members: Vec<CommandSet>,
    /// The commands that Redis has.
    shared: CommandSet,
}

struct Known {
    name: &'static str,
    /// It and its subcommands.
    family: CommandSet,
}

impl Roster {
    fn new() -> Self {
        let mut roster = Self {
            commands: Vec::new(),
            places: HashMap::new(),
            members: vec![CommandSet::default(); category::NAMES.len()],
            shared: CommandSet::default(),
        };
        for command in TABLE.iter().flat_map(family) {
            roster.add(command.name, command.categories());
        }
        let mut others: Vec<_> = known_to_redis().collect();
        others.sort_unstable();
        for (name, categories) in others {
            roster.add(name, categories);
            roster.shared.insert(roster.places[name]);
        }
        roster
    }

    fn add(&mut self, name: &'static str, categories: Categories) {
        let place = self.commands.len();
        if place == PLACES || self.places.contains_key(name) {
            return;
        }
        self.places.insert(name, place);
        let mut family = CommandSet::default();
        family.insert(place);
        self.commands.push(Known { name, family });
        if let Some((parent, _)) = name.split_once('|')
            && let Some(parent) = self.places.get(parent)
        {
            self.commands[*parent].family.insert(place);
        }
        for (category, members) in self.members.iter_mut().enumerate() {
            if categories & 1 << category != 0 {
                members.insert(place);
            }
        }
    }

    /// Where the command is, `parent|name` for a subcommand, in lower case.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    pub(super) fn name(&self, place: usize) -> &'static str {
        self.commands[place].name
    }

    /// The command and its subcommands.
    pub(super) fn family(&self, place: usize) -> &CommandSet {
        &self.commands[place].family
    }

    pub(super) fn has_subcommands(&self, place: usize) -> bool {
        self.family(place).len() > 1
    }

    /// The commands in a category.
    pub(super) fn members(&self, category: usize) -> &CommandSet {
        &self.members[category]
    }

    /// The commands by which it is found out whether the category describes a set: of one that
    /// Redis has, only those that Redis has in it too, so that larder's words are the same.
    pub(super) fn telling(&self, category: usize) -> CommandSet {
        let members = self.members[category];
        let shared = members.and(&self.shared);
        if shared.len() == 0 { members } else { shared }
    }

    /// What a rule about the category is about: its members and all of their subcommands.
    pub(super) fn reach(&self, category: usize) -> CommandSet {
        let mut reach = CommandSet::default();
        for place in self.members(category).iter() {
            reach.set(self.family(place), true);
        }
        reach
    }

    pub(super) fn len(&self) -> usize {
        self.commands.len()
    }
}

fn family(command: &'static Command) -> impl Iterator<Item = &'static Command> {
    std::iter::once(command).chain(command.subcommands)
}

fn known_to_redis() -> impl Iterator<Item = (&'static str, Categories)> {
    redis::COMMANDS.iter().flat_map(|(categories, names)| {
        let named = categories.split(' ').filter_map(|name| category::named(name.as_bytes()));
        let categories = named.fold(0, |all, one| all | one);
        names.split(' ').map(move |name| (name, categories))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_place_after_its_parent() {
        for command in TABLE.iter().flat_map(family) {
            assert!(ROSTER.place(command.name).is_some(), "{}", command.name);
        }
        for (name, place) in &ROSTER.places {
            assert_eq!(ROSTER.name(*place), *name);
            if let Some((parent, _)) = name.split_once('|') {
                let parent = ROSTER.place(parent).unwrap();
                assert!(parent < *place && ROSTER.family(parent).has(*place), "{name}");
            }
        }
        assert!(ROSTER.len() < PLACES);
    }

    #[test]
    fn commands_are_in_the_categories_that_redis_has_them_in() {
        let known: HashMap<_, _> = known_to_redis().collect();
        assert_eq!(known.len(), 366);
        let mut wrong = Vec::new();
        for command in TABLE.iter().flat_map(family) {
            let categories = command.categories();
            if known.get(command.name).is_some_and(|known| *known != categories) {
                wrong.push((command.name, category::names(categories).collect::<Vec<_>>()));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
