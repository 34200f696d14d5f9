use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier};
use std::thread;

use super::*;
use crate::model::Mandate;
use crate::model::worker::Deputy;

const MANDATE: u64 = 3;

/// The tier, and a deputy that reads it as a worker does.
struct Scene {
    tier: SharedTier,
    deputy: SharedHits,
    _parent: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let parent = tempfile::tempdir().unwrap();
        let tier = SharedTier::create_in(Scratch::create_in(parent.path()).unwrap()).unwrap();
        let page = Page::open(&tier.folder().join(PAGE)).unwrap();
        // One process must not open it twice.
        let deputy = SharedHits::over(tier.env.clone(), page).unwrap();
        tier.follow(MANDATE);
        Self { tier, deputy, _parent: parent }
    }

    fn fill(&self, key: &str, value: &str) {
        self.fill_under(self.tier.lease(key.as_bytes()).unwrap(), key, value);
    }

    fn fill_under(&self, lease: Lease, key: &str, value: &str) {
        let fill = Fill::new(key.as_bytes(), lease, value.as_bytes(), None).unwrap();
        self.tier.fill(&[fill]);
    }

    fn change(&self, key: &[u8]) {
        self.tier.begin_change(key);
        self.tier.end_change(key);
    }

    fn clear(&self) {
        self.tier.begin_clear();
        self.tier.end_clear();
    }

    fn get(&mut self, key: &str) -> Option<String> {
        self.get_under(Mandate(MANDATE), key)
    }

    fn get_under(&mut self, mandate: Mandate, key: &str) -> Option<String> {
        let request = format!("*2\r\n$3\r\nGET\r\n${}\r\n{key}\r\n", key.len());
        let mut reply = Vec::new();
        let length = self.deputy.answer(mandate, request.as_bytes(), &mut reply);
        assert!(length.is_some() || reply.is_empty());
        length.map(|length| {
            assert_eq!(length, request.len());
            String::from_utf8(reply).unwrap()
        })
    }
}

#[test]
fn what_is_there_is_answered_and_counted() {
    let mut scene = Scene::new();
    scene.fill("a", "one");
    scene.fill("empty", "");
    assert_eq!(scene.get("a").as_deref(), Some("$3\r\none\r\n"));
    assert_eq!(scene.get("empty").as_deref(), Some("$0\r\n\r\n"));
    assert_eq!(scene.get("b"), None);
    assert_eq!(scene.tier.hits(), 2);
}

#[test]
fn a_mandate_that_is_not_in_force_is_no_mandate() {
    let mut scene = Scene::new();
    scene.fill("a", "one");
    for number in [MANDATE - 1, MANDATE + 1] {
        assert_eq!(scene.get_under(Mandate(number), "a"), None);
    }
    scene.tier.follow(MANDATE + 1);
    assert_eq!(scene.get("a"), None);
}

#[test]
fn a_reply_is_taken_back_when_its_mandate_ends_meanwhile() {
    let ends: [fn(&SharedTier); 2] = [|tier| tier.follow(MANDATE + 1), |tier| tier.page.close()];
    for end in ends {
        let scene = Scene::new();
        let mut output = b"before".to_vec();
        let replied = scene.deputy.under(Mandate(MANDATE), &mut output, |output| {
            output.extend_from_slice(b"what may not be served any more");
            end(&scene.tier);
            Some(())
        });
        assert_eq!((replied, &output[..]), (None, &b"before"[..]));
    }
}

#[test]
fn a_change_takes_the_value_out_before_it_returns() {
    let mut scene = Scene::new();
    scene.fill("a", "one");
    scene.fill("b", "two");
    scene.change(b"a");
    assert_eq!(scene.get("a"), None);
    assert!(scene.get("b").is_some());
    scene.clear();
    assert_eq!(scene.get("b"), None);
}

#[test]
fn a_value_that_was_read_before_a_change_is_not_put_there_after_it() {
    let changes: [fn(&Scene); 2] = [|scene| scene.change(b"a"), Scene::clear];
    for change in changes {
        let mut scene = Scene::new();
        let lease = scene.tier.lease(b"a").unwrap();
        change(&scene);
        scene.fill_under(lease, "a", "old");
        assert_eq!(scene.get("a"), None);
        scene.fill("a", "new");
        assert_eq!(scene.get("a").as_deref(), Some("$3\r\nnew\r\n"));
    }
}

#[test]
fn there_is_no_lease_while_a_change_goes_on() {
    let mut scene = Scene::new();
    let lease = scene.tier.lease(b"a").unwrap();
    scene.fill("a", "one");
    scene.tier.begin_change(b"a");
    assert_eq!(scene.get("a"), None, "the memory tier may show a newer value from now on");
    assert_eq!(scene.tier.lease(b"a"), None);
    scene.fill_under(lease, "a", "one");
    assert_eq!(scene.get("a"), None);
    scene.tier.end_change(b"a");
    assert!(scene.tier.lease(b"a").is_some());
    scene.tier.begin_clear();
    assert_eq!(scene.tier.lease(b"a"), None);
}

#[test]
fn a_value_is_served_until_it_expires() {
    let mut scene = Scene::new();
    let until = Moment::now() + std::time::Duration::from_millis(20);
    let lease = scene.tier.lease(b"a").unwrap();
    scene.tier.fill(&[Fill::new(b"a", lease, b"short", Some(until)).unwrap()]);
    while Moment::now() < until {
        scene.get("a");
    }
    assert_eq!(scene.get("a"), None);
    scene.fill("a", "again");
    assert_eq!(scene.get("a").as_deref(), Some("$5\r\nagain\r\n"));
}

#[test]
fn a_key_that_lmdb_does_not_take_is_the_parents() {
    let mut scene = Scene::new();
    let (long, longest) = ("k".repeat(512), "k".repeat(511));
    assert!(scene.tier.lease(long.as_bytes()).is_none());
    assert!(scene.tier.lease(b"").is_none());
    scene.change(long.as_bytes());
    assert_eq!((scene.get(&long), scene.get("")), (None, None));
    scene.fill(&longest, "v");
    assert!(scene.get(&longest).is_some());
}

#[test]
fn a_full_tier_begins_anew() {
    let mut scene = Scene::new();
    let value = "v".repeat(60_000);
    let enough = 2 * BYTES_MAX / value.len();
    for number in 0..enough {
        scene.fill(&number.to_string(), &value);
    }
    assert_eq!(scene.get("0"), None);
    assert!(scene.get(&(enough - 1).to_string()).is_some());
    assert!(scene.tier.env.real_disk_size().unwrap() <= BYTES_MAX as u64);
    scene.change((enough - 1).to_string().as_bytes());
    assert_eq!(scene.get(&(enough - 1).to_string()), None);
}

#[test]
fn a_tier_that_cannot_let_go_of_a_value_is_closed() {
    let mut scene = Scene::new();
    scene.fill("a", "one");
    scene.tier.change(|_| Err(heed::Error::Io(io::ErrorKind::StorageFull.into())));
    assert_eq!(scene.tier.page.mandate(), Mandate(u64::MAX));
    assert_eq!(scene.get("a"), None);
    assert!(scene.tier.lease(b"a").is_none());
}

/// Set, to the folder of a tier, where this program is a worker that is killed.
const KILLED_READER: &str = "LARDER_TEST_KILLED_READER";

#[test]
fn a_killed_reader_reads() {
    if let Some(folder) = std::env::var_os(KILLED_READER) {
        let env = options(Path::new(&folder), EnvFlags::READ_ONLY).unwrap();
        let _look = env.read_txn().unwrap();
        println!("looks");
        io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }
}

/// Has another process look into the tier, and kills it in the midst of that.
fn killed_while_it_looks(tier: &SharedTier) {
    let mut reader = Command::new("/proc/self/exe")
        .args(["shared_tier::tests::a_killed_reader_reads", "--exact", "--nocapture"])
        .env(KILLED_READER, tier.folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(reader.stdout.take().unwrap());
    assert!(told.lines().any(|line| line.unwrap().contains("looks")), "it cannot look");
    reader.kill().unwrap();
    reader.wait().unwrap();
}

#[test]
fn a_killed_reader_keeps_nothing_from_being_taken_out() {
    let scene = Scene::new();
    scene.fill("a", "one");
    killed_while_it_looks(&scene.tier);
    let value = vec![0; 60_000];
    for round in 0..2 * BYTES_MAX / value.len() {
        // Each takes room that the dead reader does not let go of.
        scene.tier.change(|transaction| scene.tier.values.put(transaction, b"b", &value));
        assert!(!scene.tier.page.is_closed(), "{round}");
    }
}

#[test]
fn there_is_room_for_all_readers_from_the_start() {
    let scene = Scene::new();
    assert!(scene.tier.env.info().maximum_number_of_readers >= READERS_MAX);
    let lock = fs::metadata(scene.tier.folder().join(LOCK)).unwrap();
    assert_eq!(lock.len(), LOCK_BYTES);
    assert!(512 * lock.blocks() >= LOCK_BYTES);
}

#[test]
fn a_reader_that_stands_still_does_not_keep_what_has_changed() {
    let mut scene = Scene::new();
    scene.fill("b", "kept");
    let env = scene.tier.env.clone();
    thread::scope(|scope| {
        let (looks, over) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let (looks_too, over_too) = (looks.clone(), over.clone());
        scope.spawn(move || {
            // In the middle of a look, so that nothing of the file is ever free again.
            let look = env.read_txn().unwrap();
            looks_too.wait();
            over_too.wait();
            drop(look);
        });
        looks.wait();
        let value = "v".repeat(60_000);
        for round in 0..2 * BYTES_MAX / value.len() {
            if let Some(lease) = scene.tier.lease(b"a") {
                scene.fill_under(lease, "a", &value);
            }
            scene.change(b"a");
            assert_eq!(scene.get("a"), None, "{round}");
        }
        over.wait();
    });
    scene.change(b"b");
    assert_eq!(scene.get("b"), None);
}
