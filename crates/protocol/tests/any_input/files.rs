//! The corpus of a fuzz target: files that people wrote, and what the fuzzer found, packed into one.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::pack::unpacked;

/// Plays every input of `target`, and names the one that fails.
pub fn play(target: &str, run: impl Fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let written = written(&corpus.join(target));
    let found = unpacked(&fs::read(corpus.join(format!("{target}.pack"))).unwrap()).unwrap();
    assert!(!written.is_empty() && !found.is_empty(), "the corpus of {target} is not there");
    let found = (1..).zip(found).map(|(place, input)| (format!("{place} of the pack"), input));
    for (name, input) in written.into_iter().chain(found) {
        let played = catch_unwind(AssertUnwindSafe(|| run(&input)));
        assert!(played.is_ok(), "{target}: {name} fails: {:?}", String::from_utf8_lossy(&input));
    }
}

fn written(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}
