//! The parameters, by name.

use std::borrow::Cow;

use super::kind::{Form, Kind, New};
use super::lists;

/// A parameter: what can be known of it without its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// An older name, under which it is shown as well.
    pub(super) alias: Option<&'static str>,
    pub(super) kind: Kind,
    default: &'static str,
    pub(super) change: Change,
    /// Whether it is shown only to those who name it.
    pub(super) is_hidden: bool,
    /// What it does here; empty when it does nothing.
    pub(super) effect: &'static str,
}

/// Whether clients can change a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// They can.
    Free,
    /// They can set it to what it is: Redis could change it, larder cannot, and answers what Redis
    /// does when it cannot either.
    Kept(&'static str),
    /// They can in Redis if its configuration says so.
    Protected,
    /// They cannot in Redis either.
    Fixed,
}

impl Parameter {
    /// What holds when nobody says otherwise.
    pub(super) fn initial(&self) -> New {
        let default = self.default.as_bytes();
        // A default that its own kind refuses does not pass the tests.
        self.kind.read(default, default).unwrap_or(New::Text(default.into()))
    }

    /// Reads what a client wants to set it to.
    pub(super) fn read(&self, text: &[u8], present: &[u8]) -> Result<New, Cow<'static, str>> {
        let new = self.kind.read(text, present)?;
        match self.change {
            Change::Kept(failure) if !new.is(&self.kind, present) => {
                let advice = "larder cannot while it runs, so set it in larder.toml";
                Err(format!("{failure}: {advice}").into())
            }
            _ => Ok(new),
        }
    }

    const fn or(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }

    const fn fixed(self) -> Self {
        Self { change: Change::Fixed, ..self }
    }

    const fn kept(self, failure: &'static str) -> Self {
        Self { change: Change::Kept(failure), ..self }
    }

    const fn protected(self) -> Self {
        Self { change: Change::Protected, ..self }
    }

    const fn hidden(self) -> Self {
        Self { is_hidden: true, ..self }
    }

    const fn does(self, effect: &'static str) -> Self {
        Self { effect, ..self }
    }
}

const fn kind(name: &'static str, kind: Kind, default: &'static str) -> Parameter {
    let (alias, effect) = (None, "");
    Parameter { name, alias, kind, default, change: Change::Free, is_hidden: false, effect }
}

const fn switch(name: &'static str, is_on: bool) -> Parameter {
    kind(name, Kind::Switch, if is_on { "yes" } else { "no" })
}

const fn integer(name: &'static str, least: i128, most: i128, default: &'static str) -> Parameter {
    kind(name, Kind::Integer { least, most }, default)
}

const fn memory(name: &'static str, least: i128, most: i128, default: &'static str) -> Parameter {
    kind(name, Kind::Memory { least, most }, default)
}

const fn choice(
    name: &'static str,
    words: &'static [&'static str],
    default: &'static str,
) -> Parameter {
    kind(name, Kind::Choice(words), default)
}

const fn text(name: &'static str, default: &'static str) -> Parameter {
    kind(name, Kind::Text, default)
}

const fn form(name: &'static str, form: Form, default: &'static str) -> Parameter {
    kind(name, Kind::Form(form), default)
}

const NO_PORT: &str = "Unable to listen on this port";

const INT_MIN: i128 = i32::MIN as i128;
const INT_MAX: i128 = i32::MAX as i128;
const UINT_MAX: i128 = u32::MAX as i128;
const LONG_MAX: i128 = i64::MAX as i128;
const ULONG_MAX: i128 = u64::MAX as i128;

const ACL_PUBSUB_DEFAULT: &[&str] = &["allchannels", "resetchannels"];
const AOF_FSYNC: &[&str] = &["everysec", "always", "no"];
const CLUSTER_PREFERRED_ENDPOINT_TYPE: &[&str] = &["ip", "hostname", "unknown-endpoint"];
const LOGLEVEL: &[&str] = &["debug", "verbose", "notice", "warning"];
const MAXMEMORY_POLICY: &[&str] = &[
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "noeviction",
];
const OOM_SCORE_ADJ: &[&str] = &["no", "yes", "relative", "absolute"];
const PROPAGATION_ERROR_BEHAVIOR: &[&str] = &["ignore", "panic", "panic-on-replicas"];
const PROTECTED_ACTION: &[&str] = &["no", "yes", "local"];
const REPL_DISKLESS_LOAD: &[&str] = &["disabled", "on-empty-db", "swapdb"];
const SANITIZE_DUMP_PAYLOAD: &[&str] = &["no", "yes", "clients"];
const SUPERVISED_MODE: &[&str] = &["upstart", "systemd", "auto", "no"];
const SYSLOG_FACILITY: &[&str] =
    &["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"];
const TLS_AUTH_CLIENTS: &[&str] = &["no", "yes", "optional"];

#[rustfmt::skip]
pub(super) static TABLE: &[Parameter] = &[
    choice("acl-pubsub-default", ACL_PUBSUB_DEFAULT, "resetchannels"),
    text("aclfile", "").fixed(),
    integer("acllog-max-len", 0, LONG_MAX, "128").does("How many denials `ACL LOG` remembers."),
    integer("active-defrag-cycle-max", 1, 99, "25"),
    integer("active-defrag-cycle-min", 1, 99, "1"),
    memory("active-defrag-ignore-bytes", 1, LONG_MAX, "104857600"),
    integer("active-defrag-max-scan-fields", 1, LONG_MAX, "1000"),
    integer("active-defrag-threshold-lower", 0, 1000, "10"),
    integer("active-defrag-threshold-upper", 0, 1000, "100"),
    integer("active-expire-effort", 1, 10, "1"),
    switch("activedefrag", false),
    switch("activerehashing", true),
    switch("always-show-logo", false).fixed(),
    switch("aof-disable-auto-gc", false),
    switch("aof-load-truncated", true),
    switch("aof-rewrite-incremental-fsync", true),
    switch("aof-timestamp-enabled", false),
    switch("aof-use-rdb-preamble", true),
    text("aof_rewrite_cpulist", "").fixed(),
    text("appenddirname", "appendonlydir").fixed(),
    text("appendfilename", "appendonly.aof").fixed(),
    choice("appendfsync", AOF_FSYNC, "everysec"),
    switch("appendonly", false),
    memory("auto-aof-rewrite-min-size", 0, LONG_MAX, "67108864"),
    integer("auto-aof-rewrite-percentage", 0, INT_MAX, "100"),
    text("bgsave_cpulist", "").fixed(),
    text("bind", "127.0.0.1").kept("Failed to bind to specified addresses"),
    text("bind-source-addr", ""),
    text("bio_cpulist", "").fixed(),
    integer("busy-reply-threshold", 0, LONG_MAX, "5000").or("lua-time-limit"),
    form("client-output-buffer-limit", lists::output_limits, "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"),
    memory("client-query-buffer-limit", 1048576, LONG_MAX, "1073741824"),
    switch("cluster-allow-pubsubshard-when-down", true),
    switch("cluster-allow-reads-when-down", false),
    switch("cluster-allow-replica-migration", true),
    integer("cluster-announce-bus-port", 0, 65535, "0"),
    text("cluster-announce-hostname", ""),
    text("cluster-announce-ip", ""),
    integer("cluster-announce-port", 0, 65535, "0"),
    integer("cluster-announce-tls-port", 0, 65535, "0"),
    text("cluster-config-file", "nodes.conf").fixed(),
    switch("cluster-enabled", false).fixed(),
    memory("cluster-link-sendbuf-limit", 0, ULONG_MAX, "0"),
    integer("cluster-migration-barrier", 0, INT_MAX, "1"),
    integer("cluster-node-timeout", 0, LONG_MAX, "15000"),
    integer("cluster-port", 0, 65535, "0").fixed(),
    choice("cluster-preferred-endpoint-type", CLUSTER_PREFERRED_ENDPOINT_TYPE, "ip"),
    switch("cluster-replica-no-failover", false).or("cluster-slave-no-failover"),
    integer("cluster-replica-validity-factor", 0, INT_MAX, "10").or("cluster-slave-validity-factor"),
    switch("cluster-require-full-coverage", true),
    switch("crash-log-enabled", true),
    switch("crash-memcheck-enabled", true),
    switch("daemonize", false).fixed(),
    integer("databases", 1, INT_MAX, "16").fixed(),
    text("dbfilename", "dump.rdb").protected(),
    text("dir", "").protected(),
    switch("disable-thp", true).fixed(),
    switch("dynamic-hz", true),
    choice("enable-debug-command", PROTECTED_ACTION, "yes").fixed(),
    choice("enable-module-command", PROTECTED_ACTION, "no").fixed(),
    choice("enable-protected-configs", PROTECTED_ACTION, "no").fixed(),
    integer("hash-max-listpack-entries", 0, LONG_MAX, "512").or("hash-max-ziplist-entries")
        .does("Up to how many fields `OBJECT ENCODING` calls a hash a `listpack`."),
    memory("hash-max-listpack-value", 0, LONG_MAX, "64").or("hash-max-ziplist-value")
        .does("Up to which length of its fields and values `OBJECT ENCODING` calls a hash a `listpack`."),
    memory("hll-sparse-max-bytes", 0, LONG_MAX, "3000"),
    integer("hz", 0, INT_MAX, "10"),
    text("ignore-warnings", ""),
    integer("io-threads", 1, 128, "1").fixed(),
    switch("io-threads-do-reads", false).fixed(),
    switch("jemalloc-bg-thread", false),
    integer("key-load-delay", INT_MIN, INT_MAX, "0").hidden(),
    integer("latency-monitor-threshold", 0, LONG_MAX, "0"),
    switch("latency-tracking", true),
    form("latency-tracking-info-percentiles", lists::percentiles, "50 99 99.9"),
    switch("lazyfree-lazy-eviction", false),
    switch("lazyfree-lazy-expire", false),
    switch("lazyfree-lazy-server-del", false),
    switch("lazyfree-lazy-user-del", false),
    switch("lazyfree-lazy-user-flush", false),
    integer("lfu-decay-time", 0, INT_MAX, "1")
        .does("After how many minutes a frequency (`OBJECT FREQ`) falls by one."),
    integer("lfu-log-factor", 0, INT_MAX, "10")
        .does("How slowly a frequency rises."),
    integer("list-compress-depth", 0, INT_MAX, "0"),
    integer("list-max-listpack-size", INT_MIN, INT_MAX, "-2").or("list-max-ziplist-size"),
    integer("loading-process-events-interval-bytes", 1024, INT_MAX, "2097152").hidden(),
    text("logfile", "").fixed(),
    choice("loglevel", LOGLEVEL, "notice"),
    text("masterauth", ""),
    text("masteruser", ""),
    integer("maxclients", 1, UINT_MAX, "10000")
        .does("How many clients may be connected (`limits.maxclients`)."),
    memory("maxmemory", 0, ULONG_MAX, "0")
        .does("How much the default keyspace may hold (`default_keyspace.max_bytes`); 0 is what the configuration says."),
    kind("maxmemory-clients", Kind::MemoryOrPercent, "0")
        .does("How much all clients together may hold (`limits.clients_bytes_max`); 0 is what the configuration says."),
    integer("maxmemory-eviction-tenacity", 0, 100, "10"),
    choice("maxmemory-policy", MAXMEMORY_POLICY, "allkeys-lru")
        .does("Whether idle times (`OBJECT IDLETIME`) or, with one that ends in `lfu`, frequencies are kept. What is evicted does not depend on it."),
    integer("maxmemory-samples", 1, INT_MAX, "5"),
    integer("min-replicas-max-lag", 0, INT_MAX, "10").or("min-slaves-max-lag"),
    integer("min-replicas-to-write", 0, INT_MAX, "0").or("min-slaves-to-write"),
    switch("no-appendfsync-on-rewrite", false),
    form("notify-keyspace-events", lists::no_events, ""),
    choice("oom-score-adj", OOM_SCORE_ADJ, "no"),
    form("oom-score-adj-values", lists::scores, "0 200 800"),
    text("pidfile", "").fixed(),
    integer("port", 0, 65535, "7379").kept(NO_PORT),
    text("proc-title-template", "{title} {listen-addr} {server-mode}"),
    choice("propagation-error-behavior", PROPAGATION_ERROR_BEHAVIOR, "ignore"),
    switch("protected-mode", true),
    memory("proto-max-bulk-len", 1048576, LONG_MAX, "536870912")
        .does("The longest string that a command may make (`limits.bulk_bytes_max`)."),
    switch("rdb-del-sync-files", false),
    integer("rdb-key-save-delay", INT_MIN, INT_MAX, "0").hidden(),
    switch("rdb-save-incremental-fsync", true),
    switch("rdbchecksum", true).fixed(),
    switch("rdbcompression", true),
    memory("repl-backlog-size", 1, LONG_MAX, "1048576"),
    integer("repl-backlog-ttl", 0, LONG_MAX, "3600"),
    switch("repl-disable-tcp-nodelay", false),
    choice("repl-diskless-load", REPL_DISKLESS_LOAD, "disabled"),
    switch("repl-diskless-sync", true),
    integer("repl-diskless-sync-delay", 0, INT_MAX, "5"),
    integer("repl-diskless-sync-max-replicas", 0, INT_MAX, "0"),
    integer("repl-ping-replica-period", 1, INT_MAX, "10").or("repl-ping-slave-period"),
    integer("repl-timeout", 1, INT_MAX, "60"),
    text("replica-announce-ip", "").or("slave-announce-ip"),
    integer("replica-announce-port", 0, 65535, "0").or("slave-announce-port"),
    switch("replica-announced", true),
    switch("replica-ignore-disk-write-errors", false),
    switch("replica-ignore-maxmemory", true).or("slave-ignore-maxmemory"),
    switch("replica-lazy-flush", false).or("slave-lazy-flush"),
    integer("replica-priority", 0, INT_MAX, "100").or("slave-priority"),
    switch("replica-read-only", true).or("slave-read-only"),
    switch("replica-serve-stale-data", true).or("slave-serve-stale-data"),
    text("replicaof", "").or("slaveof").fixed(),
    text("requirepass", "")
        .does("The password of the user `default`; empty for none."),
    choice("sanitize-dump-payload", SANITIZE_DUMP_PAYLOAD, "no"),
    form("save", lists::save_points, ""),
    text("server_cpulist", "").fixed(),
    integer("set-max-intset-entries", 0, LONG_MAX, "512"),
    switch("set-proc-title", true).fixed(),
    form("shutdown-on-sigint", lists::signal_words, "default"),
    form("shutdown-on-sigterm", lists::signal_words, "default"),
    integer("shutdown-timeout", 0, INT_MAX, "10"),
    integer("slowlog-log-slower-than", -1, LONG_MAX, "10000"),
    integer("slowlog-max-len", 0, LONG_MAX, "128"),
    integer("socket-mark-id", 0, UINT_MAX, "0").fixed(),
    switch("stop-writes-on-bgsave-error", true),
    memory("stream-node-max-bytes", 0, LONG_MAX, "4096"),
    integer("stream-node-max-entries", 0, LONG_MAX, "100"),
    choice("supervised", SUPERVISED_MODE, "no").fixed(),
    switch("syslog-enabled", false).fixed(),
    choice("syslog-facility", SYSLOG_FACILITY, "local0").fixed(),
    text("syslog-ident", "redis").fixed(),
    integer("tcp-backlog", 0, INT_MAX, "511").fixed(),
    integer("tcp-keepalive", 0, INT_MAX, "300"),
    integer("timeout", 0, INT_MAX, "0")
        .does("After how many idle seconds a client is closed (`limits.idle_timeout`); 0 is never."),
    choice("tls-auth-clients", TLS_AUTH_CLIENTS, "yes"),
    text("tls-ca-cert-dir", ""),
    text("tls-ca-cert-file", ""),
    text("tls-cert-file", ""),
    text("tls-ciphers", ""),
    text("tls-ciphersuites", ""),
    text("tls-client-cert-file", ""),
    text("tls-client-key-file", ""),
    text("tls-client-key-file-pass", ""),
    switch("tls-cluster", false),
    text("tls-dh-params-file", ""),
    text("tls-key-file", ""),
    text("tls-key-file-pass", ""),
    integer("tls-port", 0, 65535, "0").kept(NO_PORT),
    switch("tls-prefer-server-ciphers", false),
    text("tls-protocols", ""),
    switch("tls-replication", false),
    integer("tls-session-cache-size", 0, INT_MAX, "20480"),
    integer("tls-session-cache-timeout", 0, INT_MAX, "300"),
    switch("tls-session-caching", true),
    integer("tracking-table-max-keys", 0, LONG_MAX, "1000000")
        .does("How many keys are remembered for clients that track (`limits.tracked_keys_max`); 0 is what the configuration says."),
    text("unixsocket", "").fixed(),
    kind("unixsocketperm", Kind::Octal { most: 0o777 }, "0").fixed(),
    switch("use-exit-on-panic", false).hidden(),
    integer("watchdog-period", 0, INT_MAX, "0").hidden(),
    integer("zset-max-listpack-entries", 0, LONG_MAX, "128").or("zset-max-ziplist-entries"),
    memory("zset-max-listpack-value", 0, LONG_MAX, "64").or("zset-max-ziplist-value"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_one_that_its_kind_takes() {
        for parameter in TABLE {
            let default = parameter.default.as_bytes();
            let read = parameter.kind.read(default, default);
            assert!(read.is_ok(), "{}: {read:?}", parameter.name);
        }
    }

    #[test]
    fn no_name_is_given_twice() {
        let mut names: Vec<&str> = TABLE.iter().map(|parameter| parameter.name).collect();
        names.extend(TABLE.iter().filter_map(|parameter| parameter.alias));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
