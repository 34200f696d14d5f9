//! Reads one table of the configuration, option by option.
//!
//! A section knows which options were asked for, so whatever is left over is an option that does
//! not exist, and the names it was asked for are what the author may have meant. A wrong option
//! does not end the reading: every problem of a file shows up in one run.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Report};
use super::value::Value;

/// What a reading has found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// What is wrong.
    pub(super) report: Report,
    /// Every option that was asked for.
    pub(super) options: BTreeSet<&'static str>,
}

/// A table that is being read.
pub(super) struct Section<'t, 'f> {
    title: String,
    span: Range<usize>,
    table: DeTable<'t>,
    asked: Vec<&'static str>,
    findings: &'f mut Findings,
}

impl<'t, 'f> Section<'t, 'f> {
    /// Reads the whole file.
    pub(super) fn root<R>(
        table: DeTable<'t>,
        findings: &'f mut Findings,
        read: impl FnOnce(&mut Section<'t, '_>) -> R,
    ) -> R {
        let title = "this file".to_owned();
        Section { title, span: 0..0, table, asked: Vec::new(), findings }.all(read)
    }

    /// Where the section's name stands.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Reports a problem with a part of the text.
    pub(super) fn problem(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.report(Problem::at(span, message));
    }

    /// Reports a problem.
    pub(super) fn report(&mut self, problem: Problem) {
        self.findings.report.push(problem);
    }

    /// Reports a problem with the section as a whole.
    pub(super) fn lacks(&mut self, what: impl Display) {
        let message = format!("{} {what}", self.title);
        self.problem(self.span(), message);
    }

    /// An option's value; `None` when it is not given, or when it is wrong and reported.
    pub(super) fn take<T: Value>(&mut self, name: &'static str) -> Option<Spanned<T>> {
        let value = self.take_any(name)?;
        match T::read(value.get_ref()) {
            Some(read) => Some(Spanned::new(value.span(), read)),
            None => {
                let expected = T::EXPECTED;
                self.problem(value.span(), format!("{name}: expected {expected}"));
                None
            }
        }
    }

    /// An option's value, or what holds without it.
    pub(super) fn take_or<T: Value>(&mut self, name: &'static str, default: T) -> T {
        self.take(name).map_or(default, Spanned::into_inner)
    }

    /// An option whose value is one of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
    ) -> Option<Spanned<T>> {
        let word = self.take::<String>(name)?;
        let found = words.iter().find(|(known, _)| known == word.get_ref());
        if found.is_none() {
            let known = words.iter().map(|(known, _)| *known);
            let hint = hint(word.get_ref(), known);
            self.problem(word.span(), format!("{name}: {:?} is not known{hint}", word.get_ref()));
        }
        found.map(|(_, value)| Spanned::new(word.span(), *value))
    }

    /// An option's value as TOML has it.
    pub(super) fn take_any(&mut self, name: &'static str) -> Option<Spanned<DeValue<'t>>> {
        self.know(name);
        self.table.remove(name)
    }

    /// Where an option's name stands, when it is there. Does not take it.
    pub(super) fn place(&self, name: &str) -> Option<Range<usize>> {
        self.table.get_key_value(name).map(|(key, _)| key.span())
    }

    /// Whether an option is there that is yet to be taken.
    pub(super) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// Refuses an option that has no meaning here, when it is there, and says why.
    pub(super) fn refuse(&mut self, name: &'static str, why: impl Display) {
        if let Some((key, _)) = self.table.remove_entry(name) {
            self.problem(key.span(), format!("{name} {why}"));
        }
    }

    /// Passes over options that cannot be judged because of an earlier problem.
    pub(super) fn ignore(&mut self, names: &[&'static str]) {
        for name in names {
            self.table.remove(*name);
        }
    }

    /// Reads the section of that name, when it is there.
    pub(super) fn within<R>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Section<'t, '_>) -> R,
    ) -> Option<R> {
        self.know(name);
        let (key, value) = self.table.remove_entry(name)?;
        self.open(name.to_owned(), key.span(), value, read)
    }

    /// Reads every section `[name.*]`, in the order of the file.
    pub(super) fn each<R>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(Spanned<String>, &mut Section<'t, '_>) -> Option<R>,
    ) -> Vec<R> {
        let sections = self.within(name, |parent| {
            let mut children: Vec<_> = std::mem::take(&mut parent.table).into_iter().collect();
            children.sort_by_key(|(key, _)| key.span().start);
            let read = children.into_iter().filter_map(|(key, value)| {
                let name = Spanned::new(key.span(), key.get_ref().clone().into_owned());
                let title = format!("{}.{}", parent.title.trim_matches(['[', ']']), name.get_ref());
                parent.open(title, key.span(), value, |child| read(name, child))?
            });
            read.collect()
        });
        sections.unwrap_or_default()
    }

    fn open<R>(
        &mut self,
        title: String,
        span: Range<usize>,
        value: Spanned<DeValue<'t>>,
        read: impl FnOnce(&mut Section<'t, '_>) -> R,
    ) -> Option<R> {
        let at = value.span();
        let DeValue::Table(table) = value.into_inner() else {
            self.problem(at, format!("{title}: expected a section, [{title}]"));
            return None;
        };
        let title = format!("[{title}]");
        let findings = &mut *self.findings;
        Some(Section { title, span, table, asked: Vec::new(), findings }.all(read))
    }

    fn all<R>(mut self, read: impl FnOnce(&mut Section<'t, '_>) -> R) -> R {
        let result = read(&mut self);
        for (key, _) in std::mem::take(&mut self.table) {
            let hint = hint(key.get_ref(), self.asked.iter().copied());
            let message = format!("{:?} is not an option of {}{hint}", key.get_ref(), self.title);
            self.problem(key.span(), message);
        }
        result
    }

    fn know(&mut self, name: &'static str) {
        self.asked.push(name);
        self.findings.options.insert(name);
    }
}

/// What the author of a wrong word may have meant, to end a sentence with.
pub(super) fn hint<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<_> = known.collect();
    let near = |word: &&str| strsim::damerau_levenshtein(wrong, word);
    match known.iter().copied().min_by_key(near) {
        None => String::new(),
        Some(nearest) if near(&nearest) <= wrong.len().max(3) / 3 => {
            format!("; did you mean {nearest:?}?")
        }
        Some(_) => format!("; known here: {}", known.join(", ")),
    }
}
