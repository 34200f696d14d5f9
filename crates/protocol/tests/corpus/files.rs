//! The corpus of a fuzz target: files that people wrote, and what the fuzzer found, packed into one.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Plays every input of `target`, and names the one that fails.
pub fn play(target: &str, run: impl Fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let written = written(&corpus.join(target));
    let found = found(&fs::read(corpus.join(format!("{target}.pack"))).unwrap());
    assert!(!written.is_empty() && !found.is_empty(), "the corpus of {target} is not there");
    for (name, input) in written.into_iter().chain(found) {
        let played = catch_unwind(AssertUnwindSafe(|| run(&input)));
        assert!(played.is_ok(), "{target}: {name} fails: {:?}", String::from_utf8_lossy(&input));
    }
}

fn written(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

/// Each input is led by a line that says how many bytes it has, and followed by the end of a line.
fn found(pack: &[u8]) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut rest) = (Vec::new(), pack);
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
        let length: usize = std::str::from_utf8(&rest[..end]).unwrap().parse().unwrap();
        let input = &rest[end + 1..][..length];
        found.push((format!("input {} of the pack", found.len()), input.to_vec()));
        rest = &rest[end + 1 + length + 1..];
    }
    found
}
