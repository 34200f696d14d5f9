//! `docs/commands.md`, from the table of commands and that of parameters.

use std::fmt::Write as _;

use crate::command::meaning::{Meaning, WAYS};
use crate::command::{Command, Group, Keys, TABLE, category};
use crate::settings;

/// The groups in the order of the page, and what they are about.
const GROUPS: [(Group, &str); 8] = [
    (Group::String, "Strings"),
    (Group::Hash, "Hashes and rows"),
    (Group::Generic, "Keys"),
    (Group::Transactions, "Transactions"),
    (Group::PubSub, "Channels"),
    (Group::Connection, "The connection"),
    (Group::Server, "The server"),
    (Group::Cache, "larder's own"),
];

/// The page of all commands, in Markdown.
pub fn commands() -> String {
    let mut page = include_str!("../docs/commands/preface.md").to_owned();
    page += "\n## What commands mean\n\n";
    page += include_str!("../docs/commands/meanings.md");
    meanings(&mut page);
    for (group, title) in GROUPS {
        let _ = write!(page, "\n## {title}\n\n");
        table(group, &mut page);
        notes(group, &mut page);
        if group == Group::Cache {
            page += "\n";
            page += include_str!("../docs/commands/own.md");
        }
    }
    page += "\n";
    page += include_str!("../docs/commands/parameters.md");
    parameters(&mut page);
    for text in [
        include_str!("../docs/commands/errors.md"),
        include_str!("../docs/commands/absent.md"),
        include_str!("../docs/commands/differences.md"),
    ] {
        page += "\n";
        page += text;
    }
    page
}

fn meanings(page: &mut String) {
    let _ = write!(page, "\n| | {} |\n|---|{}\n", WAYS.join(" | "), "---|".repeat(WAYS.len()));
    for meaning in Meaning::ALL {
        let sentences = meaning.sentences();
        if sentences.len() == WAYS.len() {
            let _ = writeln!(page, "| **{}** | {} |", meaning.name(), sentences.join(" | "));
        }
    }
    page.push('\n');
    for meaning in Meaning::ALL {
        if let [sentence] = meaning.sentences() {
            let _ = writeln!(page, "- **{}**: {sentence}", meaning.name());
        }
    }
}

fn table(group: Group, page: &mut String) {
    page.push_str("| command | since | complexity | categories | keys | meaning |\n");
    page.push_str("|---|---|---|---|---|---|\n");
    for command in in_group(group).filter(|command| !command.is_container()) {
        let categories: Vec<String> =
            category::names(command.categories()).map(|name| format!("`@{name}`")).collect();
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {} | {} |",
            title(command),
            command.since,
            command.complexity,
            categories.join(" "),
            keys(command.keys),
            command.meaning.name()
        );
    }
}

fn notes(group: Group, page: &mut String) {
    let noted = in_group(group).filter(|command| !command.note.is_empty());
    let lines: Vec<String> =
        noted.map(|command| format!("- `{}`: {}\n", title(command), command.note)).collect();
    if !lines.is_empty() {
        page.push('\n');
        page.push_str(&lines.concat());
    }
}

/// The commands of a group, each before its subcommands.
fn in_group(group: Group) -> impl Iterator<Item = &'static Command> {
    let commands = TABLE.iter().filter(move |command| command.group == group);
    commands.flat_map(|command| std::iter::once(command).chain(command.subcommands))
}

/// The name as it is typed.
fn title(command: &Command) -> String {
    command.name.to_uppercase().replace('|', " ")
}

fn keys(keys: Keys) -> &'static str {
    match keys {
        Keys::None => "",
        Keys::OfArguments => "those of the command",
        Keys::Range { first: 1, last: 1, .. } => "the first argument",
        Keys::Range { first: 2, last: 2, .. } => "the second argument",
        Keys::Range { first: 1, last: 2, .. } => "the first two",
        Keys::Range { step: 2, .. } => "every other",
        Keys::Range { .. } => "all",
    }
}

/// The parameters that do something, with what they do.
fn parameters(page: &mut String) {
    page.push_str("\n| parameter | effect |\n|---|---|\n");
    for (name, effect) in settings::effects() {
        let _ = writeln!(page, "| `{name}` | {effect} |");
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Renew it with `RENEW_COMMANDS=1 cargo test -p larder-protocol --lib page`, and read what
    /// `git diff` shows.
    #[test]
    fn the_page_is_what_the_tables_say() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commands.md");
        let page = commands();
        if std::env::var_os("RENEW_COMMANDS").is_some() {
            fs::write(&path, &page).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap();
        for (line, (is, was)) in page.lines().zip(kept.lines()).enumerate() {
            assert_eq!(is, was, "line {} of {}", line + 1, path.display());
        }
        assert_eq!(page, kept, "{}", path.display());
    }

    #[test]
    fn a_meaning_is_told_once_or_for_every_way() {
        for meaning in Meaning::ALL {
            let sentences = meaning.sentences().len();
            assert!(sentences == 1 || sentences == WAYS.len(), "{meaning:?}");
        }
    }

    #[test]
    fn what_concerns_keys_says_what_it_means() {
        let all =
            TABLE.iter().flat_map(|command| std::iter::once(command).chain(command.subcommands));
        for command in all.filter(|command| command.keys != Keys::None) {
            assert_ne!(command.meaning, Meaning::NoKeys, "{}", command.name);
        }
    }

    #[test]
    fn every_group_has_its_place() {
        for command in &TABLE {
            assert!(GROUPS.iter().any(|(group, _)| *group == command.group), "{}", command.name);
        }
    }
}
