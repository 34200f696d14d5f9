//! `INFO`: the server in sections of lines, under the names that programs look for.
//!
//! Lines whose subject larder does not have are there where programs read them, and say none or
//! never. Those that begin with `larder_` are its own.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use larder_protocol::REDIS_VERSION;
use larder_protocol::settings::place;

use super::Status;
use super::journal;
use super::process::{self, Process};
use super::totals::Totals;
use crate::keyspace::DATABASES;
use crate::population::Population;

/// Writes the lines of a section.
type Section = fn(&Status, &mut Lines);

/// When a section is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// When none is named, too.
    Always,
    /// With `all`, `everything`, or its name.
    OnDemand,
}

/// The sections in Redis' order, and larder's own.
const SECTIONS: [(&str, Told, Section); 13] = [
    ("Server", Told::Always, server),
    ("Clients", Told::Always, clients),
    ("Memory", Told::Always, memory),
    ("Persistence", Told::Always, persistence),
    ("Stats", Told::Always, stats),
    ("Replication", Told::Always, replication),
    ("CPU", Told::Always, processor),
    ("Modules", Told::Always, |_, _| {}),
    ("Commandstats", Told::OnDemand, commands),
    ("Errorstats", Told::Always, errors),
    ("Cluster", Told::Always, |_, lines| lines.add("cluster_enabled", 0)),
    ("Keyspace", Told::Always, keyspaces),
    ("Journals", Told::Always, journals),
];

/// The sections that `wanted` names in small letters, separated by spaces.
pub(super) fn told(status: &Status, wanted: &str) -> String {
    let names = |word: &str| wanted.split(' ').any(|name| name == word);
    let all = names("all") || names("everything");
    let usual = all || wanted.is_empty() || names("default");
    let is_wanted = |title: &str, told: Told| {
        all || usual && told == Told::Always || names(&title.to_lowercase())
    };
    let wanted = SECTIONS.iter().filter(|(title, told, _)| is_wanted(title, *told));
    let texts: Vec<String> =
        wanted.map(|(title, _, write)| section(status, title, *write)).collect();
    texts.join("\r\n")
}

fn section(status: &Status, title: &str, write: Section) -> String {
    let mut lines = Lines(format!("# {title}\r\n"));
    write(status, &mut lines);
    lines.0
}

/// The lines of a section.
struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: impl std::fmt::Display) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{name}:{value}\r\n");
    }

    /// A number of bytes, and the same for people.
    fn add_bytes(&mut self, name: &str, bytes: u64) {
        self.add(name, bytes);
        self.add(&format!("{name}_human"), process::human(bytes));
    }

    fn add_all(&mut self, fields: &[(&str, &str)]) {
        fields.iter().for_each(|(name, value)| self.add(name, value));
    }
}

fn server(status: &Status, lines: &mut Lines) {
    let uptime = status.started.elapsed().as_secs();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let executable = std::env::current_exe().unwrap_or_default();
    lines.add("redis_version", REDIS_VERSION);
    lines.add_all(&[("redis_git_sha1", "00000000"), ("redis_git_dirty", "0")]);
    lines.add("redis_mode", "standalone");
    lines.add("larder_version", env!("CARGO_PKG_VERSION"));
    lines.add("larder_model", &status.model);
    lines.add("os", format_args!("{} {}", std::env::consts::OS, std::env::consts::ARCH));
    lines.add("arch_bits", usize::BITS);
    lines.add("multiplexing_api", "epoll");
    lines.add("process_id", std::process::id());
    lines.add("run_id", &status.run_id);
    lines.add("tcp_port", status.port);
    lines.add("server_time_usec", now.as_micros());
    lines.add("uptime_in_seconds", uptime);
    lines.add("uptime_in_days", uptime / 86_400);
    lines.add("executable", executable.display());
    let file = status.config_file().unwrap_or(Path::new(""));
    lines.add("config_file", file.display());
}

fn clients(status: &Status, lines: &mut Lines) {
    let overview = status.keyspaces.hub().overview();
    lines.add("connected_clients", overview.sessions);
    lines.add("cluster_connections", 0);
    lines.add("maxclients", status.settings().number(place::MAXCLIENTS));
    // No command waits for another client's: what may hold one up is `CLIENT PAUSE`.
    lines.add("blocked_clients", overview.paused);
    lines.add("tracking_clients", overview.tracking_clients);
}

fn memory(status: &Status, lines: &mut Lines) {
    let (process, totals) = (Process::now(), Totals::of(status));
    let (sessions, bytes) = (status.keyspaces.hub().overview().bytes as u64, totals.cached_bytes);
    lines.add_bytes("used_memory", bytes + sessions);
    lines.add_bytes("used_memory_rss", process.resident_bytes);
    lines.add_bytes("used_memory_peak", process.peak_bytes);
    lines.add("used_memory_dataset", bytes);
    lines.add_bytes("maxmemory", status.settings().number(place::MAXMEMORY).cast_unsigned());
    lines.add("maxmemory_policy", status.settings().choice(place::MAXMEMORY_POLICY));
    lines.add("mem_not_counted_for_evict", 0);
    lines.add("mem_clients_normal", sessions);
    lines.add("mem_allocator", "libc");
    lines.add("lazyfree_pending_objects", 0);
    lines.add("larder_entries", totals.entries);
    lines.add("larder_evictions", totals.evictions);
}

/// There is none: what is cached is gone when the server stops.
fn persistence(_: &Status, lines: &mut Lines) {
    lines.add_all(&[
        ("loading", "0"),
        ("async_loading", "0"),
        ("rdb_changes_since_last_save", "0"),
        ("rdb_bgsave_in_progress", "0"),
        ("rdb_last_save_time", "0"),
        ("rdb_last_bgsave_status", "ok"),
        ("rdb_last_bgsave_time_sec", "-1"),
        ("rdb_current_bgsave_time_sec", "-1"),
        ("aof_enabled", "0"),
        ("aof_rewrite_in_progress", "0"),
        ("aof_rewrite_scheduled", "0"),
        ("aof_last_bgrewrite_status", "ok"),
        ("aof_last_write_status", "ok"),
    ]);
}

fn stats(status: &Status, lines: &mut Lines) {
    let (totals, overview) = (status.totals_since_reset(), status.keyspaces.hub().overview());
    let counts = status.keyspaces.hub().counts();
    let commands: u64 = counts.commands().iter().map(|count| count.calls).sum();
    let errors: u64 = counts.errors().iter().map(|(_, count)| count).sum();
    lines.add("total_connections_received", totals.accepted);
    lines.add("total_commands_processed", commands);
    lines.add("rejected_connections", totals.refused);
    lines.add("expired_keys", totals.expired);
    lines.add("evicted_keys", totals.evictions);
    lines.add("keyspace_hits", totals.hits + totals.shared_hits);
    lines.add("keyspace_misses", totals.misses);
    lines.add("pubsub_channels", overview.channels);
    lines.add("pubsub_patterns", overview.patterns);
    lines.add("pubsubshard_channels", 0);
    lines.add_all(&[("latest_fork_usec", "0"), ("total_forks", "0")]);
    lines.add("tracking_total_keys", overview.tracked_keys);
    lines.add("tracking_total_items", overview.tracked_items);
    lines.add("tracking_total_prefixes", overview.tracked_prefixes);
    lines.add("total_error_replies", errors);
    lines.add("larder_shared_hits", totals.shared_hits);
    lines.add("larder_loads", totals.loads);
    lines.add("larder_load_queries", totals.load_queries);
    lines.add("larder_writes", totals.writes);
}

fn replication(status: &Status, lines: &mut Lines) {
    lines.add_all(&[
        ("role", "master"),
        ("connected_slaves", "0"),
        ("master_failover_state", "no-failover"),
    ]);
    lines.add("master_replid", &status.run_id);
    lines.add_all(&[("master_repl_offset", "0"), ("repl_backlog_active", "0")]);
}

fn processor(_: &Status, lines: &mut Lines) {
    let process = Process::now();
    lines.add("used_cpu_sys", format_args!("{:.6}", process.system_seconds));
    lines.add("used_cpu_user", format_args!("{:.6}", process.user_seconds));
    lines.add_all(&[("used_cpu_sys_children", "0.000000"), ("used_cpu_user_children", "0.000000")]);
}

/// How long commands take is not measured.
fn commands(status: &Status, lines: &mut Lines) {
    for count in status.keyspaces.hub().counts().commands() {
        let (calls, rejected, failed) = (count.calls, count.rejected, count.failed);
        let text = format_args!(
            "calls={calls},usec=0,usec_per_call=0.00,rejected_calls={rejected},failed_calls={failed}"
        );
        lines.add(&format!("cmdstat_{}", count.name), text);
    }
}

fn errors(status: &Status, lines: &mut Lines) {
    for (code, count) in status.keyspaces.hub().counts().errors() {
        lines.add(&format!("errorstat_{code}"), format_args!("count={count}"));
    }
}

/// A line for each database with keys, and one for each keyspace.
fn keyspaces(status: &Status, lines: &mut Lines) {
    for database in 0..DATABASES {
        let Population { keys, expiring, ttl_average_ms } =
            Population::of(&status.keyspaces, database);
        if keys > 0 {
            let text = format_args!("keys={keys},expires={expiring},avg_ttl={ttl_average_ms}");
            lines.add(&format!("db{database}"), text);
        }
    }
    for keyspace in status.keyspaces.iter() {
        let (strategy, entries) = (keyspace.cache.strategy(), keyspace.cache.usage().entries);
        let breaker = keyspace.cache.breaker_status();
        let source =
            breaker.map(|breaker| format!(",source={}", breaker.state)).unwrap_or_default();
        let text = format_args!("strategy={strategy},entries={entries}{source}");
        lines.add(&format!("larder_{}", keyspace.name), text);
    }
}

/// A line for each queue of writes.
fn journals(status: &Status, lines: &mut Lines) {
    for keyspace in status.keyspaces.iter() {
        let Some(counters) = journal::counters(keyspace) else { continue };
        let counters: Vec<String> =
            counters.into_iter().map(|(name, number)| format!("{name}={number}")).collect();
        lines.add(&format!("larder_journal_{}", keyspace.name), counters.join(","));
    }
}
