//! Hand-picked sequences, as scripts have them.
//!
//! ```text
//! # A remark.
//! == what the sequence is about
//! SET key "a\x00value"
//! 2: GET key
//! raw "PING\r\n*1\r\n$4\r\nPING\r\n"
//! last "*1\r\n$-5\r\n"
//! wait 20
//! ```
//!
//! `2:` is for the second connection; `raw` sends bytes as they are, `last` does so and sends
//! nothing more over that connection, `wait` lets milliseconds pass.

use std::fs;
use std::path::Path;

use super::sequence::{Act, Sequence, Step};
use super::words::split;
use crate::failure::{Failure, Result, read};

/// Every sequence of the scripts of a folder, in the order of their names.
pub(super) fn read_all(folder: &Path) -> Result<Vec<Sequence>> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| Failure::io(folder.display(), error))?;
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    let mut sequences = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let found = parse(&name, &read(&path)?);
        sequences.extend(found.map_err(|why| Failure::new(format!("{}: {why}", path.display())))?);
    }
    Ok(sequences)
}

fn parse(name: &str, text: &str) -> std::result::Result<Vec<Sequence>, String> {
    let mut sequences: Vec<Sequence> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(title) = line.strip_prefix("== ") {
            let title = format!("{name}: {title}");
            sequences.push(Sequence { title, steps: Vec::new() });
            continue;
        }
        let sequence = sequences.last_mut().ok_or("a step before the first title")?;
        sequence.steps.push(step(line).map_err(|why| format!("{why}: {line}"))?);
    }
    Ok(sequences)
}

/// The step of one line.
///
/// # Errors
///
/// What is wrong with the line.
pub(super) fn step(line: &str) -> std::result::Result<Step, String> {
    let (connection, rest) = line.strip_prefix("2: ").map_or((0, line), |rest| (1, rest));
    let mut words = split(rest)?;
    let act = match (words.first().map(Vec::as_slice), words.len()) {
        (Some(b"raw"), 2) => Act::Bytes(words.remove(1)),
        (Some(b"last"), 2) => Act::Last(words.remove(1)),
        (Some(b"wait"), 2) => Act::Wait(milliseconds(&words[1])?),
        (None | Some(b"raw" | b"last" | b"wait"), _) => return Err("not a step".to_owned()),
        _ => Act::Command(words),
    };
    Ok(Step { connection, act })
}

fn milliseconds(word: &[u8]) -> std::result::Result<u64, String> {
    let number = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
    number.ok_or_else(|| "not a number".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_read_as_it_is_shown() {
        let text = "SET k \"a b\"\n2: GET k\nraw \"PING\\r\\n\"\n2: last \"*\"\nwait 20\n";
        let sequences = parse("a.txt", &format!("# Why.\n== first\n{text}\n== second\nGET k\n"));
        let sequences = sequences.unwrap();
        assert_eq!(sequences.len(), 2);
        assert_eq!(sequences[0].title, "a.txt: first");
        let shown: String = sequences[0].steps.iter().map(|step| format!("{step}\n")).collect();
        assert_eq!(shown, text);
    }

    #[test]
    fn a_broken_script_is_refused() {
        for text in ["GET a", "== a\nraw", "== a\nwait x", "== a\nGET \"a", "== a\n2: "] {
            assert!(parse("a.txt", text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_scripts_can_be_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/compare/scripts");
        assert!(read_all(&folder).unwrap().len() > 30);
    }
}
