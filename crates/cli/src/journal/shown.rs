//! What is found, for people or for programs.

use std::io::{self, Write};

use serde_json::Value as Json;

use crate::Failure;

/// Prints an answer: as one line of JSON, or as lines of names and values.
pub(super) fn print(found: &Json, as_json: bool) -> Result<(), Failure> {
    let text = if as_json { format!("{found}\n") } else { lines(found) };
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("cannot print: {error}")))
        }
        _ => Ok(()),
    }
}

fn lines(found: &Json) -> String {
    match found {
        Json::Object(members) if members.values().any(Json::is_object) => {
            let section = |(name, value)| format!("{name}\n{}", indented(&lines(value)));
            members.iter().map(section).collect()
        }
        Json::Object(members) => {
            let width = members.keys().map(String::len).max().unwrap_or_default();
            let line = |(name, value)| format!("{name:width$}  {}\n", word(value));
            members.iter().map(line).collect()
        }
        Json::Array(items) => items.iter().map(lines).collect(),
        other => format!("{}\n", word(other)),
    }
}

fn indented(lines: &str) -> String {
    lines.lines().map(|line| format!("  {line}\n")).collect()
}

fn word(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_values_stand_in_columns() {
        let found = json!({ "records": 7, "oldest": null });
        assert_eq!(lines(&found), "oldest   -\nrecords  7\n");
        let keyspaces = json!({ "orders": { "records": 7 }, "stock": { "records": 0 } });
        assert_eq!(lines(&keyspaces), "orders\n  records  7\nstock\n  records  0\n");
    }
}
