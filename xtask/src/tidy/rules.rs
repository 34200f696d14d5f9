//! What a source file may not say.

use super::Finding;

const LINES_MAX: usize = 600;

/// Names that say nothing about what a file is for.
const NAMELESS: [&str; 6] =
    ["util.rs", "utils.rs", "common.rs", "inner.rs", "ops.rs", "prelude.rs"];

/// Words that may not be in the code of a part. Comments and unit tests may have them.
struct Absence {
    folder: &'static str,
    except: &'static [&'static str],
    words: &'static [&'static str],
    why: &'static str,
}

const ABSENCES: [Absence; 4] = [
    Absence {
        folder: "crates/protocol/src/",
        except: &[],
        words: &["tokio", "std::net", "std::fs", "std::thread", "Instant", "SystemTime"],
        why: "the protocol opens nothing, reads no clock and spawns nothing",
    },
    Absence {
        folder: "crates/cache/src/",
        except: &["crates/cache/src/runtime/"],
        words: &["Instant::now", "SystemTime::now", "tokio::spawn", "tokio::time", "thread::sleep"],
        why: "time and tasks come through the runtime trait",
    },
    Absence {
        folder: "crates/cache/src/strategy",
        except: &[],
        words: &["MemoryTier", "MemoryJournal", "quick_cache", "rusqlite", "sqlite", "Sqlite"],
        why: "a strategy names no concrete tier, source, journal or bus",
    },
    Absence {
        folder: "crates/cache/src/tier",
        except: &[],
        words: &["source::", "rusqlite"],
        why: "a tier never calls a source",
    },
];

/// Words that may be nowhere, split so that this file does not have them.
const UNFINISHED: [&str; 4] =
    [concat!("#[", "ignore"), concat!("todo", "!("), concat!("TO", "DO"), concat!("FIX", "ME")];

/// Everything that is wrong with one file.
pub(super) fn examine(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = unfinished(path, text);
    if !path.ends_with(".rs") {
        return findings;
    }
    findings.extend(shape(path, text));
    for absence in ABSENCES.iter().filter(|absence| absence.covers(path)) {
        findings.extend(absence.examine(path, text));
    }
    findings
}

impl Absence {
    fn covers(&self, path: &str) -> bool {
        let test = path.split('/').any(|part| part == "tests" || part == "tests.rs");
        path.starts_with(self.folder) && !test && !self.except.iter().any(|e| path.starts_with(e))
    }

    fn examine(&self, path: &str, text: &str) -> Vec<Finding> {
        let code = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
        let code = code.map(|line| line.split("//").next().unwrap_or_default());
        let found = code.enumerate().filter_map(|(at, line)| {
            let word = self.words.iter().find(|word| has_word(line, word))?;
            Some(finding(path, at + 1, format!("`{word}`: {}", self.why)))
        });
        found.collect()
    }
}

fn unfinished(path: &str, text: &str) -> Vec<Finding> {
    let found = text.lines().enumerate().filter_map(|(at, line)| {
        let word = UNFINISHED.iter().find(|word| line.contains(*word))?;
        Some(finding(path, at + 1, format!("`{word}`: finish it, or open an issue")))
    });
    found.collect()
}

fn shape(path: &str, text: &str) -> Vec<Finding> {
    let lines = text.lines().count();
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut findings = Vec::new();
    if lines > LINES_MAX {
        let message = format!("{lines} lines, at most {LINES_MAX}: split it by what it does");
        findings.push(finding(path, LINES_MAX + 1, message));
    }
    if NAMELESS.contains(&name) {
        findings.push(finding(path, 1, "name the file after what is in it".to_owned()));
    }
    findings
}

/// Whether `line` has `word` not as a part of a longer name.
fn has_word(line: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(part_of_name);
        let after = line[at + word.len()..].chars().next().is_some_and(part_of_name);
        !before && (!after || word.ends_with(':'))
    })
}

fn finding(path: &str, line: usize, message: String) -> Finding {
    Finding { path: path.to_owned(), line, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        examine(path, text).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn the_clock_is_read_in_the_runtime_only() {
        let text = "fn f() {\n    let now = Instant::now();\n}\n";
        assert_eq!(lines("crates/cache/src/flight.rs", text), [2]);
        assert_eq!(lines("crates/protocol/src/session.rs", text), [2]);
        assert!(lines("crates/cache/src/runtime/tokio.rs", text).is_empty());
        assert!(lines("crates/server/src/model.rs", text).is_empty());
    }

    #[test]
    fn comments_and_unit_tests_may_name_what_the_code_may_not() {
        let text = "// As MemoryTier does.\n#[cfg(test)]\nmod tests { use MemoryTier; }\n";
        assert!(lines("crates/cache/src/strategy/read.rs", text).is_empty());
        assert!(lines("crates/cache/src/strategy/tests.rs", "use MemoryTier;").is_empty());
        assert_eq!(lines("crates/cache/src/strategy.rs", "use x::MemoryTier;"), [1]);
    }

    #[test]
    fn a_word_is_not_a_part_of_a_name() {
        assert!(!has_word("InstantAnswer resource::x", "Instant"));
        assert!(!has_word("resource::x", "source::"));
        assert!(has_word("crate::source::Source", "source::"));
    }

    #[test]
    fn nothing_is_left_unfinished() {
        let words = UNFINISHED.map(|word| format!("ok\n{word}"));
        assert!(words.iter().all(|text| lines("docs/a.md", text) == [2]));
    }

    #[test]
    fn files_are_short_and_named() {
        assert_eq!(lines("crates/x/src/a.rs", &"x\n".repeat(LINES_MAX + 1)), [LINES_MAX + 1]);
        assert!(lines("crates/x/src/a.rs", &"x\n".repeat(LINES_MAX)).is_empty());
        assert_eq!(lines("crates/x/src/common.rs", ""), [1]);
    }
}
