use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use larder::runtime::Simulated;
use larder::{Builder, Cache};
use larder_protocol::Limits;
use larder_protocol::error::Error;
use larder_protocol::hub::Hub;
use larder_protocol::reply::Reply;
use larder_protocol::settings::place;
use larder_protocol::store::{
    Change, Edit, EditFn, Expiry, Mode, Outcome, Request, Store, Terms, Ticket, Transferred,
};
use larder_protocol::value::View;

use super::ClientStore;
use crate::key::Key;
use crate::keyspace::tests::plain_over;
use crate::keyspaces::Keyspaces;
use crate::status::Status;
use crate::value::Value;

/// The keyspaces `hot:` and the default one, without sources, under a clock of their own.
struct Scene {
    world: Simulated,
    status: Arc<Status>,
}

impl Scene {
    fn new() -> Self {
        Self::of(|cache| cache.max_entries(100))
    }

    /// With caches that are built in this way.
    fn of(build: fn(Builder<Key, Value>) -> Builder<Key, Value>) -> Self {
        let world = Simulated::new(1);
        let hub = Hub::new(Limits::default());
        let keyspace = |name, prefix| {
            let cache = build(Cache::builder(name)).runtime(Arc::new(world.clone()));
            plain_over(cache, &hub, name, prefix)
        };
        let (hot, default) = (keyspace("hot", "hot:"), keyspace("default", ""));
        let keyspaces = Keyspaces::new(vec![hot], Some(default), 100, hub.clone());
        let status = Arc::new(Status::new(keyspaces, "tasks".to_owned(), 7379));
        Self { world, status }
    }

    fn client(&self) -> Client {
        let store = ClientStore::new(1, self.status.clone(), Waker::noop().clone());
        Client { store, database: 0, touch: true }
    }
}

/// A client whose every question is a batch of its own.
struct Client {
    store: ClientStore,
    database: u8,
    touch: bool,
}

impl Client {
    fn in_database(mut self, database: u8) -> Self {
        self.database = database;
        self
    }

    fn terms(&self) -> Terms {
        Terms { database: self.database, touch: self.touch, mode: Mode::Plain, bytes: 0 }
    }

    fn ask(&mut self, request: Request<'_>) -> Result<Outcome, Error> {
        let terms = self.terms();
        self.store.begin();
        let answer = self.store.ask(Ticket(1), terms, request);
        self.store.dispatch();
        Ok(answer?.expect("nothing here has to wait"))
    }

    fn set(&mut self, key: &str, value: &str) {
        self.set_for(key, value, Expiry::Default);
    }

    fn set_for(&mut self, key: &str, value: &str, expiry: Expiry) {
        let (key, value) = (key.as_bytes(), value.as_bytes());
        self.ask(Request::Put { key, value, expiry }).unwrap();
    }

    fn change(&mut self, key: &str, change: Change) {
        let edit: EditFn = Box::new(|_| Ok(Edit { change, reply: Reply::Null }));
        self.ask(Request::Update { key: key.as_bytes(), edit }).unwrap();
    }

    fn get(&mut self, key: &str) -> Option<String> {
        self.look(key).map(|(value, _)| value)
    }

    /// The value of a key and in how many milliseconds it expires.
    fn look(&mut self, key: &str) -> Option<(String, Option<u64>)> {
        let (terms, mut seen) = (self.terms(), None);
        self.store.begin();
        let read = self.store.read(terms, key.as_bytes(), &mut |item| {
            seen = item.map(|item| {
                let View::Bytes(bytes) = item.value else { panic!("{key} is no string") };
                (String::from_utf8_lossy(bytes).into_owned(), item.expires_in_ms)
            });
        });
        self.store.dispatch();
        read.unwrap().unwrap();
        seen
    }

    /// The time of day at which a key expires.
    fn end(&mut self, key: &str) -> u64 {
        let (_, left) = self.look(key).unwrap();
        self.store.unix_ms() + left.unwrap()
    }

    fn rename(&mut self, from: &str, to: &str) -> Transferred {
        self.transfer(from, to, self.database, false, true)
    }

    fn transfer(
        &mut self,
        from: &str,
        to: &str,
        to_database: u8,
        keep: bool,
        replace: bool,
    ) -> Transferred {
        let (from, to) = (from.as_bytes(), to.as_bytes());
        match self.ask(Request::Transfer { from, to, to_database, keep, replace }).unwrap() {
            Outcome::Transferred(transferred) => transferred,
            other => panic!("{other:?}"),
        }
    }

    fn size(&mut self) -> u64 {
        match self.ask(Request::Size).unwrap() {
            Outcome::Count(count) => count,
            other => panic!("{other:?}"),
        }
    }

    /// All keys of the database, by a walk in steps of `count`.
    fn keys(&mut self, count: usize) -> Vec<String> {
        let (mut keys, mut cursor) = (Vec::new(), 0);
        loop {
            cursor = self.store.scan(self.database, cursor, count, &mut |key, _| {
                keys.push(String::from_utf8_lossy(key).into_owned());
            });
            if cursor == 0 {
                keys.sort_unstable();
                return keys;
            }
        }
    }

    fn encoding(&mut self, key: &str) -> &'static str {
        self.store.inspect(self.database, key.as_bytes()).unwrap().unwrap().encoding
    }

    fn idle_s(&mut self, key: &str) -> u64 {
        self.store.inspect(self.database, key.as_bytes()).unwrap().unwrap().idle_s
    }
}

#[test]
fn a_key_belongs_to_one_database_unless_its_keyspace_has_a_prefix() {
    let scene = Scene::new();
    let (mut zero, mut three) = (scene.client(), scene.client().in_database(3));
    zero.set("a", "zero");
    three.set("a", "three");
    three.set("hot:a", "shared");
    assert_eq!(zero.get("a").unwrap(), "zero");
    assert_eq!(three.get("a").unwrap(), "three");
    assert_eq!(zero.get("hot:a").unwrap(), "shared");
    assert_eq!(
        (zero.keys(10), three.keys(10)),
        (vec!["a".into(), "hot:a".into()], vec!["a".into()])
    );
    assert_eq!((zero.size(), three.size()), (2, 1));
}

#[test]
fn a_database_is_cleared_on_its_own() {
    let scene = Scene::new();
    let (mut zero, mut three) = (scene.client(), scene.client().in_database(3));
    for key in ["a", "hot:a"] {
        zero.set(key, "1");
    }
    three.set("a", "1");
    three.ask(Request::Clear { all: false }).unwrap();
    assert_eq!((zero.size(), three.size()), (2, 0));
    three.set("a", "1");
    zero.ask(Request::Clear { all: false }).unwrap();
    assert_eq!((zero.keys(10), three.size()), (vec![], 1), "the prefixed keys are in database 0");
    zero.set("a", "1");
    three.ask(Request::Clear { all: true }).unwrap();
    assert_eq!((zero.size(), three.size()), (0, 0));
}

#[test]
fn a_walk_meets_each_key_of_all_keyspaces_once() {
    let scene = Scene::new();
    let mut client = scene.client();
    let mut expected: Vec<String> =
        (0..30).flat_map(|n| [format!("key:{n}"), format!("hot:{n}")]).collect();
    expected.iter().for_each(|key| client.set(key, "v"));
    expected.sort_unstable();
    for count in [1, 7, 1_000] {
        assert_eq!(client.keys(count), expected, "in steps of {count}");
    }
}

#[test]
fn what_has_expired_is_shown_to_nobody() {
    let scene = Scene::new();
    let mut client = scene.client();
    client.set_for("short", "v", Expiry::InMs(1_000));
    client.set("long", "v");
    scene.world.advance(Duration::from_secs(2));
    client.store.begin();
    assert_eq!(client.keys(10), ["long"]);
    assert_eq!(client.size(), 2, "it is counted until it is swept");
    scene.status.keyspaces.sweep();
    assert_eq!(client.size(), 1);
}

#[test]
fn what_is_read_after_its_end_is_gone_although_nobody_sweeps() {
    let scene = Scene::new();
    let mut client = scene.client();
    client.set_for("short", "v", Expiry::InMs(1_000));
    scene.world.advance(Duration::from_secs(2));
    assert_eq!(client.get("short"), None);
    assert_eq!(client.size(), 0);
}

#[test]
fn an_end_stays_the_same_whenever_it_is_asked_for() {
    let scene = Scene::new();
    let mut client = scene.client();
    scene.world.advance(Duration::from_micros(700));
    client.set_for("a", "1", Expiry::InMs(60_000));
    let end = client.end("a");
    for wait in [100, 200, 900, 1_000, 12_345] {
        scene.world.advance(Duration::from_micros(wait));
        assert_eq!(client.end("a"), end, "{wait} microseconds later");
    }
    client.rename("a", "hot:b");
    assert_eq!(client.end("hot:b"), end);
}

#[test]
fn a_cursor_beyond_the_last_position_ends_the_walk() {
    let scene = Scene::new();
    let mut client = scene.client();
    client.set("a", "1");
    assert_eq!(client.store.scan(0, u64::MAX, 10, &mut |_, _| panic!("there is nothing")), 0);
}

#[test]
fn any_key_is_one_that_is_there() {
    let scene = Scene::new();
    let mut client = scene.client();
    assert_eq!(client.ask(Request::RandomKey), Ok(Outcome::Reply(Reply::Null)));
    client.set_for("short", "v", Expiry::InMs(1_000));
    (0..20).for_each(|n| client.set(&format!("hot:{n}"), "v"));
    scene.world.advance(Duration::from_secs(2));
    let mut drawn = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let Ok(Outcome::Reply(Reply::Bulk(key))) = client.ask(Request::RandomKey) else { panic!() };
        drawn.insert(String::from_utf8(key).unwrap());
    }
    assert!(drawn.iter().all(|key| key.starts_with("hot:")), "{drawn:?}");
    assert!(drawn.len() > 5, "{drawn:?}");
}

#[test]
fn a_renamed_key_keeps_its_value_and_its_expiry() {
    let scene = Scene::new();
    let mut client = scene.client();
    client.set_for("a", "1", Expiry::InMs(60_000));
    client.set("b", "2");
    assert_eq!(client.rename("a", "hot:c"), Transferred::Done);
    assert_eq!(client.look("hot:c"), Some(("1".into(), Some(60_000))));
    assert_eq!(client.get("a"), None);
    assert_eq!(client.rename("b", "hot:c"), Transferred::Done);
    assert_eq!(client.look("hot:c"), Some(("2".into(), None)), "the earlier expiry goes as well");
    assert_eq!(client.rename("none", "b"), Transferred::Missing);
    assert_eq!(client.rename("hot:c", "hot:c"), Transferred::Done);
    assert_eq!(client.keys(10), ["hot:c"]);
}

#[test]
fn an_expiry_may_be_as_far_away_as_redis_allows() {
    let scene = Scene::new();
    let mut client = scene.client();
    for left in [300 * 31_536_000_000, i64::MAX.unsigned_abs() - 2_000_000_000_000] {
        client.set_for("a", "1", Expiry::InMs(left));
        assert_eq!(client.look("a"), Some(("1".into(), Some(left))));
        client.rename("a", "b");
        assert_eq!(client.look("b"), Some(("1".into(), Some(left))));
    }
}

#[test]
fn a_key_that_cannot_be_renamed_stays() {
    let scene = Scene::of(|cache| {
        cache.max_bytes(1_000, |key: &Key, _| if key.as_ref() == b"large" { 2_000 } else { 1 })
    });
    let mut client = scene.client();
    client.set_for("a", "1", Expiry::InMs(60_000));
    let (from, to) = (b"a".as_slice(), b"large".as_slice());
    let rename = Request::Transfer { from, to, to_database: 0, keep: false, replace: true };
    assert!(client.ask(rename).is_err());
    assert_eq!(client.look("a"), Some(("1".into(), Some(60_000))));
    assert_eq!(client.get("large"), None);
}

#[test]
fn a_copy_goes_to_another_database_and_gives_way_to_what_is_there() {
    let scene = Scene::new();
    let (mut zero, mut one) = (scene.client(), scene.client().in_database(1));
    zero.set("a", "1");
    assert_eq!(zero.transfer("a", "a", 1, true, false), Transferred::Done);
    assert_eq!((zero.get("a").unwrap(), one.get("a").unwrap()), ("1".into(), "1".into()));
    zero.set("a", "2");
    assert_eq!(zero.transfer("a", "a", 1, true, false), Transferred::Occupied);
    assert_eq!(one.get("a").unwrap(), "1");
    assert_eq!(zero.transfer("a", "a", 1, true, true), Transferred::Done);
    assert_eq!(one.get("a").unwrap(), "2");
    assert_eq!(
        zero.transfer("a", "a", 0, false, false),
        Transferred::Occupied,
        "it is in its own way"
    );
}

#[test]
fn several_keys_are_written_only_if_all_are_absent() {
    let scene = Scene::new();
    let mut client = scene.client();
    let pairs = |second: &'static [u8]| vec![(b"a".as_slice(), b"1".as_slice()), (second, b"2")];
    let first = client.ask(Request::PutMany { pairs: pairs(b"b"), if_absent: true });
    assert_eq!(first, Ok(Outcome::Written(true)));
    let second = client.ask(Request::PutMany { pairs: pairs(b"hot:c"), if_absent: true });
    assert_eq!(second, Ok(Outcome::Written(false)));
    assert_eq!(client.get("hot:c"), None);
}

#[test]
fn the_encoding_is_that_of_redis_and_stays_with_the_value() {
    let scene = Scene::new();
    let mut client = scene.client();
    client.set("text", "1");
    assert_eq!(client.encoding("text"), "int");
    client.change("text", Change::Grow(b"12".to_vec()));
    assert_eq!(client.encoding("text"), "raw");
    client.rename("text", "other");
    assert_eq!(client.encoding("other"), "raw");
    client.change("sum", Change::Sum(b"3".to_vec()));
    assert_eq!(client.encoding("sum"), "embstr");
    let fields = |count: u32| (0..count).map(|n| (n.to_string().into(), b"v".to_vec())).collect();
    client.change("hash", Change::SetFields(fields(512)));
    assert_eq!(client.encoding("hash"), "listpack");
    client.change("hash", Change::SetFields(fields(513)));
    assert_eq!(client.encoding("hash"), "hashtable");
    client.change("hash", Change::RemoveFields(vec![b"1".to_vec()]));
    client.transfer("hash", "copy", 0, true, false);
    assert_eq!(client.encoding("copy"), "hashtable");
}

#[test]
fn a_small_integer_is_shared_until_it_is_copied() {
    let scene = Scene::new();
    let mut client = scene.client();
    let is_shared = |client: &mut Client, key: &str| {
        client.store.inspect(client.database, key.as_bytes()).unwrap().unwrap().is_shared
    };
    client.set("a", "7");
    client.transfer("a", "copy", 0, true, false);
    client.rename("a", "b");
    assert!(is_shared(&mut client, "b") && !is_shared(&mut client, "copy"));
    assert_eq!(client.encoding("copy"), "int");
}

#[test]
fn a_key_is_idle_until_it_is_used() {
    let scene = Scene::new();
    let mut client = scene.client();
    client.set("a", "1");
    scene.world.advance(Duration::from_secs(5));
    client.store.begin();
    client.touch = false;
    client.get("a");
    assert_eq!(client.idle_s("a"), 5, "it was looked at without being used");
    client.touch = true;
    client.get("a");
    assert_eq!(client.idle_s("a"), 0);
    scene.world.advance(Duration::from_secs(5));
    client.store.begin();
    client.change("a", Change::Keep);
    assert_eq!(client.idle_s("a"), 0);
}

#[test]
fn uses_are_counted_where_that_is_asked_for() {
    let scene = Scene::new();
    let settings = scene.status.keyspaces.hub().settings();
    settings.begin(place::MAXMEMORY_POLICY, "allkeys-lfu").unwrap();
    let mut client = scene.client();
    client.set("a", "1");
    let frequency = |client: &mut Client| client.store.inspect(0, b"a").unwrap().unwrap().frequency;
    let first = frequency(&mut client);
    (0..100).for_each(|_| drop(client.get("a")));
    let used = frequency(&mut client);
    assert!(used > first, "{used} after {first}");
    client.change("a", Change::Put { value: b"2".to_vec(), expiry: Expiry::Default });
    assert!(frequency(&mut client) >= used, "another value of the key is used as much");
}

#[test]
fn what_is_not_cached_has_no_particulars() {
    let scene = Scene::new();
    assert_eq!(scene.client().store.inspect(0, b"a"), Ok(None));
}

#[test]
fn one_who_is_isolated_keeps_others_out_until_it_is_dropped() {
    let scene = Scene::new();
    let mut client = scene.client();
    client.store.begin();
    client.store.isolate();
    let (status, (sender, receiver)) = (scene.status.clone(), std::sync::mpsc::channel());
    let other = std::thread::spawn(move || {
        let mut store = ClientStore::new(2, status, Waker::noop().clone());
        store.begin();
        sender.send(()).unwrap();
        store.dispatch();
    });
    assert!(receiver.try_recv().is_err());
    drop(client);
    receiver.recv().unwrap();
    other.join().unwrap();
}
