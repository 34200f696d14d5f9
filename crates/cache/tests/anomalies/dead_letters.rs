//! Anomaly 17: what the source refused is kept, written once more, or given up: by a person's choice.

use std::sync::Arc;

use larder::journal::{Limits, Sequence};
use larder::runtime::Simulated;
use larder::strategy::WriteBehind;
use larder::{Cache, Replayed};

use crate::kit::{Database, Fault, TestTier};
use crate::larder_subject::TestCache;

struct Kit {
    world: Simulated,
    database: Database,
    cache: TestCache,
}

impl Kit {
    fn new() -> Self {
        let (world, database) = (Simulated::new(1), Database::default());
        let limits = Limits { batch_max: 1, coalesce: false, ..Limits::default() };
        let cache = Cache::builder("test")
            .tier(TestTier::new())
            .source(database.clone())
            .strategy(WriteBehind { limits, ..WriteBehind::default() })
            .runtime(Arc::new(world.clone()))
            .build()
            .expect("a cache");
        Self { world, database, cache }
    }

    /// Writes what the source refuses.
    fn poison(&self, key: &str, value: Option<u64>) -> Sequence {
        self.database.fail_store(Fault::Rejects);
        self.write(key, value);
        let letters = self.cache.dead_letters();
        letters.last().expect("a letter").record.sequence
    }

    fn write(&self, key: &str, value: Option<u64>) {
        let (cache, key) = (self.cache.clone(), key.to_owned());
        self.world.block_on(async move {
            match value {
                Some(value) => cache.put(key, value).await.expect("a write"),
                None => drop(cache.remove(key).await.expect("a write")),
            }
            cache.flush().await.expect("a flush");
        });
    }

    fn replay(&self, sequences: &[Sequence], force: bool) -> Replayed {
        let (cache, sequences) = (self.cache.clone(), sequences.to_vec());
        self.world.block_on(async move {
            let replayed = cache.replay_dead_letters(sequences, force).await.expect("a replay");
            cache.flush().await.expect("a flush");
            replayed
        })
    }

    fn listed(&self) -> Vec<(String, Option<u64>, bool)> {
        let letters = self.cache.dead_letters().into_iter();
        letters.map(|it| (it.record.key, it.record.value, it.superseded)).collect()
    }
}

#[test]
fn a_dead_letter_is_written_once_more_and_leaves_the_list() {
    let kit = Kit::new();
    let letter = kit.poison("k", Some(1));
    assert_eq!(kit.cache.dead_letters()[0].reason, "a constraint failed");
    assert_eq!(kit.replay(&[letter], false), Replayed { queued: 1, left: 0 });
    assert_eq!((kit.database.row("k"), kit.cache.peek("k")), (Some(1), Some(1)));
    assert_eq!(kit.listed(), []);
    assert_eq!(kit.replay(&[letter], true), Replayed::default(), "it is on the list no more");
}

#[test]
fn a_replay_undoes_no_newer_write_unless_it_is_forced_to() {
    let kit = Kit::new();
    let letter = kit.poison("k", Some(1));
    kit.write("k", Some(2));
    assert_eq!(kit.listed(), [("k".to_owned(), Some(1), true)]);
    assert_eq!(kit.replay(&[letter], false), Replayed { queued: 0, left: 1 });
    assert_eq!((kit.database.row("k"), kit.listed().len()), (Some(2), 1));
    assert_eq!(kit.replay(&[letter], true), Replayed { queued: 1, left: 0 });
    assert_eq!((kit.database.row("k"), kit.cache.peek("k")), (Some(1), Some(1)));
    assert_eq!(kit.listed(), []);
}

#[test]
fn letters_of_one_key_are_replayed_in_their_order() {
    let kit = Kit::new();
    let letters = [Some(1), None, Some(3)].map(|value| kit.poison("k", value));
    let other = kit.poison("other", Some(7));
    let [first, second, third] = letters;
    assert_eq!(kit.replay(&[third, other, first, second], false).queued, 4);
    assert_eq!((kit.database.row("k"), kit.database.row("other")), (Some(3), Some(7)));
    assert_eq!(kit.database.commits("k"), [Some(3)]);
}

#[test]
fn a_delete_that_was_refused_is_replayed_as_a_delete() {
    let kit = Kit::new();
    kit.write("k", Some(1));
    let letter = kit.poison("k", None);
    assert_eq!(kit.replay(&[letter], false).queued, 1);
    assert_eq!(kit.database.row("k"), None);
}

#[test]
fn a_letter_that_is_refused_again_is_on_the_list_again() {
    let kit = Kit::new();
    let letter = kit.poison("k", Some(1));
    kit.database.fail_store(Fault::Rejects);
    assert_eq!(kit.replay(&[letter], false).queued, 1);
    let again = kit.cache.dead_letters();
    assert_eq!((again.len(), again[0].record.value), (1, Some(1)));
    assert!(again[0].record.sequence > letter);
}

#[test]
fn dropped_letters_are_gone_for_good() {
    let kit = Kit::new();
    let letters = [kit.poison("a", Some(1)), kit.poison("b", Some(2))];
    let cache = kit.cache.clone();
    let gone =
        kit.world.block_on(async move { cache.drop_dead_letters(letters[..1].to_vec()).await });
    assert_eq!(gone.unwrap(), 1);
    assert_eq!(kit.listed(), [("b".to_owned(), Some(2), false)]);
    assert_eq!(kit.replay(&letters, false), Replayed { queued: 1, left: 0 });
    assert_eq!(kit.database.row("a"), None);
}
