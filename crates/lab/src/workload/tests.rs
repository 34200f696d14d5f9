use std::collections::HashSet;
use std::fs;

use super::*;

fn setting() -> Setting {
    Setting { keys: 100, ..Setting::default() }
}

fn ready(name: &str) -> Ready {
    Workload::named(name).unwrap().prepare(&setting()).unwrap()
}

/// All but the one that needs a file.
fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|workload| workload.name).filter(|name| *name != "trace")
}

#[test]
fn a_seed_decides_what_a_client_asks() {
    for name in names() {
        let asked = |seed, client| {
            let workload = Workload::named(name).unwrap();
            let ready = workload.prepare(&Setting { seed, ..setting() }).unwrap();
            ready.operations(client, 2).take(100).collect::<Vec<_>>()
        };
        assert_eq!(asked(1, 0), asked(1, 0), "{name}");
        assert_ne!(asked(1, 0), asked(1, 1), "{name}");
        assert_ne!(asked(1, 0), asked(2, 0), "{name}");
        assert_ne!(asked(1, 1), asked(2, 0), "{name}");
    }
}

#[test]
fn reads_have_their_share() {
    for name in names() {
        let mut ready = ready(name);
        for share in [ready.read_share, 0.5, 1.0] {
            ready.read_share = share;
            let asked = ready.operations(0, 1).take(10_000);
            let reads = asked.filter(|asked| matches!(asked, Operation::Read(_))).count() as f64;
            assert!((reads / 10_000.0 - share).abs() < 0.02, "{name}: {reads}");
        }
    }
}

#[test]
fn only_a_log_leaves_the_keys_that_there_are() {
    for name in names() {
        let ready = ready(name);
        assert_eq!(ready.keys(), 100, "{name}");
        let beyond = ready.operations(0, 1).take(1000).any(|asked| match asked {
            Operation::Read(key) | Operation::Write(key) => key >= 100,
        });
        assert_eq!(beyond, name == "log", "{name}");
    }
}

#[test]
fn names_are_words_of_a_command_line_and_each_is_found() {
    for workload in &ALL {
        assert!(workload.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
        assert_eq!(Workload::named(workload.name).unwrap().purpose, workload.purpose);
    }
    let unknown = Workload::named("zipf").unwrap_err().to_string();
    assert!(unknown.contains("\"zipf\", but read-mostly, write-heavy"), "{unknown}");
}

#[test]
fn no_keys_and_too_many_keys_are_refused() {
    for keys in [0, KEYS_MAX + 1] {
        for workload in &ALL {
            let refused = workload.prepare(&Setting { keys, ..setting() }).err().unwrap();
            assert!(refused.to_string().contains("keys"), "{refused}");
        }
    }
}

#[test]
fn a_trace_is_asked_in_its_order_whatever_the_keys_are_called() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.txt");
    fs::write(&path, "tea\nmilk\ntea\n77\n").unwrap();
    let setting = Setting { trace: Some(path), ..setting() };
    let mut ready = Workload::named("trace").unwrap().prepare(&setting).unwrap();
    ready.read_share = 1.0;
    assert_eq!(ready.keys(), 3);
    let asked = |client, clients| {
        let keys = ready.operations(client, clients).take(5).map(|asked| match asked {
            Operation::Read(key) | Operation::Write(key) => key,
        });
        keys.collect::<Vec<_>>()
    };
    assert_eq!(asked(0, 1), [0, 1, 0, 2, 0]);
    assert_eq!(asked(1, 2), [1, 2, 1, 2, 1], "two clients share the trace");
}

#[test]
fn a_trace_needs_a_file_with_keys() {
    let refused = |setting: &Setting| {
        let prepared = Workload::named("trace").unwrap().prepare(setting);
        prepared.err().unwrap().to_string()
    };
    assert!(refused(&setting()).contains("--trace"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.txt");
    fs::write(&path, "\n").unwrap();
    assert!(refused(&Setting { trace: Some(path), ..setting() }).ends_with("has no keys"));
}

#[test]
fn spreading_gives_every_rank_a_key_of_its_own() {
    for count in [1, 2, 10, 997, 4096, 10_000] {
        let keys: HashSet<_> = (0..count).map(|rank| spread(rank, count)).collect();
        assert_eq!(keys.len() as u64, count);
        assert!(keys.iter().all(|key| *key < count));
    }
    assert!(spread(KEYS_MAX - 1, KEYS_MAX) < KEYS_MAX);
    assert!(spread(1, 10_000).abs_diff(spread(2, 10_000)) > 100);
}
