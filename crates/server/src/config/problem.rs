//! What is wrong with a configuration, and where.

use std::fmt::Write as _;
use std::ops::Range;

use super::database::password_in;

/// One thing that is wrong: a sentence that says what to do, and the bytes it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    span: Option<Range<usize>>,
    message: String,
}

impl Problem {
    /// A problem with the bytes `span` of the configuration's text.
    pub fn at(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span: Some(span), message: message.into() }
    }

    /// A problem with something outside the text, such as the command line.
    pub fn elsewhere(message: impl Into<String>) -> Self {
        Self { span: None, message: message.into() }
    }

    /// The bytes it is about, when it is about the text.
    pub fn span(&self) -> Option<Range<usize>> {
        self.span.clone()
    }

    /// What is wrong and what to do about it.
    pub fn message(&self) -> &str {
        &self.message
    }

    fn render(&self, path: &str, text: &str) -> String {
        match &self.span {
            Some(span) => Excerpt::of(text, span).render(path, &self.message),
            None => format!("{}\n", self.message),
        }
    }
}

/// Every problem that was found in one reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    problems: Vec<Problem>,
}

impl Report {
    /// Adds a problem.
    pub fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Adds the problems of another report.
    pub fn append(&mut self, other: Self) {
        self.problems.extend(other.problems);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// The problems, in the order in which they were found.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// All problems for a person to read, in the order of the text: `path:line:column: message`,
    /// then the line with its place marked. `text` is the text that was read.
    pub fn render(&self, path: &str, text: &str) -> String {
        let mut problems: Vec<_> = self.problems.iter().collect();
        problems.sort_by_key(|problem| problem.span.as_ref().map(|span| span.start));
        problems.iter().map(|problem| problem.render(path, text)).collect()
    }
}

impl From<Problem> for Report {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

/// The line a problem starts on. Line and column count from one, columns in characters.
struct Excerpt<'t> {
    line: usize,
    column: usize,
    before: &'t str,
    content: &'t str,
    width: usize,
}

impl<'t> Excerpt<'t> {
    fn of(text: &'t str, span: &Range<usize>) -> Self {
        let at = text.floor_char_boundary(span.start);
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        let marked = &text[at..text.floor_char_boundary(span.end.clamp(at, end))];
        Self {
            line: text[..start].matches('\n').count() + 1,
            column: text[start..at].chars().count() + 1,
            before: &text[start..at],
            content: text[start..end].trim_end(),
            width: marked.trim_end().chars().count().max(1),
        }
    }

    fn render(&self, path: &str, message: &str) -> String {
        let Self { line, column, content, .. } = self;
        let mut out = format!("{path}:{line}:{column}: {message}\n");
        if content.is_empty() {
            return out;
        }
        let content = covered(content);
        let carets = "^".repeat(self.width);
        let indent: String = self.before.chars().map(|c| if c == '\t' { c } else { ' ' }).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{line:>5} | {content}\n      | {indent}{carets}");
        out
    }
}

/// A line of a configuration without the passwords in it, as wide as it was.
fn covered(line: &str) -> String {
    let secret = match line.split_once('=') {
        Some((option, _)) if option.trim() == "password" => Some(option.len() + 1..line.len()),
        _ => password_in(line),
    };
    let Some(secret) = secret else { return line.to_owned() };
    let stars = "*".repeat(line[secret.clone()].chars().count());
    format!("{}{stars}{}", &line[..secret.start], &line[secret.end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_covered() {
        let url = r#"url = "postgres://u:u@h/u""#;
        assert_eq!(covered(url), r#"url = "postgres://u:*@h/u""#);
        assert_eq!(covered("password = 'a'"), "password =****");
        assert_eq!(covered("password_file = 'a'"), "password_file = 'a'");
    }

    #[test]
    fn marks_the_place() {
        let text = "listen = 1\n\tttl = \"x\"\n";
        let report = Report::from(Problem::at(18..21, "no duration"));
        let expected = "larder.toml:2:8: no duration\n    2 | \tttl = \"x\"\n      | \t      ^^^\n";
        assert_eq!(report.render("larder.toml", text), expected);
    }

    #[test]
    fn survives_spans_past_the_end_and_inside_a_character() {
        let text = "é";
        let report = Report::from(Problem::at(1..90, "odd"));
        assert_eq!(report.render("f", text), "f:1:1: odd\n    1 | é\n      | ^\n");
        let report = Report::from(Problem::at(70..90, "odd"));
        assert!(report.render("f", text).starts_with("f:1:2: odd\n"));
    }

    #[test]
    fn sorts_by_place_with_the_command_line_first() {
        let mut report = Report::from(Problem::at(5..6, "third"));
        report.push(Problem::at(0..1, "second"));
        report.push(Problem::elsewhere("first"));
        let text = report.render("f", "a = 1\nb = 2\n");
        let found = ["first", "second", "third"].map(|word| text.find(word));
        assert!(found.is_sorted() && found[0].is_some());
    }
}
