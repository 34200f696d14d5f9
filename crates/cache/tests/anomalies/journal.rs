//! What every journal must do, whatever it is made of.

#[path = "../journal/platter.rs"]
#[allow(dead_code, reason = "here it does not fail")]
mod platter;

use std::sync::Arc;
use std::time::Duration;

use larder::journal::{
    Append, AppendError, Batch, Codec, CodecError, DeadLetter, FileJournal, FileOptions, Journal,
    Limits, Mark, MemoryJournal, Record, Sequence,
};
use larder::runtime::{Simulated, Task};

type Numbers = dyn Journal<String, u64>;
type Make = fn(Limits, &Simulated) -> Arc<Numbers>;

#[test]
fn the_journal_in_memory_conforms() {
    journal_suite(|limits, world| {
        Arc::new(MemoryJournal::new(limits, Arc::new(world.clone()), |_, _| 10))
    });
}

#[test]
fn the_journal_in_files_conforms() {
    journal_suite(|limits, world| {
        let options = FileOptions { limits, segment_bytes: 4096, ..FileOptions::default() };
        let (disk, runtime) = (Arc::new(platter::Platter::default()), Arc::new(world.clone()));
        let open = FileJournal::open_on(disk, options, Arc::new(TenBytes), runtime);
        Arc::new(world.block_on(open).expect("an empty disk"))
    });
}

/// Keys of one letter and their values take ten bytes together.
struct TenBytes;

impl Codec<String, u64> for TenBytes {
    fn encode_key(&self, key: &String, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
        bytes.extend(key.as_bytes());
        Ok(())
    }

    fn encode_value(&self, value: &u64, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
        bytes.push(0);
        bytes.extend(value.to_le_bytes());
        Ok(())
    }

    fn decode_key(&self, bytes: &[u8]) -> Result<String, CodecError> {
        String::from_utf8(bytes.to_vec()).map_err(|error| CodecError::new(error.to_string()))
    }

    fn decode_value(&self, bytes: &[u8]) -> Result<u64, CodecError> {
        let number = bytes[1..].try_into().map_err(|_| CodecError::new("not nine bytes"))?;
        Ok(u64::from_le_bytes(number))
    }
}

/// Runs every scenario on fresh journals by `make`, whose records weigh ten bytes each.
fn journal_suite(make: Make) {
    for (name, scenario) in SCENARIOS {
        println!("{name}");
        scenario(make);
    }
}

/// What a journal must do, and the check that it does.
type Scenario = (&'static str, fn(Make));

const SCENARIOS: [Scenario; 24] = [
    ("records of a key keep their order", records_of_a_key_keep_their_order),
    ("one batch of a key is in flight", one_batch_of_a_key_is_in_flight),
    ("the newest write is pending", the_newest_write_is_pending),
    ("a queued write is coalesced, one in flight is not", coalescing),
    ("an append that does not fit leaves nothing", an_append_that_does_not_fit_leaves_nothing),
    ("bytes are bounded", bytes_are_bounded),
    ("room is announced", room_is_announced),
    ("a returned batch comes before newer records", a_returned_batch_comes_first),
    ("a dead letter holds up its key no longer", a_dead_letter_holds_up_its_key_no_longer),
    ("no dead letter is dropped for want of room", no_dead_letter_is_dropped),
    ("a flush does not wait for batches to fill", a_flush_does_not_wait),
    ("a closed journal gives out what it holds", a_closed_journal_gives_out_what_it_holds),
    ("a full journal does not wait for batches to fill", a_full_journal_does_not_wait),
    ("batches are bounded and nobody waits too long", batches_are_bounded),
    ("a lane is in one batch, and several lanes in several", a_lane_is_in_one_batch),
    ("a batch holds the front of its lanes", a_batch_holds_the_front_of_its_lanes),
    ("marks pass over what is superseded", marks_pass_over_what_is_superseded),
    ("what is superseded in flight is not given out again", superseded_in_flight),
    ("what the source has leaves the journal", what_the_source_has_leaves),
    ("dead letters are dropped by their sequences", dead_letters_are_dropped),
    ("a newer write supersedes a dead letter", a_newer_write_supersedes_a_dead_letter),
    ("a forfeited journal takes nothing and gives nothing", a_forfeited_journal_stands_still),
    ("a flush of a key waits for that key", a_flush_of_a_key_waits_for_that_key),
    ("a key that is written over and over costs one record", one_key_costs_one_record),
];

struct Kit {
    world: Simulated,
    journal: Arc<Numbers>,
}

impl Kit {
    fn new(make: Make, limits: Limits) -> Self {
        let world = Simulated::new(1);
        let journal = make(limits, &world);
        Self { world, journal }
    }

    fn append(&self, writes: &[(&str, Option<u64>)]) -> Result<Sequence, AppendError> {
        let append = |(key, value): &(&str, Option<u64>)| Append {
            key: (*key).to_owned(),
            value: *value,
            trace: None,
        };
        let (journal, writes) = (self.journal.clone(), writes.iter().map(append).collect());
        self.world.block_on(async move { journal.append(writes).await })
    }

    fn put(&self, key: &str, value: u64) {
        self.append(&[(key, Some(value))]).expect("room");
    }

    fn taker(&self) -> Task<Option<Batch<String, u64>>> {
        let journal = self.journal.clone();
        let taker = self.world.start(async move { journal.next_batch().await });
        self.world.run_until_idle();
        taker
    }

    /// The batch that is due once every interval has passed.
    fn batch(&self) -> Batch<String, u64> {
        let mut taker = self.taker();
        self.world.advance(Limits::default().flush_interval);
        taker.finished().expect("a batch is due").expect("the journal is open")
    }

    fn bury(&self, record: Record<String, u64>) -> bool {
        let (journal, reason) = (self.journal.clone(), "no".to_owned());
        let letter = DeadLetter { record, reason, superseded: false };
        self.world.block_on(async move { journal.bury(letter).await })
    }

    fn flusher(&self) -> Task<()> {
        let journal = self.journal.clone();
        self.world.start(async move { journal.flush().await })
    }
}

fn values(batch: &Batch<String, u64>) -> Vec<Option<u64>> {
    batch.records.iter().map(|record| record.value).collect()
}

fn one_by_one() -> Limits {
    Limits { coalesce: false, ..Limits::default() }
}

fn records_of_a_key_keep_their_order(make: Make) {
    let kit = Kit::new(make, one_by_one());
    (1..=3).for_each(|value| kit.put("a", value));
    let batch = kit.batch();
    assert_eq!(values(&batch), [Some(1), Some(2), Some(3)]);
    assert!(batch.records.is_sorted_by_key(|record| record.sequence));
}

fn one_batch_of_a_key_is_in_flight(make: Make) {
    let kit = Kit::new(make, one_by_one());
    kit.put("a", 1);
    let first = kit.batch();
    kit.put("a", 2);
    kit.put("b", 3);
    let second = kit.batch();
    assert_eq!(values(&second), [Some(3)]);
    let mut third = kit.taker();
    kit.world.advance(Duration::from_secs(60));
    assert!(third.finished().is_none(), "the key's batch is still on its way");
    kit.journal.applied(first);
    kit.world.advance(Duration::from_secs(60));
    assert_eq!(values(&third.finished().expect("due").expect("open")), [Some(2)]);
}

fn the_newest_write_is_pending(make: Make) {
    let kit = Kit::new(make, Limits::default());
    let a = "a".to_owned();
    assert_eq!(kit.journal.pending(&a), None);
    kit.put("a", 1);
    let first = kit.batch();
    assert_eq!(kit.journal.pending(&a), Some(Some(1)));
    kit.append(&[("a", None)]).expect("room");
    assert_eq!(kit.journal.pending(&a), Some(None));
    kit.journal.applied(first);
    assert_eq!(kit.journal.pending(&a), Some(None), "the newer write stays");
    let second = kit.batch();
    kit.journal.applied(second);
    assert_eq!(kit.journal.pending(&a), None);
}

fn coalescing(make: Make) {
    let kit = Kit::new(make, Limits::default());
    (1..=2).for_each(|value| kit.put("a", value));
    assert_eq!((kit.journal.status().records, kit.journal.status().coalesced), (1, 1));
    let first = kit.batch();
    assert_eq!(values(&first), [Some(2)]);
    (3..=4).for_each(|value| kit.put("a", value));
    assert_eq!((kit.journal.status().records, kit.journal.status().coalesced), (2, 2));
    kit.journal.applied(first);
    let second = kit.batch();
    assert_eq!(values(&second), [Some(4)]);
    kit.journal.applied(second);
    let status = kit.journal.status();
    assert_eq!((status.records, status.bytes, status.appended, status.applied), (0, 0, 4, 2));
}

fn an_append_that_does_not_fit_leaves_nothing(make: Make) {
    let kit = Kit::new(make, Limits { records_max: 2, ..Limits::default() });
    kit.put("a", 1);
    let two = [("b", Some(2)), ("c", Some(3))];
    assert_eq!(kit.append(&two), Err(AppendError::Full));
    assert_eq!(kit.journal.pending(&"b".to_owned()), None);
    let three = [("a", Some(1)), ("b", Some(2)), ("c", Some(3))];
    assert_eq!(kit.append(&three), Err(AppendError::TooLarge));
    assert_eq!(kit.journal.status().records, 1);
    kit.append(&[("a", Some(4)), ("b", Some(5))]).expect("the first takes the place of another");
}

fn bytes_are_bounded(make: Make) {
    let kit = Kit::new(make, Limits { bytes_max: 25, ..Limits::default() });
    kit.put("a", 1);
    kit.put("b", 2);
    assert_eq!(kit.append(&[("c", Some(3))]), Err(AppendError::Full));
    let three = [("a", Some(1)), ("b", Some(2)), ("c", Some(3))];
    assert_eq!(kit.append(&three), Err(AppendError::TooLarge));
    assert_eq!(kit.journal.status().bytes, 20);
}

fn room_is_announced(make: Make) {
    let kit = Kit::new(make, Limits { records_max: 1, ..Limits::default() });
    kit.put("a", 1);
    let journal = kit.journal.clone();
    let mut room = kit.world.start(async move { journal.room().await });
    kit.world.run_until_idle();
    let batch = kit.batch();
    assert!(room.finished().is_none(), "a record on its way still takes its place");
    kit.journal.applied(batch);
    kit.world.run_until_idle();
    assert!(room.finished().is_some());
    kit.put("b", 2);
}

fn a_returned_batch_comes_first(make: Make) {
    let kit = Kit::new(make, Limits { batch_max: 2, ..one_by_one() });
    kit.put("a", 1);
    let batch = kit.batch();
    kit.put("a", 2);
    kit.put("b", 3);
    kit.journal.returned(batch);
    assert_eq!(values(&kit.batch()), [Some(1), Some(2)]);
    assert_eq!(kit.journal.status().returned, 1);
}

fn a_dead_letter_holds_up_its_key_no_longer(make: Make) {
    let kit = Kit::new(make, one_by_one());
    kit.put("a", 1);
    let mut batch = kit.batch();
    kit.put("a", 2);
    let record = batch.records.pop().expect("a record");
    assert!(kit.bury(record));
    assert_eq!(values(&kit.batch()), [Some(2)]);
    let dead = kit.journal.dead();
    assert_eq!((dead.len(), dead[0].record.value, &*dead[0].reason), (1, Some(1), "no"));
    assert_eq!(kit.journal.status().dead, 1);
}

fn no_dead_letter_is_dropped(make: Make) {
    let kit = Kit::new(make, Limits { dead_max: 1, ..one_by_one() });
    let bury = |key: &str| {
        kit.put(key, 1);
        let record = kit.batch().records.remove(0);
        kit.bury(record)
    };
    assert!(bury("a"));
    assert!(!bury("b"), "there is no room for a second");
    assert_eq!(kit.journal.dead().len(), 1);
    assert_eq!(kit.journal.pending(&"b".to_owned()), Some(Some(1)));
}

fn a_flush_does_not_wait(make: Make) {
    let kit = Kit::new(make, Limits { flush_interval: Duration::from_secs(3600), ..one_by_one() });
    kit.put("a", 1);
    let mut taker = kit.taker();
    assert!(taker.finished().is_none());
    let mut flush = kit.flusher();
    kit.world.run_until_idle();
    let batch = taker.finished().expect("a flush makes it due").expect("open");
    assert!(flush.finished().is_none(), "it is not in the source yet");
    kit.world.advance(Duration::from_secs(1));
    kit.put("b", 2);
    kit.journal.applied(batch);
    kit.world.run_until_idle();
    assert!(flush.finished().is_some(), "what came later is not waited for");
}

fn a_closed_journal_gives_out_what_it_holds(make: Make) {
    let kit = Kit::new(make, one_by_one());
    kit.put("a", 1);
    kit.journal.close();
    assert_eq!(kit.append(&[("b", Some(2))]), Err(AppendError::Closed));
    let batch = kit.taker().finished().expect("due at once").expect("not empty yet");
    let mut others = [kit.taker(), kit.taker()];
    assert!(others.iter_mut().all(|other| other.finished().is_none()));
    kit.journal.applied(batch);
    kit.world.run_until_idle();
    for other in &mut others {
        assert!(other.finished().expect("the end is announced").is_none());
    }
}

fn a_full_journal_does_not_wait(make: Make) {
    let hour = Duration::from_secs(3600);
    let kit = Kit::new(make, Limits { records_max: 1, flush_interval: hour, ..Limits::default() });
    kit.put("a", 1);
    let mut taker = kit.taker();
    assert_eq!(kit.append(&[("b", Some(2))]), Err(AppendError::Full));
    kit.world.run_until_idle();
    assert_eq!(
        values(&taker.finished().expect("there is no point in waiting").expect("open")),
        [Some(1)]
    );
}

fn batches_are_bounded(make: Make) {
    let kit = Kit::new(make, Limits { batch_max: 3, ..one_by_one() });
    let interval = Limits::default().flush_interval;
    (1..=5).for_each(|value| kit.put("a", value));
    let first = kit.batch();
    assert_eq!(values(&first), [Some(1), Some(2), Some(3)]);
    kit.put("b", 6);
    kit.journal.applied(first);
    let mut next = kit.taker();
    let second = next.finished().expect("it has waited long enough").expect("open");
    assert_eq!(values(&second), [Some(4), Some(5), Some(6)]);
    kit.world.advance(interval);
}

/// Two keys of one lane, and one of another.
fn keys(make: Make) -> (String, String, String) {
    let kit = Kit::new(make, Limits::default());
    ('a'..='z').for_each(|key| kit.put(&key.to_string(), 1));
    let records = kit.batch().records;
    let same = |one: &Record<String, u64>| {
        records.iter().find(|it| it.lane == one.lane && it.key != one.key)
    };
    let first = records.iter().find(|it| same(it).is_some()).expect("more keys than lanes");
    let second = same(first).expect("it was there");
    let other = records.iter().find(|it| it.lane != first.lane).expect("several lanes");
    (first.key.clone(), second.key.clone(), other.key.clone())
}

fn a_lane_is_in_one_batch(make: Make) {
    let (first, second, other) = keys(make);
    let kit = Kit::new(make, one_by_one());
    kit.put(&first, 1);
    let batch = kit.batch();
    kit.put(&second, 2);
    kit.put(&other, 3);
    let beside = kit.batch();
    assert_eq!(values(&beside), [Some(3)], "the lane of the second key is on its way");
    kit.journal.applied(batch);
    assert_eq!(values(&kit.batch()), [Some(2)]);
}

fn a_batch_holds_the_front_of_its_lanes(make: Make) {
    let (first, second, other) = keys(make);
    let kit = Kit::new(make, Limits { batch_max: 3, ..one_by_one() });
    [&first, &second, &first, &second].iter().zip(1..).for_each(|(key, value)| kit.put(key, value));
    kit.world.advance(Duration::from_millis(1));
    kit.put(&other, 5);
    let batch = kit.batch();
    assert_eq!(values(&batch), [Some(1), Some(2), Some(3)], "the lane that waits longest");
    let sequences: Vec<_> = batch.records.iter().map(|record| record.sequence).collect();
    let [mark] = batch.marks[..] else { panic!("one lane: {:?}", batch.marks) };
    assert!(sequences[2] <= mark.sequence && mark.sequence < Sequence(sequences[2].0 + 1));
    let rest = kit.batch();
    assert_eq!(values(&rest), [Some(5)]);
    kit.journal.applied(batch);
    assert_eq!(values(&kit.batch()), [Some(4)]);
}

fn marks_pass_over_what_is_superseded(make: Make) {
    let (first, second, _) = keys(make);
    let kit = Kit::new(make, Limits { batch_max: 1, ..Limits::default() });
    kit.put(&first, 1);
    kit.put(&second, 2);
    kit.put(&first, 3);
    let batch = kit.batch();
    assert_eq!(values(&batch), [Some(2)], "the first is superseded, wherever its successor is");
    let mark = batch.marks[0].sequence;
    assert!(mark >= batch.records[0].sequence);
    kit.journal.applied(batch);
    let next = kit.batch();
    assert_eq!(values(&next), [Some(3)]);
    assert!(mark < next.records[0].sequence && next.records[0].sequence <= next.marks[0].sequence);
}

fn superseded_in_flight(make: Make) {
    let kit = Kit::new(make, Limits::default());
    kit.put("a", 1);
    let batch = kit.batch();
    kit.put("a", 2);
    assert_eq!(kit.journal.status().records, 2, "one is on its way");
    kit.journal.returned(batch);
    assert_eq!((kit.journal.status().records, kit.journal.status().coalesced), (1, 1));
    assert_eq!(values(&kit.batch()), [Some(2)]);
}

fn what_the_source_has_leaves(make: Make) {
    let (first, second, other) = keys(make);
    let kit = Kit::new(make, one_by_one());
    kit.put(&first, 1);
    kit.put(&other, 2);
    let batch = kit.batch();
    let mark = |key: &str| {
        let record = batch.records.iter().find(|record| record.key == key).expect("it is there");
        Mark { lane: record.lane, sequence: record.sequence }
    };
    let reached = mark(&first);
    kit.journal.returned(batch);
    kit.put(&second, 3);
    kit.journal.settle(&[reached]);
    assert_eq!(kit.journal.pending(&first), None);
    assert_eq!(values(&kit.batch()), [Some(2), Some(3)]);
    assert_eq!(kit.journal.status().applied, 1);
}

impl Kit {
    /// Appends a write and has the source refuse it.
    fn poison(&self, key: &str, value: u64) -> Sequence {
        self.put(key, value);
        let record = self.batch().records.remove(0);
        let sequence = record.sequence;
        assert!(self.bury(record));
        sequence
    }

    fn drop_dead(&self, sequences: Vec<Sequence>) -> usize {
        let journal = self.journal.clone();
        let dropped = self.world.block_on(async move { journal.drop_dead(sequences).await });
        dropped.expect("nothing fails")
    }
}

fn dead_letters_are_dropped(make: Make) {
    let kit = Kit::new(make, Limits::default());
    let (first, second) = (kit.poison("a", 1), kit.poison("b", 2));
    assert_eq!(kit.drop_dead(vec![first, first, Sequence(u64::MAX)]), 1);
    assert_eq!((kit.journal.dead().len(), kit.journal.status().dead), (1, 1));
    assert_eq!(kit.journal.dead()[0].record.sequence, second);
}

fn a_newer_write_supersedes_a_dead_letter(make: Make) {
    let kit = Kit::new(make, Limits::default());
    kit.poison("a", 1);
    kit.put("b", 1);
    let superseded = |kit: &Kit| kit.journal.dead()[0].superseded;
    assert!(!superseded(&kit));
    kit.put("a", 2);
    assert!(superseded(&kit), "a newer one is pending");
    kit.journal.applied(kit.batch());
    assert!(superseded(&kit), "a newer one is in the source");
}

fn a_forfeited_journal_stands_still(make: Make) {
    let kit = Kit::new(make, Limits::default());
    kit.put("a", 1);
    let mut flush = kit.flusher();
    kit.world.run_until_idle();
    kit.journal.forfeit("somebody else has it");
    let refused = AppendError::Failed("somebody else has it".to_owned());
    assert_eq!(kit.append(&[("b", None)]), Err(refused.clone()));
    assert_eq!(kit.journal.refusal(), Some(refused));
    for mut taker in [kit.taker(), kit.taker()] {
        assert!(taker.finished().expect("nobody is left waiting").is_none());
    }
    kit.world.advance(Duration::from_secs(60));
    assert!(flush.finished().is_none(), "what is held has not left");
    assert_eq!(kit.journal.pending(&"a".to_owned()), Some(Some(1)));
}

fn a_flush_of_a_key_waits_for_that_key(make: Make) {
    let (first, _, other) = keys(make);
    let hour = Duration::from_secs(3600);
    let kit = Kit::new(make, Limits { flush_interval: hour, batch_max: 1, ..Limits::default() });
    kit.put(&first, 1);
    kit.put(&other, 2);
    let (journal, key) = (kit.journal.clone(), other.clone());
    let mut flush = kit.world.start(async move { journal.flush_key(&key).await });
    kit.world.run_until_idle();
    let mut batches = [kit.batch(), kit.batch()];
    batches.sort_by_key(|batch| batch.records[0].key == first);
    let [others, firsts] = batches;
    kit.world.advance(Duration::from_secs(1));
    assert!(flush.finished().is_none());
    kit.journal.applied(others);
    kit.world.run_until_idle();
    assert!(flush.finished().is_some(), "the other lane is not waited for");
    kit.journal.applied(firsts);
}

fn one_key_costs_one_record(make: Make) {
    let (first, second, other) = keys(make);
    let kit = Kit::new(make, Limits { records_max: 3, ..Limits::default() });
    kit.put(&second, 0);
    for value in 0..1000 {
        kit.put(&first, value);
        kit.put(&other, value);
    }
    let status = kit.journal.status();
    assert_eq!((status.records, status.coalesced), (3, 1998));
    assert_eq!(values(&kit.batch()), [Some(0), Some(999), Some(999)]);
}
