//! What the server tells about itself: `INFO`, `CACHE.KEYSPACES`, `CACHE.STATS`.

mod info;
mod journal;
mod process;
mod totals;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use larder_protocol::error::Error;
use larder_protocol::reply::Reply;
use larder_protocol::settings::Settings;
use parking_lot::Mutex;

use crate::census::Census;
use crate::keyspace::{Keyspace, Shape};
use crate::keyspaces::Keyspaces;
use crate::shared_tier::SharedTier;
use crate::wall::Wall;
use totals::Totals;

/// Everything that can be told about a server.
#[derive(Debug)]
pub struct Status {
    /// Its keyspaces.
    pub keyspaces: Keyspaces,
    /// Its time of day.
    pub wall: Wall,
    /// Its clients.
    pub census: Arc<Census>,
    /// The model that drives its connections.
    pub model: String,
    /// The port it listens at.
    pub port: u16,
    /// Where its workers find hits, if it has workers.
    shared: OnceLock<Arc<SharedTier>>,
    /// The file that its configuration was read from.
    config_file: OnceLock<PathBuf>,
    run_id: String,
    started: Instant,
    /// What had been counted when counting began anew.
    baseline: Mutex<Totals>,
}

impl Status {
    /// The status of a server that starts now.
    pub fn new(keyspaces: Keyspaces, model: String, port: u16) -> Self {
        let run_id = run_id(&keyspaces);
        Self {
            wall: Wall::new(&**keyspaces.runtime()),
            keyspaces,
            census: Arc::default(),
            model,
            port,
            shared: OnceLock::new(),
            config_file: OnceLock::new(),
            run_id,
            started: Instant::now(),
            baseline: Mutex::default(),
        }
    }

    /// Says where its workers find hits.
    pub(crate) fn share(&self, shared: Arc<SharedTier>) {
        // There is one start, and so one tier.
        let _ = self.shared.set(shared);
    }

    /// Where its workers find hits, if it has workers.
    pub(crate) fn shared(&self) -> Option<&Arc<SharedTier>> {
        self.shared.get()
    }

    /// Says in which file the configuration is: `CONFIG REWRITE` writes there.
    pub fn configured_in(&self, file: PathBuf) {
        // There is one start, and so one file.
        let _ = self.config_file.set(file);
    }

    pub(crate) fn config_file(&self) -> Option<&Path> {
        self.config_file.get().map(PathBuf::as_path)
    }

    /// The time of day, in milliseconds since 1970.
    pub fn unix_ms(&self) -> u64 {
        self.wall.unix_ms(self.keyspaces.runtime().now_precise())
    }

    /// Copies held in all keyspaces.
    pub fn entries(&self) -> u64 {
        self.keyspaces.iter().map(|keyspace| keyspace.cache.usage().entries).sum()
    }

    /// The sections of `INFO` that `sections` names in small letters, separated by spaces.
    pub fn info(&self, sections: &str) -> String {
        info::told(self, sections)
    }

    /// Begins to count anew for `INFO`; what `CACHE.STATS` counts goes on.
    pub fn reset(&self) {
        *self.baseline.lock() = Totals::of(self);
    }

    /// `CACHE.KEYSPACES`: a map for each keyspace.
    pub fn keyspaces(&self) -> Reply {
        Reply::Array(self.keyspaces.iter().map(|keyspace| described(keyspace)).collect())
    }

    /// `CACHE.STATS [keyspace]`: a map of counters for each keyspace, or for one.
    ///
    /// # Errors
    ///
    /// When no keyspace has that name.
    pub fn statistics(&self, name: Option<&[u8]>) -> Result<Reply, Error> {
        let Some(name) = name else {
            let each =
                self.keyspaces.iter().map(|keyspace| (text(&keyspace.name), counted(keyspace)));
            return Ok(Reply::Map(each.collect()));
        };
        Ok(counted(self.keyspace_named(name)?))
    }

    /// A line for each keyspace, for the start of the server.
    pub fn keyspace_summary(&self) -> Vec<String> {
        let line = |keyspace: &Arc<Keyspace>| {
            let prefix = String::from_utf8_lossy(&keyspace.prefix);
            let prefix = if prefix.is_empty() { "(other keys)".into() } else { prefix };
            match keyspace.cache.is_plain() {
                true => format!("{prefix:<14} cache only"),
                false => {
                    format!("{prefix:<14} {:<14} {}", keyspace.cache.strategy(), keyspace.origin)
                }
            }
        };
        self.keyspaces.iter().map(line).collect()
    }

    /// The keyspace of that name.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn keyspace_named(&self, name: &[u8]) -> Result<&Arc<Keyspace>, Error> {
        self.keyspaces.named(name).ok_or_else(|| self.unknown(name))
    }

    /// `CACHE.JOURNAL STATUS [keyspace]`: a map for each queue of writes.
    ///
    /// # Errors
    ///
    /// When no keyspace has that name, or it has no queue.
    pub fn journals(&self, name: Option<&[u8]>) -> Result<Reply, Error> {
        let one = name.map(|name| self.keyspace_named(name)).transpose()?;
        let queues: Vec<(Reply, Reply)> = self
            .keyspaces
            .iter()
            .filter(|keyspace| one.is_none_or(|one| Arc::ptr_eq(one, keyspace)))
            .filter_map(|keyspace| Some((text(&keyspace.name), queue(keyspace)?)))
            .collect();
        match (one, queues.is_empty()) {
            (Some(keyspace), true) => Err(without_queue(keyspace)),
            _ => Ok(Reply::Map(queues)),
        }
    }

    fn unknown(&self, name: &[u8]) -> Error {
        let names: Vec<&str> = self.keyspaces.iter().map(|keyspace| &*keyspace.name).collect();
        let (name, names) = (String::from_utf8_lossy(name), names.join(", "));
        Error::plain(format!("there is no keyspace '{name}'; there are {names}"))
    }

    fn totals_since_reset(&self) -> Totals {
        Totals::of(self).since(*self.baseline.lock())
    }

    pub(crate) fn settings(&self) -> &Settings {
        self.keyspaces.hub().settings()
    }
}

/// Forty digits that tell this run from all others.
fn run_id(keyspaces: &Keyspaces) -> String {
    let mut digits: String =
        (0..3).map(|_| format!("{:016x}", keyspaces.runtime().random())).collect();
    digits.truncate(40);
    digits
}

fn described(keyspace: &Keyspace) -> Reply {
    let value = match keyspace.shape {
        Shape::Free => "strings and hashes",
        Shape::Column(_) => "strings",
        Shape::Row(_) => "rows",
    };
    let mut fields = vec![
        ("name", text(&keyspace.name)),
        ("prefix", Reply::Bulk(keyspace.prefix.to_vec())),
        ("strategy", text(keyspace.cache.strategy())),
        ("source", text(&keyspace.origin)),
        ("value", text(value)),
    ];
    fields.extend(source_state(keyspace));
    fields.extend(kept(keyspace));
    map(fields)
}

fn counted(keyspace: &Keyspace) -> Reply {
    let counters = keyspace.cache.statistics();
    let usage = keyspace.cache.usage();
    let fields = vec![
        ("hits", number(counters.hits)),
        ("misses", number(counters.misses)),
        ("stale", number(counters.stale)),
        ("joined", number(counters.joined)),
        ("loads", number(counters.loads)),
        ("load_queries", number(counters.load_queries)),
        ("load_errors", number(counters.load_errors)),
        ("fills_void", number(counters.fills_void)),
        ("refused", number(counters.refused)),
        ("writes", number(counters.writes)),
        ("write_errors", number(counters.write_errors)),
        ("writes_unknown", number(counters.writes_unknown)),
        ("invalidations", number(counters.invalidations)),
        ("entries", number(usage.entries)),
        ("weight", number(usage.weight)),
        ("weight_max", number(usage.weight_max)),
        ("evictions", number(usage.evictions)),
    ];
    let mut fields: Vec<(Reply, Reply)> =
        fields.into_iter().map(|(name, value)| (text(name), value)).collect();
    fields.extend(source_state(keyspace).map(|(name, state)| (text(name), state)));
    for (name, value) in journal::counters(keyspace).into_iter().flatten() {
        fields.push((text(&format!("queue_{name}")), number(value)));
    }
    Reply::Map(fields)
}

/// What is told of a keyspace's queue; `None` when it has none.
fn queue(keyspace: &Keyspace) -> Option<Reply> {
    let counters = journal::counters(keyspace)?;
    let mut fields: Vec<(&'static str, Reply)> =
        counters.into_iter().map(|(name, value)| (name, number(value))).collect();
    fields.extend(drained(keyspace));
    fields.extend(kept(keyspace));
    Some(map(fields))
}

/// How what is queued gets to the source, and how the source is.
fn drained(keyspace: &Keyspace) -> Vec<(&'static str, Reply)> {
    let mut fields = Vec::new();
    if let Some(drain) = keyspace.cache.drain_status() {
        let error = drain.last_error.map(|(_, error)| Reply::Bulk(error.to_string().into_bytes()));
        fields.extend([
            ("state", text(&drain.state.to_string())),
            ("lag_ms", number(u64::try_from(drain.lag.as_millis()).unwrap_or(u64::MAX))),
            ("failures", number(drain.failures.into())),
            ("last_error", error.unwrap_or(Reply::Null)),
            ("records_per_second", Reply::Double(drain.records_per_second)),
            ("epoch", drain.epoch.map_or(Reply::Null, number)),
        ]);
    }
    fields.extend(source_state(keyspace));
    fields
}

/// How the breaker before the source stands, if there is one.
fn source_state(keyspace: &Keyspace) -> Option<(&'static str, Reply)> {
    let breaker = keyspace.cache.breaker_status()?;
    Some(("source_state", text(&breaker.state.to_string())))
}

/// Where acknowledged writes wait, and what they survive there.
fn kept(keyspace: &Keyspace) -> Vec<(&'static str, Reply)> {
    let durability = keyspace.cache.journal_durability();
    let mut fields: Vec<_> = durability.map(|words| ("journal", text(words))).into_iter().collect();
    if let Some(folder) = &keyspace.journal_folder {
        fields.push(("journal_dir", text(&folder.display().to_string())));
    }
    fields
}

/// The error for a question about the queue of a keyspace that has none.
pub(crate) fn without_queue(keyspace: &Keyspace) -> Error {
    let (name, strategy) = (&keyspace.name, keyspace.cache.strategy());
    Error::plain(format!("keyspace '{name}' has no queue of writes: its strategy is {strategy}"))
}

fn map(fields: Vec<(&'static str, Reply)>) -> Reply {
    Reply::Map(fields.into_iter().map(|(name, value)| (text(name), value)).collect())
}

fn text(text: &str) -> Reply {
    Reply::Bulk(text.as_bytes().to_vec())
}

fn number(number: u64) -> Reply {
    Reply::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use larder::Lifetime;

    use super::*;
    use crate::key::Key;
    use crate::keyspace::tests::plain;
    use crate::keyspaces;
    use crate::value::Value;

    fn report() -> Status {
        let hot = plain("hot", "hot:");
        let key = Key::from(b"k".as_slice());
        hot.cache.put_now(&key, Value::bytes(b"v"), Lifetime::Policy).unwrap();
        let keyspaces = keyspaces::tests::of(vec![hot], Some(plain("default", "")), 100);
        Status::new(keyspaces, "tasks".to_owned(), 7379)
    }

    fn pairs(reply: Reply) -> Vec<(Reply, Reply)> {
        let Reply::Map(pairs) = reply else { panic!("{reply:?}") };
        pairs
    }

    #[test]
    fn info_tells_the_sections_that_were_asked_for() {
        let report = report();
        let all = report.info("default");
        for title in ["Server", "Clients", "Memory", "Stats", "Replication", "Keyspace"] {
            assert!(all.contains(&format!("# {title}\r\n")), "{title}");
        }
        assert!(!all.contains("# Commandstats") && report.info("all").contains("# Commandstats"));
        assert!(all.contains("larder_model:tasks\r\n") && all.contains("tcp_port:7379\r\n"));
        assert_eq!(report.info("cluster"), "# Cluster\r\ncluster_enabled:0\r\n");
        assert_eq!(report.info("nonsense"), "");
        let two = report.info("keyspace clients");
        assert_eq!(two.matches("# ").count(), 2);
        assert!(two.contains("db0:keys=1,") && two.contains("larder_hot:"));
    }

    #[test]
    fn a_reset_begins_to_count_anew() {
        let report = report();
        let seen = |report: &Status| report.info("stats");
        report.census.admit(1);
        assert!(seen(&report).contains("total_connections_received:1\r\n"));
        report.reset();
        assert!(seen(&report).contains("total_connections_received:0\r\n"));
        report.census.leave();
        report.census.admit(1);
        assert!(seen(&report).contains("total_connections_received:1\r\n"));
    }

    #[test]
    fn statistics_are_for_all_keyspaces_or_one() {
        let report = report();
        assert_eq!(pairs(report.statistics(None).unwrap()).len(), 2);
        let one = pairs(report.statistics(Some(b"hot")).unwrap());
        assert!(one.contains(&(text("entries"), Reply::Integer(1))), "{one:?}");
        assert!(!one.iter().any(|(name, _)| *name == text("queue_records")));
        let error = report.statistics(Some(b"cold")).unwrap_err().to_string();
        assert_eq!(error, "ERR there is no keyspace 'cold'; there are hot, default");
    }

    #[test]
    fn keyspaces_are_described_in_their_order() {
        let Reply::Array(each) = report().keyspaces() else { panic!("no array") };
        let name = |reply: &Reply| pairs(reply.clone())[0].1.clone();
        assert_eq!(each.iter().map(name).collect::<Vec<_>>(), [text("hot"), text("default")]);
        let summary = report().keyspace_summary();
        assert!(summary[0].starts_with("hot:") && summary[1].starts_with("(other keys)"));
    }
}
