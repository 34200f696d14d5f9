//! What the server tells about itself: `INFO`, `CACHE.KEYSPACES`, `CACHE.STATS`.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use larder::Statistics;
use larder::journal::JournalStatus;
use larder::runtime::Time;
use larder_protocol::REDIS_VERSION;
use larder_protocol::error::Error;
use larder_protocol::reply::Reply;

use crate::census::Census;
use crate::keyspace::{Keyspace, Shape};
use crate::keyspaces::Keyspaces;

/// Everything that can be told about a server.
#[derive(Debug)]
pub struct Status {
    /// Its keyspaces.
    pub keyspaces: Keyspaces,
    /// Its clients.
    pub census: Arc<Census>,
    /// The model that drives its connections.
    pub model: String,
    /// The port it listens at.
    pub port: u16,
    started: Instant,
}

/// Writes a section of `INFO`.
type Section = fn(&Status) -> String;

/// The sections of `INFO`, in Redis' order.
const SECTIONS: [(&str, Section); 6] = [
    ("server", Status::server),
    ("clients", Status::clients),
    ("memory", Status::memory),
    ("stats", Status::stats),
    ("replication", |_| "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n".to_owned()),
    ("keyspace", Status::keyspace_lines),
];

impl Status {
    /// The status of a server that starts now.
    pub fn new(keyspaces: Keyspaces, model: String, port: u16) -> Self {
        Self { keyspaces, census: Arc::default(), model, port, started: Instant::now() }
    }

    /// Copies held in all keyspaces.
    pub fn entries(&self) -> u64 {
        self.keyspaces.iter().map(|keyspace| keyspace.cache.usage().entries).sum()
    }

    /// The sections of `INFO` that `sections` names, separated by spaces.
    pub fn info(&self, sections: &str) -> String {
        let all =
            sections.split(' ').any(|name| matches!(name, "default" | "all" | "everything" | ""));
        let wanted = |name: &str| all || sections.split(' ').any(|section| section == name);
        let texts: Vec<String> =
            SECTIONS.iter().filter(|(name, _)| wanted(name)).map(|(_, tell)| tell(self)).collect();
        texts.join("\r\n")
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
        let keyspace = self.keyspaces.named(name).ok_or_else(|| self.unknown(name))?;
        Ok(counted(keyspace))
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

    fn unknown(&self, name: &[u8]) -> Error {
        let names: Vec<&str> = self.keyspaces.iter().map(|keyspace| &*keyspace.name).collect();
        let (name, names) = (String::from_utf8_lossy(name), names.join(", "));
        Error::plain(format!("there is no keyspace '{name}'; there are {names}"))
    }

    fn server(&self) -> String {
        let uptime = self.started.elapsed().as_secs();
        lines(
            "Server",
            &[
                ("redis_version", REDIS_VERSION.to_owned()),
                ("redis_mode", "standalone".to_owned()),
                ("larder_version", env!("CARGO_PKG_VERSION").to_owned()),
                ("larder_model", self.model.clone()),
                ("os", std::env::consts::OS.to_owned()),
                ("arch_bits", usize::BITS.to_string()),
                ("process_id", std::process::id().to_string()),
                ("tcp_port", self.port.to_string()),
                ("uptime_in_seconds", uptime.to_string()),
                ("uptime_in_days", (uptime / 86_400).to_string()),
            ],
        )
    }

    fn clients(&self) -> String {
        lines("Clients", &[("connected_clients", self.census.connected().to_string())])
    }

    fn memory(&self) -> String {
        let usage = self.keyspaces.iter().map(|keyspace| keyspace.cache.usage());
        let (entries, evictions) = usage.fold((0, 0), |(entries, evictions), usage| {
            (entries + usage.entries, evictions + usage.evictions)
        });
        lines(
            "Memory",
            &[("larder_entries", entries.to_string()), ("larder_evictions", evictions.to_string())],
        )
    }

    fn stats(&self) -> String {
        let all: Vec<Statistics> =
            self.keyspaces.iter().map(|keyspace| keyspace.cache.statistics()).collect();
        let sum = |count: fn(&Statistics) -> u64| all.iter().map(count).sum::<u64>().to_string();
        let evicted: u64 =
            self.keyspaces.iter().map(|keyspace| keyspace.cache.usage().evictions).sum();
        lines(
            "Stats",
            &[
                ("total_connections_received", self.census.accepted().to_string()),
                ("rejected_connections", self.census.refused().to_string()),
                ("evicted_keys", evicted.to_string()),
                ("keyspace_hits", sum(|statistics| statistics.hits)),
                ("keyspace_misses", sum(|statistics| statistics.misses)),
                ("larder_loads", sum(|statistics| statistics.loads)),
                ("larder_load_queries", sum(|statistics| statistics.load_queries)),
                ("larder_writes", sum(|statistics| statistics.writes)),
            ],
        )
    }

    fn keyspace_lines(&self) -> String {
        let mut section = "# Keyspace\r\n".to_owned();
        let entries = self.entries();
        if entries > 0 {
            // Writing to a string cannot fail.
            let _ = write!(section, "db0:keys={entries},expires=0,avg_ttl=0\r\n");
        }
        for keyspace in self.keyspaces.iter() {
            let (name, strategy) = (&keyspace.name, keyspace.cache.strategy());
            let entries = keyspace.cache.usage().entries;
            let _ = write!(section, "larder_{name}:strategy={strategy},entries={entries}\r\n");
        }
        section
    }
}

fn lines(title: &str, fields: &[(&str, String)]) -> String {
    let mut section = format!("# {title}\r\n");
    for (name, value) in fields {
        // Writing to a string cannot fail.
        let _ = write!(section, "{name}:{value}\r\n");
    }
    section
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
    if let Some(durability) = keyspace.cache.journal_durability() {
        fields.push(("journal", text(durability)));
    }
    map(fields)
}

fn counted(keyspace: &Keyspace) -> Reply {
    let counters = keyspace.cache.statistics();
    let usage = keyspace.cache.usage();
    let mut fields = vec![
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
    if let Some(status) = keyspace.cache.journal_status() {
        fields.extend(queued(&status, keyspace.cache.runtime().now(), counters.write_retries));
    }
    map(fields)
}

fn queued(status: &JournalStatus, now: Time, retries: u64) -> Vec<(&'static str, Reply)> {
    let oldest_ms = status.oldest.map_or(0, |oldest| now.since(oldest).as_millis() as u64);
    vec![
        ("queue_records", number(status.records)),
        ("queue_bytes", number(status.bytes)),
        ("queue_oldest_ms", number(oldest_ms)),
        ("queue_appended", number(status.appended)),
        ("queue_coalesced", number(status.coalesced)),
        ("queue_applied", number(status.applied)),
        ("queue_retries", number(retries)),
        ("queue_dead", number(status.dead)),
    ]
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
    use crate::value::Value;

    fn report() -> Status {
        let hot = plain("hot", "hot:");
        let key = Key::from(b"k".as_slice());
        hot.cache.put_now(&key, Value::bytes(b"v"), Lifetime::Policy).unwrap();
        let keyspaces = Keyspaces::new(vec![hot], Some(plain("default", "")), 100);
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
        assert!(all.contains("larder_model:tasks\r\n") && all.contains("tcp_port:7379\r\n"));
        assert_eq!(report.info("clients"), "# Clients\r\nconnected_clients:0\r\n");
        assert_eq!(report.info("nonsense"), "");
        let two = report.info("keyspace clients");
        assert_eq!(two.matches("# ").count(), 2);
        assert!(two.contains("db0:keys=1,") && two.contains("larder_hot:"));
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
