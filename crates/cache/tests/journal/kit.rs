//! A journal on a platter, in a world of its own.

use std::sync::Arc;
use std::time::Duration;

use larder::journal::{
    Append, AppendError, Batch, DeadLetter, FileJournal, FileOptions, Journal, Limits, OpenError,
    Record, Sequence, SerdeCodec, SyncMode,
};
use larder::runtime::Simulated;

use crate::platter::Platter;

pub type Numbers = Arc<FileJournal<String, u64>>;

/// A write as a journal holds it.
pub type Held = (String, Option<u64>);

#[derive(Clone)]
pub struct Kit {
    pub world: Simulated,
    pub platter: Platter,
    pub options: FileOptions,
}

impl Kit {
    /// Segments of a kilobyte, and no coalescing: what was written is what is held.
    pub fn new() -> Self {
        let limits =
            Limits { coalesce: false, batch_max: 100_000, dead_max: 100, ..Limits::default() };
        let options = FileOptions {
            limits,
            segment_bytes: 1024,
            sync: SyncMode::Always,
            ..FileOptions::default()
        };
        Self { world: Simulated::new(1), platter: Platter::default(), options }
    }

    pub fn with_sync(sync: SyncMode) -> Self {
        let mut kit = Self::new();
        kit.options.sync = sync;
        kit
    }

    /// The same options on another disk, in another world.
    pub fn elsewhere(&self, platter: Platter) -> Self {
        Self { world: Simulated::new(2), platter, options: self.options.clone() }
    }

    pub fn try_open(&self) -> Result<Numbers, OpenError> {
        let (disk, options) = (Arc::new(self.platter.clone()), self.options.clone());
        let runtime = Arc::new(self.world.clone());
        let open = FileJournal::open_on(disk, options, Arc::new(SerdeCodec), runtime);
        self.world.block_on(open).map(Arc::new)
    }

    pub fn open(&self) -> Numbers {
        self.try_open().unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn append(
        &self,
        journal: &Numbers,
        writes: &[(&str, Option<u64>)],
    ) -> Result<Sequence, AppendError> {
        let append = |(key, value): &(&str, Option<u64>)| Append {
            key: (*key).to_owned(),
            value: *value,
            trace: None,
        };
        let (journal, writes) = (journal.clone(), writes.iter().map(append).collect());
        self.world.block_on(async move { journal.append(writes).await })
    }

    pub fn put(&self, journal: &Numbers, key: &str, value: u64) -> Sequence {
        self.append(journal, &[(key, Some(value))]).expect("there is room")
    }

    /// Puts several, each in a group of its own: the key is the number's name.
    pub fn fill(&self, journal: &Numbers, numbers: std::ops::Range<u64>) {
        for number in numbers {
            self.put(journal, &name(number), number);
        }
    }

    pub fn batch(&self, journal: &Numbers) -> Batch<String, u64> {
        let journal = journal.clone();
        let batch = self.world.block_on(async move { journal.next_batch().await });
        batch.expect("a batch is due")
    }

    /// All that is held and in no batch.
    pub fn held(&self, journal: &Numbers) -> Vec<Held> {
        if journal.status().records == 0 {
            return Vec::new();
        }
        let batch = self.batch(journal);
        let held = batch.records.iter().map(|it| (it.key.clone(), it.value)).collect();
        journal.returned(batch);
        held
    }

    pub fn bury(&self, journal: &Numbers, record: Record<String, u64>) -> bool {
        let letter = DeadLetter { record, reason: "no".to_owned(), superseded: false };
        let journal = journal.clone();
        self.world.block_on(async move { journal.bury(letter).await })
    }

    pub fn drop_dead(
        &self,
        journal: &Numbers,
        sequences: &[Sequence],
    ) -> Result<usize, AppendError> {
        let (journal, sequences) = (journal.clone(), sequences.to_vec());
        self.world.block_on(async move { journal.drop_dead(sequences).await })
    }

    pub fn checkpoint(&self, journal: &Numbers) -> Result<(), AppendError> {
        let journal = journal.clone();
        self.world.block_on(async move { journal.checkpoint().await })
    }

    /// Long enough for everything that is done when nothing comes.
    pub fn rest(&self) {
        self.world.advance(Duration::from_secs(2));
    }

    pub fn end(&self, journal: Numbers) {
        self.world.block_on(async move { journal.end().await });
    }
}

pub fn name(number: u64) -> String {
    format!("key {number}")
}

/// What [`Kit::fill`] put.
pub fn filled(numbers: std::ops::Range<u64>) -> Vec<Held> {
    numbers.map(|number| (name(number), Some(number))).collect()
}
