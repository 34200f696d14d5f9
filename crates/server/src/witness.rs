//! Follows what becomes of the keys of one keyspace: keeps its index, and tells those who listen.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use larder::{Cause, Change, Observer};
use larder_protocol::hub::{self, Hub};

use crate::actor;
use crate::index::Index;
use crate::key::Key;
use crate::shared_tier::SharedTier;

/// The observer of a keyspace's cache.
#[derive(Debug)]
pub struct Witness {
    index: Arc<Index>,
    hub: Arc<Hub>,
    prefix: Box<[u8]>,
    /// There is a source, and with it "known absent".
    is_copy: bool,
    /// Where workers find some of its values.
    shared: Option<Arc<SharedTier>>,
    /// Keys, or copies, that have expired and are gone.
    expired: AtomicU64,
}

impl Witness {
    /// Follows a keyspace with this prefix, with or without a source.
    pub fn new(index: Arc<Index>, hub: Arc<Hub>, prefix: &[u8], is_copy: bool) -> Self {
        let (prefix, expired) = (prefix.into(), AtomicU64::new(0));
        Self { index, hub, prefix, is_copy, shared: None, expired }
    }

    /// Takes what changes out of this tier, too.
    pub fn sharing(self, shared: Option<Arc<SharedTier>>) -> Self {
        Self { shared, ..self }
    }

    /// How many keys, or copies, have expired so far.
    pub fn expired(&self) -> u64 {
        self.expired.load(Ordering::Relaxed)
    }

    fn note(&self, key: &Key, change: Change) {
        if change.cause == Cause::Expired {
            self.expired.fetch_add(1, Ordering::Relaxed);
        }
        match change.present {
            // What it replaces was a value, too: the index has the key.
            true if change.replaced && !self.is_copy => {}
            true => self.index.add(key),
            false => self.index.remove(key),
        }
    }

    #[cold]
    fn tell(&self, key: &Key, change: Change) {
        let Some(cause) = self.cause(change) else { return };
        let (is_shared, whole) = (!self.prefix.is_empty(), self.whole(key));
        self.hub.changed(&hub::Change {
            key: &whole,
            database: (!is_shared).then(|| key.database()),
            cause,
            is_copy: self.is_copy,
            by: actor::present(),
        });
    }

    /// The tier in which workers may find its value.
    fn sharing_of(&self, key: &Key) -> Option<&SharedTier> {
        self.shared.as_deref().filter(|_| key.database() == 0)
    }

    /// The key as a client names it.
    fn whole<'k>(&self, key: &'k Key) -> Cow<'k, [u8]> {
        match self.prefix.is_empty() {
            true => Cow::Borrowed(key.as_ref()),
            false => Cow::Owned([&*self.prefix, key.as_ref()].concat()),
        }
    }

    /// What a client would call it; `None` for what is nothing to a client.
    fn cause(&self, change: Change) -> Option<hub::Cause> {
        Some(match change.cause {
            // Nobody can hold what was not there.
            _ if !change.replaced && !change.present && !self.is_copy => return None,
            Cause::Written if !change.present && !self.is_copy => hub::Cause::Removed,
            Cause::Written | Cause::Lifetime => hub::Cause::Written,
            Cause::Loaded => hub::Cause::Loaded,
            // The value is the one from before it was withdrawn.
            Cause::Restored => return None,
            Cause::Expired => hub::Cause::Expired,
            Cause::Evicted => hub::Cause::Evicted,
            // A copy that was withdrawn for a write, and whatever else may come: out of date.
            _ => hub::Cause::Invalidated,
        })
    }
}

impl Observer<Key> for Witness {
    fn changing(&self, key: &Key) {
        if let Some(shared) = self.sharing_of(key) {
            shared.begin_change(&self.whole(key));
        }
    }

    fn clearing(&self) {
        self.shared.iter().for_each(|shared| shared.begin_clear());
    }

    fn changed(&self, key: &Key, change: Change) {
        self.note(key, change);
        if let Some(shared) = self.sharing_of(key) {
            let whole = self.whole(key);
            if change.cause == Cause::Evicted {
                // Nobody has foretold it.
                shared.begin_change(&whole);
            }
            shared.end_change(&whole);
        }
        if self.hub.is_listening() {
            self.tell(key, change);
        }
    }

    /// Whoever clears tells the hub of it, and knows which database it was.
    fn cleared(&self, concerns: &dyn Fn(&Key) -> bool) {
        self.index.remove_where(concerns);
        self.shared.iter().for_each(|shared| shared.end_clear());
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;
    use std::time::Duration;

    use larder::Lifetime;
    use larder::runtime::Simulated;
    use larder_protocol::Limits;
    use larder_protocol::{Session, hub::Arrival};

    use super::*;
    use crate::key::KeyRef;
    use crate::keyspace::Keyspace;
    use crate::keyspace::tests::plain_on;
    use crate::keyspaces::Keyspaces;
    use crate::status::Status;
    use crate::store::ClientStore;
    use crate::value::Value;

    /// A client that tracks, and the keyspaces `hot:` and the default one.
    struct Scene {
        world: Simulated,
        status: Arc<Status>,
        session: Session,
        store: ClientStore,
    }

    impl Scene {
        fn new() -> Self {
            let world = Simulated::new(1);
            let hub = Hub::new(Limits::default());
            let keyspace = |name, prefix| plain_on(Arc::new(world.clone()), &hub, name, prefix);
            let (hot, default) = (keyspace("hot", "hot:"), keyspace("default", ""));
            let keyspaces = Keyspaces::new(vec![hot], Some(default), 100, hub.clone());
            let status = Arc::new(Status::new(keyspaces, "tasks".to_owned(), 7379));
            let store = ClientStore::new(1, status.clone(), Waker::noop().clone());
            let session = hub.join(1, Arrival::default());
            let mut scene = Self { world, status, session, store };
            scene.says("HELLO 3\r\nCLIENT TRACKING ON");
            scene
        }

        fn keyspace(&self, name: &str) -> &Keyspace {
            self.status.keyspaces.named(name.as_bytes()).unwrap()
        }

        fn put(&self, keyspace: &str, key: &str, database: u8) {
            let key = KeyRef { bytes: key.as_bytes(), database }.into();
            let cache = &self.keyspace(keyspace).cache;
            cache
                .put_now(&key, Value::bytes(b"v"), Lifetime::For(Duration::from_secs(60)))
                .unwrap();
        }

        /// Writes a key and reads it, so that others have to go for it.
        fn use_often(&self, keyspace: &str, key: &str) {
            self.put(keyspace, key, 0);
            let key = KeyRef { bytes: key.as_bytes(), database: 0 };
            (0..3).for_each(|_| drop(self.keyspace(keyspace).cache.peek(&key)));
        }

        /// What the client is sent after it has said this.
        fn says(&mut self, commands: &str) -> String {
            self.store.begin();
            self.session.receive(format!("{commands}\r\n").as_bytes(), 0, &mut self.store);
            self.store.dispatch();
            self.heard()
        }

        fn heard(&mut self) -> String {
            self.session.advance(0, &mut self.store);
            let text = String::from_utf8_lossy(self.session.output()).into_owned();
            self.session.sent(text.len());
            text
        }

        fn is_told_of(&mut self, key: &str) -> bool {
            let told = self.heard();
            let push = format!(">2\r\n$10\r\ninvalidate\r\n*1\r\n${}\r\n{key}\r\n", key.len());
            assert!(told.is_empty() || told == push, "{told}");
            !told.is_empty()
        }
    }

    #[test]
    fn a_client_is_told_of_whatever_ends_its_copy() {
        type End = fn(&Scene);
        let ends: [(&str, End); 5] = [
            ("written", |scene| scene.put("hot", "a", 0)),
            ("removed", |scene| {
                let key = KeyRef { bytes: b"a", database: 0 }.into();
                assert!(scene.keyspace("hot").cache.remove_now(&key).unwrap());
            }),
            ("expired", |scene| {
                scene.world.advance(Duration::from_secs(61));
                scene.status.keyspaces.sweep();
            }),
            ("evicted", |scene| (0..1_000).for_each(|n| scene.use_often("hot", &n.to_string()))),
            ("given another lifetime", |scene| {
                let key = KeyRef { bytes: b"a", database: 0 }.into();
                assert!(scene.keyspace("hot").cache.expire(&key, Lifetime::Forever));
            }),
        ];
        for (what, end) in ends {
            let mut scene = Scene::new();
            scene.put("hot", "a", 0);
            assert!(scene.says("GET hot:a").contains("v"));
            end(&scene);
            assert!(scene.is_told_of("hot:a"), "{what}");
        }
    }

    #[test]
    fn a_read_that_finds_a_key_expired_tells_of_it_behind_its_reply() {
        let mut scene = Scene::new();
        scene.put("default", "a", 0);
        scene.says("GET a");
        scene.world.advance(Duration::from_secs(61));
        let push = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n";
        assert_eq!(scene.says("GET a"), format!("_\r\n{push}"));
        scene.says("GET a");
        scene.status.keyspaces.sweep();
        assert!(!scene.is_told_of("a"));
        assert!(scene.status.info("stats").contains("expired_keys:1\r\n"));
    }

    #[test]
    fn the_first_read_of_an_expired_key_is_told_of_its_next_value_only() {
        let mut scene = Scene::new();
        scene.put("default", "a", 0);
        scene.world.advance(Duration::from_secs(61));
        assert_eq!(scene.says("GET a"), "_\r\n");
        scene.put("default", "a", 0);
        assert!(scene.is_told_of("a"));
    }

    #[test]
    fn whatever_comes_upon_an_expired_key_takes_it_out() {
        for command in [
            "GET a",
            "TTL a",
            "EXPIRE a 10 GT",
            "GETEX a",
            "PERSIST a",
            "MSETNX a 1 b 2",
            "COPY a c",
            "COPY b a",
            "RENAME a c",
            "RENAMENX b a",
            "OBJECT ENCODING a",
        ] {
            let mut scene = Scene::new();
            scene.put("default", "a", 0);
            scene.world.advance(Duration::from_secs(61));
            scene.says("SET b 1");
            scene.says(command);
            assert!(scene.status.info("stats").contains("expired_keys:1\r\n"), "{command}");
        }
    }

    #[test]
    fn a_read_and_another_key_are_nothing_to_tell_of() {
        let mut scene = Scene::new();
        scene.put("default", "a", 0);
        scene.says("GET a\r\nGET a");
        scene.put("default", "b", 0);
        assert!(!scene.is_told_of("a"));
    }

    #[test]
    fn the_removal_of_what_is_not_there_is_nothing_to_tell_of() {
        for removal in ["DEL a", "UNLINK a b", "GETDEL a", "PERSIST a"] {
            let mut scene = Scene::new();
            scene.says(&format!("GET a\r\nWATCH a\r\n{removal}\r\nMULTI\r\nPING"));
            assert_eq!(scene.says("EXEC"), "*1\r\n+PONG\r\n", "{removal}");
        }
    }

    #[test]
    fn a_watch_is_of_one_database_unless_the_keyspace_has_a_prefix() {
        for (keyspace, key, database, spoilt) in [
            ("default", "a", 0, true),
            ("default", "a", 5, false),
            ("hot", "b", 0, true),
            ("default", "b", 0, false),
        ] {
            let mut scene = Scene::new();
            scene.says("WATCH a hot:b\r\nMULTI\r\nPING");
            scene.put(keyspace, key, database);
            let expected = if spoilt { "_\r\n" } else { "*1\r\n+PONG\r\n" };
            assert_eq!(scene.says("EXEC"), expected, "{keyspace} {key} {database}");
        }
    }

    #[test]
    fn a_client_that_wants_so_is_not_told_of_what_it_does_itself() {
        let mut scene = Scene::new();
        scene.says("CLIENT TRACKING OFF\r\nCLIENT TRACKING ON NOLOOP\r\nSET a 1\r\nGET a");
        assert_eq!(scene.says("SET a 2"), "+OK\r\n");
        scene.says("GET a");
        scene.put("default", "a", 0);
        assert!(scene.is_told_of("a"));
    }
}
