//! A disk that fails.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;

use larder::journal::{
    AppendError, Codec, CodecError, FileJournal, Journal, JournalStatus, OpenError,
};

use crate::kit::{Kit, Numbers, name};
use crate::platter::{Fault, Loss};

/// What a journal must hold, may hold, and must not hold.
#[derive(Default)]
struct Model {
    /// By key: the writes that a start may find as the newest, `None` for none at all.
    may: BTreeMap<String, Vec<Option<u64>>>,
}

impl Model {
    fn answered(&mut self, key: &str, value: u64, answer: Result<(), AppendError>) {
        let values = self.may.entry(key.to_owned()).or_insert_with(|| vec![None]);
        match answer {
            Ok(()) => *values = vec![Some(value)],
            Err(AppendError::Unknown(_)) => values.push(Some(value)),
            Err(_) => {}
        }
    }

    /// The source has what is held of these keys: that it comes back once more is no loss.
    fn applied(&mut self, keys: impl Iterator<Item = String>) {
        for key in keys {
            self.may.entry(key).or_default().push(None);
        }
    }

    fn check(&self, kit: &Kit, journal: &Numbers, scene: &str) {
        let dead: Vec<_> = journal.dead().into_iter().map(|letter| letter.record).collect();
        for (key, values) in &self.may {
            let letter = dead.iter().find(|record| record.key == *key);
            let found = journal.pending(key).or(letter.map(|record| record.value)).flatten();
            assert!(values.contains(&found), "{scene}: {key} is {found:?}, not of {values:?}");
        }
        kit.put(journal, "afterwards", 1);
    }
}

fn put(kit: &Kit, journal: &Numbers, model: &mut Model, key: u64, value: u64) {
    let answer = kit.append(journal, &[(&name(key), Some(value))]);
    model.answered(&name(key), value, answer.map(drop));
}

fn calls_of_a_run() -> usize {
    let kit = Kit::new();
    run(&kit, &mut Model::default());
    kit.platter.calls().len()
}

#[test]
fn a_failure_of_any_call_loses_nothing_that_was_acknowledged() {
    for after in 0..calls_of_a_run() {
        for (effective, once) in [(false, false), (false, true), (true, false), (true, true)] {
            let (kit, mut model) = (Kit::new(), Model::default());
            kit.platter.fail(Fault { after, effective, once, ..Fault::default() });
            run(&kit, &mut model);
            let scene = format!("call {after}, effective {effective}, once {once}");
            for left in [kit.platter.after_kill(), kit.platter.after_power_failure(Loss::All)] {
                let again = kit.elsewhere(left);
                model.check(&again, &again.open(), &scene);
            }
        }
    }
}

/// Appends, batches, a dead letter and segments that leave, on a disk that may fail at any call.
fn run(kit: &Kit, model: &mut Model) {
    let Ok(journal) = kit.try_open() else { return };
    for number in 0..16 {
        put(kit, &journal, model, number % 12, number);
    }
    if journal.status().records > 0 {
        let mut batch = kit.batch(&journal);
        let poison = batch.records.pop().unwrap();
        model.applied(batch.records.iter().map(|record| record.key.clone()));
        journal.applied(batch);
        kit.bury(&journal, poison);
    }
    kit.rest();
    for number in 16..24 {
        put(kit, &journal, model, number % 12, number);
    }
    kit.rest();
}

#[test]
fn after_a_failed_sync_nothing_is_taken_and_nothing_synced() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.fill(&journal, 0..2);
    kit.platter.fail(Fault { call: "write", once: true, ..Fault::default() });
    let unknown = kit.append(&journal, &[("a", Some(1))]);
    assert!(matches!(&unknown, Err(AppendError::Unknown(reason)) if reason.contains("write")));
    assert_eq!(journal.pending(&"a".to_owned()), None, "nobody was told that it is there");
    let calls = kit.platter.calls().len();
    let refused = kit.append(&journal, &[("b", Some(1))]);
    assert!(matches!(&refused, Err(AppendError::Failed(_))), "{refused:?}");
    assert_eq!(journal.refusal(), Some(refused.unwrap_err()));
    let batch = kit.batch(&journal);
    assert_eq!(batch.records.len(), 2, "what was acknowledged goes on its way");
    journal.applied(batch);
    kit.rest();
    kit.end(journal);
    assert_eq!(kit.platter.calls().len(), calls, "the disk is left alone");
}

#[test]
fn what_a_failed_sync_left_visible_is_written_again_by_the_next_start() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.fill(&journal, 0..2);
    let failed =
        Fault { call: "write", once: true, effective: true, forgotten: true, ..Fault::default() };
    kit.platter.fail(failed);
    assert!(matches!(kit.append(&journal, &[("a", Some(1))]), Err(AppendError::Unknown(_))));
    let again = kit.elsewhere(kit.platter.after_kill());
    let journal = again.open();
    assert_eq!(journal.pending(&"a".to_owned()), Some(Some(1)), "it is seen");
    let after = again.elsewhere(again.platter.after_power_failure(Loss::All));
    let journal = after.open();
    assert_eq!(journal.pending(&"a".to_owned()), Some(Some(1)), "and now it lasts");
    assert_eq!(journal.status().recovered, 3);
}

#[test]
fn everybody_whose_write_was_in_the_failed_group_is_told() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.platter.fail(Fault { call: "write", ..Fault::default() });
    let appends: Vec<_> = (0..3)
        .map(|number| {
            let (journal, key) = (journal.clone(), name(number));
            let write = larder::journal::Append { key, value: Some(number), trace: None };
            kit.world.start(async move { journal.append(vec![write]).await })
        })
        .collect();
    kit.world.run_until_idle();
    for mut append in appends {
        let answer = append.finished().expect("nobody is left waiting");
        assert!(
            matches!(&answer, Err(AppendError::Unknown(_) | AppendError::Failed(_))),
            "{answer:?}"
        );
    }
}

#[test]
fn a_full_disk_refuses_and_is_tried_again() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.platter.fail(Fault { call: "create", kind: ErrorKind::StorageFull, ..Fault::default() });
    let mut taken = 0;
    let refused = loop {
        match kit.append(&journal, &[(&name(taken), Some(taken))]) {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(&refused, AppendError::Failed(reason) if reason.contains("create")));
    assert_eq!(journal.refusal(), None, "it is not for good");
    assert_eq!(journal.status().records, taken);
    let again = kit.append(&journal, &[(&name(taken), Some(taken))]);
    assert_eq!(again, Err(refused), "it was tried again");
    kit.platter.mend();
    kit.fill(&journal, taken..taken + 3);
    let again = kit.elsewhere(kit.platter.after_power_failure(Loss::All));
    assert_eq!(again.held(&again.open()), crate::kit::filled(0..taken + 3));
}

#[test]
fn a_segment_that_cannot_be_removed_is_tried_again() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.fill(&journal, 0..40);
    kit.platter.fail(Fault { call: "remove", ..Fault::default() });
    let before = journal.status().segments;
    journal.applied(kit.batch(&journal));
    kit.rest();
    assert_eq!(journal.status().segments, before);
    kit.platter.mend();
    kit.put(&journal, "a", 1);
    kit.rest();
    let JournalStatus { segments, .. } = journal.status();
    assert!(segments < before, "{segments} of {before} are left");
}

#[test]
fn a_value_larger_than_a_segment_has_one_of_its_own() {
    let kit = Kit::new();
    let journal = kit.open();
    let long = "k".repeat(5000);
    kit.put(&journal, "a", 1);
    kit.put(&journal, &long, 2);
    kit.put(&journal, "b", 3);
    let again = kit.elsewhere(kit.platter.after_kill());
    let expected = [("a", 1), (&*long, 2), ("b", 3)].map(|(k, v)| (k.to_owned(), Some(v)));
    assert_eq!(again.held(&again.open()), expected);
}

#[test]
fn a_log_that_is_too_long_takes_nothing_until_segments_leave() {
    let mut kit = Kit::new();
    kit.options.log_bytes_max = 4096;
    let journal = kit.open();
    let mut taken = 0;
    while kit.append(&journal, &[(&name(taken), Some(taken))]) != Err(AppendError::Full) {
        taken += 1;
    }
    assert!((4096..8192).contains(&journal.status().disk_bytes), "{:?}", journal.status());
    let waiting = journal.clone();
    let mut room = kit.world.start(async move { waiting.room().await });
    kit.world.run_until_idle();
    journal.applied(kit.batch(&journal));
    kit.rest();
    assert!(room.finished().is_some(), "room is announced");
    kit.fill(&journal, taken..taken + 3);
}

/// Refuses what has no words for it.
struct Wordless;

impl Codec<String, u64> for Wordless {
    fn encode_key(&self, key: &String, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
        bytes.extend(key.as_bytes());
        Ok(())
    }

    fn encode_value(&self, value: &u64, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
        bytes.push(u8::try_from(*value).map_err(|_| CodecError::new("too large a number"))?);
        Ok(())
    }

    fn decode_key(&self, bytes: &[u8]) -> Result<String, CodecError> {
        String::from_utf8(bytes.to_vec()).map_err(|_| CodecError::new("no text"))
    }

    fn decode_value(&self, _bytes: &[u8]) -> Result<u64, CodecError> {
        Err(CodecError::new("no such number"))
    }
}

impl Kit {
    fn open_wordless(&self) -> Result<Numbers, OpenError> {
        let (disk, options) = (Arc::new(self.platter.clone()), self.options.clone());
        let runtime = Arc::new(self.world.clone());
        let open = FileJournal::open_on(disk, options, Arc::new(Wordless), runtime);
        self.world.block_on(open).map(Arc::new)
    }
}

#[test]
fn what_cannot_be_encoded_is_refused_and_puts_nothing_in_doubt() {
    let kit = Kit::new();
    let journal = kit.open_wordless().unwrap();
    let refused = kit.append(&journal, &[("a", Some(1)), ("b", Some(1000))]);
    assert_eq!(refused, Err(AppendError::Unencodable("too large a number".to_owned())));
    assert_eq!((journal.status().records, journal.refusal()), (0, None));
    kit.put(&journal, "a", 1);
}

#[test]
fn what_cannot_be_decoded_stops_the_start_and_names_the_record() {
    let kit = Kit::new();
    let journal = kit.open_wordless().unwrap();
    kit.put(&journal, "a", 1);
    let again = kit.elsewhere(kit.platter.after_kill());
    let files = again.platter.files();
    let error = again.open_wordless().err().expect("it is refused").to_string();
    assert!(error.contains("record 1,") && error.contains("no such number"), "{error}");
    assert_eq!(again.platter.files(), files, "nothing was changed");
}

#[test]
fn an_append_of_nothing_waits_for_nothing() {
    let kit = Kit::new();
    let journal = kit.open();
    let last = kit.put(&journal, "a", 1);
    assert_eq!(kit.append(&journal, &[]), Ok(last));
}
