//! Every byte of a journal, flipped or cut off.

use std::collections::BTreeMap;

use larder::journal::{Journal, OpenError, Sequence};

use crate::kit::{Held, Kit, filled};
use crate::platter::{Loss, Platter};

type Files = BTreeMap<String, Vec<u8>>;

/// A journal of several segments with full groups, progress, a dead letter, a torn end that was cut
/// off, and two openings.
fn journal_with_everything() -> (Kit, Vec<Held>) {
    let kit = Kit::new();
    let journal = kit.open();
    kit.fill(&journal, 0..12);
    let mut batch = kit.batch(&journal);
    assert!(kit.bury(&journal, batch.records.remove(0)));
    journal.applied(batch);
    kit.rest();
    kit.fill(&journal, 12..20);
    kit.end(journal);
    let journal = kit.open();
    kit.append(&journal, &[("a", Some(1)), ("b", None), ("c", Some(3))]).unwrap();
    kit.fill(&journal, 20..24);
    kit.end(journal);
    let mut held = filled(12..20);
    held.extend([("a", Some(1)), ("b", None), ("c", Some(3))].map(|(k, v)| (k.to_owned(), v)));
    held.extend(filled(20..24));
    (kit, held)
}

#[test]
fn every_flipped_byte_is_found() {
    let (kit, held) = journal_with_everything();
    let files = kit.platter.files();
    assert!(files.keys().filter(|name| name.ends_with(".log")).count() >= 3, "{:?}", files.keys());
    let (mut refused, mut cut) = (0, 0);
    for (name, bytes) in &files {
        for at in 0..bytes.len() {
            let mut flipped = files.clone();
            flipped.get_mut(name).unwrap()[at] ^= 1 << (at % 8);
            match kit.elsewhere(Platter::with(flipped)).opened() {
                Err(OpenError::Damaged(_)) => refused += 1,
                Ok((found, torn_bytes)) => {
                    assert!(torn_bytes > 0, "byte {at} of {name} goes unnoticed");
                    assert_eq!(found, held, "byte {at} of {name} costs acknowledged writes");
                    cut += 1;
                }
                Err(error) => panic!("byte {at} of {name}: {error}"),
            }
        }
    }
    assert!(refused > 1000 && cut > 0, "{refused} refused, {cut} cut");
}

#[test]
fn a_refused_journal_is_left_as_it_is() {
    let (kit, _) = journal_with_everything();
    let mut files = kit.platter.files();
    let segment = files.keys().find(|name| name.ends_with(".log")).unwrap().clone();
    files.get_mut(&segment).unwrap()[70] ^= 1;
    let damaged = kit.elsewhere(Platter::with(files.clone()));
    let error = damaged.try_open().err().expect("it is refused").to_string();
    for part in [&*segment, "offset 64", "larder journal verify the platter"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(damaged.platter.files(), files);
}

impl Kit {
    /// What a start finds: what is held, and how much was cut off.
    fn opened(&self) -> Result<(Vec<Held>, u64), OpenError> {
        let journal = self.try_open()?;
        Ok((self.held(&journal), journal.status().torn_bytes))
    }
}

/// A journal with the place where each of its writes ends.
fn journal_with_ends(kit: &Kit, writes: u64) -> (Files, Vec<(String, usize)>) {
    let journal = kit.open();
    let mut ends = Vec::new();
    for number in 0..writes {
        kit.fill(&journal, number..number + 1);
        let files = kit.platter.files();
        let written =
            files.iter().rfind(|(name, bytes)| name.ends_with(".log") && used(bytes) > 64);
        let (name, bytes) = written.unwrap();
        ends.push((name.clone(), used(bytes)));
    }
    (kit.platter.files(), ends)
}

/// The length of `bytes` without the zeros at their end.
fn used(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

/// The journal as it was when `length` bytes of the segment `name` were written, and no later one.
fn prefix(files: &Files, name: &str, length: usize) -> Files {
    let is_earlier = |other: &&str| !other.ends_with(".log") || *other < name;
    let earlier = files.iter().filter(|(other, _)| is_earlier(&other.as_str()));
    let mut prefix: Files = earlier.map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
    let mut bytes = files[name][..length].to_vec();
    bytes.resize(files[name].len(), 0);
    prefix.insert(name.to_owned(), bytes);
    prefix
}

#[test]
fn every_prefix_holds_exactly_its_records() {
    let kit = Kit::new();
    let (files, ends) = journal_with_ends(&kit, 25);
    let segments: Vec<_> = files.keys().filter(|name| name.ends_with(".log")).collect();
    assert!(segments.len() >= 3);
    for name in segments {
        // A header is made to last before anything is written behind it.
        for length in 64..=files[name].len() {
            let whole = ends.iter().filter(|end| **end <= (name.clone(), length)).count() as u64;
            let again = kit.elsewhere(Platter::with(prefix(&files, name, length)));
            let (held, torn_bytes) =
                again.opened().unwrap_or_else(|e| panic!("{name} {length}: {e}"));
            assert_eq!(held, filled(0..whole), "{length} bytes of {name}");
            let at_the_end = torn_bytes == 0;
            let end = used(&files[name][..length]);
            assert!(at_the_end || torn_bytes <= end as u64 - 64, "{length} bytes of {name}");
        }
    }
}

#[test]
fn a_torn_write_leaves_the_ones_before() {
    let kit = Kit::with_sync(larder::journal::SyncMode::Os);
    for writes in 0..4 {
        let kit = kit.elsewhere(Platter::default());
        let journal = kit.open();
        kit.fill(&journal, 0..4);
        kit.end(journal);
        let journal = kit.open();
        kit.fill(&journal, 4..4 + writes);
        for count in 0..120 {
            let left = kit.platter.after_power_failure(Loss::AfterBytes(count));
            let (held, _) = kit.elsewhere(left).opened().unwrap();
            let first_came = held.len() == 5 && count > 60;
            assert!(held == filled(0..4) || first_came && held == filled(0..5), "{count} {held:?}");
        }
        let (held, _) =
            kit.elsewhere(kit.platter.after_power_failure(Loss::First)).opened().unwrap();
        assert_eq!(held, filled(0..4), "what follows a lost group is lost too");
    }
}

#[test]
fn what_is_behind_a_cut_never_comes_back() {
    // The second of three groups is lost; a fourth is then as long as the second was.
    let kit = Kit::with_sync(larder::journal::SyncMode::Os);
    let journal = kit.open();
    kit.fill(&journal, 0..1);
    kit.end(journal);
    let journal = kit.open();
    kit.fill(&journal, 1..4);
    let left = kit.platter.after_power_failure(Loss::First);
    let mut again = kit.elsewhere(left);
    let journal = again.open();
    assert!(journal.status().torn_bytes > 0, "groups behind the lost one are there");
    let sequence = again.put(&journal, "key 1", 11);
    for _ in 0..3 {
        again = again.elsewhere(again.platter.after_kill());
        let journal = again.open();
        let held = again.batch(&journal).records;
        let held: Vec<_> = held.into_iter().map(|it| (it.sequence, it.key, it.value)).collect();
        let expected =
            [(Sequence(1), "key 0".to_owned(), Some(0)), (sequence, "key 1".to_owned(), Some(11))];
        assert_eq!(held, expected);
    }
}

#[test]
fn bytes_of_an_earlier_file_of_the_same_name_are_never_read() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.fill(&journal, 0..4);
    kit.end(journal);
    let stale = kit.platter.files();
    // Another journal, whose first segment is put over the bytes of the other one's.
    let other = Kit { world: larder::runtime::Simulated::new(7), ..Kit::new() };
    let journal = other.open();
    other.fill(&journal, 50..51);
    let mut files = other.platter.files();
    let name = "000000000001.log";
    let end = used(&files[name]).next_multiple_of(8);
    files.get_mut(name).unwrap()[end..].copy_from_slice(&stale[name][end..]);
    let (held, torn_bytes) = other.elsewhere(Platter::with(files)).opened().unwrap();
    assert_eq!(held, filled(50..51));
    assert!(torn_bytes > 0);
}
