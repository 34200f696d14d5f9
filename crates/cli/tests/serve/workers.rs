//! The models whose clients are served by processes of their own.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::kit::{Larder, STRATEGIES, Setup};
use crate::wire::{PATIENCE, Wire};

const MODELS: [&str; 2] = ["process", "prefork"];

fn on_every_model_with_workers(scenario: impl Fn(Larder)) {
    for model in MODELS {
        eprintln!("model {model}");
        scenario(Setup::new(model).config(STRATEGIES).start());
    }
}

/// How many requests workers have answered without the parent.
fn shared_hits(larder: &Larder) -> u64 {
    let info = larder.wire().ask("INFO stats");
    let count = info.lines().find_map(|line| line.strip_prefix("larder_shared_hits:"));
    count.unwrap().trim().parse().unwrap()
}

/// Reads until a worker answers, which is once it has heard that the client's connection is at rest.
fn read_until_shared(larder: &Larder, wire: &mut Wire, key: &str, expected: &str) {
    let (before, started) = (shared_hits(larder), Instant::now());
    while shared_hits(larder) == before {
        assert_eq!(wire.ask(&format!("GET {key}")), expected);
        assert!(started.elapsed() < PATIENCE, "the parent answers everything");
    }
}

#[test]
fn a_hit_is_answered_without_the_parent() {
    on_every_model_with_workers(|larder| {
        let mut wire = larder.wire();
        for key in ["a", "through:a", "behind:a"] {
            wire.talk(&[(&format!("SET {key} one"), "OK")]);
            read_until_shared(&larder, &mut wire, key, "one");
        }
        larder.wire().ask("CONFIG RESETSTAT");
        let calls = || larder.wire().ask("INFO commandstats").matches("cmdstat_get:").count();
        let mut answered = false;
        for _ in 0..100 {
            wire.ask("GET a");
            answered |= calls() == 0;
        }
        assert!(answered, "none was answered without the parent");
        larder.stop();
    });
}

#[test]
fn a_read_after_a_write_was_acknowledged_never_sees_an_older_value() {
    for (key, rounds) in [("a", 1000), ("through:a", 50)] {
        on_every_model_with_workers(|larder| {
            let (written, over) = (AtomicU64::new(0), AtomicBool::new(false));
            larder.wire().talk(&[(&format!("SET {key} 0"), "OK")]);
            let read = || {
                let mut wire = larder.wire();
                while !over.load(Ordering::SeqCst) {
                    let least = written.load(Ordering::SeqCst);
                    let seen: u64 = wire.ask(&format!("GET {key}")).parse().unwrap();
                    assert!(seen >= least, "{seen} after {least}");
                }
            };
            thread::scope(|scope| {
                (0..3).for_each(|_| drop(scope.spawn(read)));
                let mut wire = larder.wire();
                let wrong = (1..=rounds).find_map(|round| {
                    let said = wire.ask(&format!("SET {key} {round}"));
                    written.store(round, Ordering::SeqCst);
                    let seen = wire.ask(&format!("GET {key}"));
                    (said != "OK" || seen != round.to_string()).then_some((said, seen))
                });
                over.store(true, Ordering::SeqCst);
                assert_eq!(wrong, None);
            });
            assert!(shared_hits(&larder) > 0);
            larder.stop();
        });
    }
}

#[test]
fn whatever_takes_a_value_away_takes_it_from_the_workers() {
    on_every_model_with_workers(|larder| {
        let (mut wire, mut other) = (larder.wire(), larder.wire());
        for removal in ["DEL a", "FLUSHALL", "FLUSHDB", "CACHE.DROP a", "EXPIRE a 0", "RENAME a b"]
        {
            wire.talk(&[("SET a one", "OK")]);
            read_until_shared(&larder, &mut wire, "a", "one");
            let told = other.ask(removal);
            assert!(!told.starts_with('-'), "{removal}: {told}");
            assert_eq!(wire.ask("GET a"), "nil", "{removal}");
        }
        larder.stop();
    });
}

#[test]
fn a_value_expires_for_the_workers_too() {
    on_every_model_with_workers(|larder| {
        let mut wire = larder.wire();
        let written = Instant::now();
        wire.talk(&[("SET a one PX 400", "OK")]);
        let acknowledged = Instant::now();
        loop {
            let asked = Instant::now();
            if wire.ask("GET a") == "nil" {
                break;
            }
            assert!(asked - acknowledged < Duration::from_millis(400), "it outlives its time");
        }
        assert!(written.elapsed() >= Duration::from_millis(399));
        larder.stop();
    });
}

#[test]
fn a_copy_that_is_due_for_a_refresh_is_asked_of_the_parent() {
    const TABLE: &str =
        "CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT); INSERT INTO t VALUES ('a', 'one')";
    let config = |ahead: &str| {
        format!(
            "[sources.main]\nurl = \"sqlite:larder.db\"\n[keyspaces.row]\nprefix = \"row:\"\n\
             source = \"main\"\nstrategy = \"read-through\"\ntable = \"t\"\nkey = \"k\"\n\
             value = \"v\"\nttl = \"60s\"\nrefresh_ahead = \"{ahead}\"\n"
        )
    };
    for model in MODELS {
        let start = |ahead| Setup::new(model).config(&config(ahead)).sql(TABLE).start();
        let (calm, due) = (start("1s"), start("59999ms"));
        read_until_shared(&calm, &mut calm.wire(), "row:a", "one");
        let mut wire = due.wire();
        (0..100).for_each(|_| assert_eq!(wire.ask("GET row:a"), "one"));
        assert_eq!(shared_hits(&due), 0);
        calm.stop();
        due.stop();
    }
}

#[test]
fn what_bars_a_client_bars_it_at_once() {
    on_every_model_with_workers(|larder| {
        let (mut wire, mut admin) = (larder.wire(), larder.wire());
        wire.talk(&[("SET a one", "OK")]);
        read_until_shared(&larder, &mut wire, "a", "one");
        admin.talk(&[("ACL SETUSER admin on nopass +@all allkeys", "OK"), ("AUTH admin x", "OK")]);
        read_until_shared_by(&mut admin, &mut wire);
        admin.talk(&[("ACL SETUSER default -get", "OK")]);
        assert!(wire.ask("GET a").starts_with("-NOPERM"));
        admin.talk(&[("ACL SETUSER default +@all", "OK")]);
        read_until_shared_by(&mut admin, &mut wire);
        admin.talk(&[("CLIENT PAUSE 300 ALL", "OK")]);
        let paused = Instant::now();
        wire.ask("GET a");
        assert!(paused.elapsed() >= Duration::from_millis(200), "{:?}", paused.elapsed());
        larder.stop();
    });
}

/// As [`read_until_shared`], by the counters that `admin` may see.
fn read_until_shared_by(admin: &mut Wire, wire: &mut Wire) {
    let mut count = || {
        let info = admin.ask("INFO stats");
        info.lines().find(|line| line.starts_with("larder_shared_hits:")).unwrap().to_owned()
    };
    let (before, started) = (count(), Instant::now());
    while count() == before {
        assert_eq!(wire.ask("GET a"), "one");
        assert!(started.elapsed() < PATIENCE, "the parent answers everything");
    }
}

#[test]
fn a_client_is_known_by_its_own_address() {
    on_every_model_with_workers(|larder| {
        let mut wire = larder.wire();
        let address = wire.stream().local_addr().unwrap();
        let listed = wire.ask("CLIENT LIST");
        assert!(listed.contains(&format!("addr={address} laddr={}", larder.address())), "{listed}");
        larder.stop();
    });
}

#[test]
fn workers_do_not_outlive_their_parent() {
    on_every_model_with_workers(|larder| {
        let mut clients: Vec<_> = (0..6).map(|_| larder.wire()).collect();
        clients.iter_mut().for_each(|wire| assert_eq!(wire.ask("PING"), "PONG"));
        let workers = workers_of(&larder);
        assert!(!workers.is_empty());
        larder.kill();
        let setup = larder.killed();
        clients.into_iter().for_each(|wire| assert!(wire.ends()));
        let started = Instant::now();
        while workers.iter().any(|worker| is_running(*worker)) {
            assert!(started.elapsed() < PATIENCE, "{}", setup.log());
            thread::yield_now();
        }
    });
}

#[test]
fn a_killed_worker_costs_only_its_own_clients_and_no_value() {
    on_every_model_with_workers(|larder| {
        let mut clients: Vec<_> = (0..8).map(|_| larder.wire()).collect();
        clients[0].talk(&[("SET a one", "OK")]);
        for wire in &mut clients {
            assert_eq!(wire.ask("GET a"), "one");
        }
        let workers = workers_of(&larder);
        kill_process(workers[0], Signal::KILL).unwrap();
        let answered = clients.iter_mut().filter_map(|wire| {
            wire.try_send("GET a").ok()?;
            wire.read().ok()
        });
        let answers: Vec<_> = answered.collect();
        assert!(answers.len() < 8 || workers.len() == 2, "{answers:?}");
        assert!(answers.iter().all(|answer| answer == "one"), "{answers:?}");
        larder.wire().talk(&[("SET a two", "OK"), ("GET a", "two")]);
        larder.stop();
    });
}

/// The processes that it has started.
fn workers_of(larder: &Larder) -> Vec<Pid> {
    let parent = format!("PPid:\t{}\n", larder.id());
    let statuses = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let entry = entry.unwrap();
        let number = entry.file_name().to_str()?.parse().ok()?;
        let status = fs::read_to_string(entry.path().join("status")).ok()?;
        status.contains(&parent).then(|| Pid::from_raw(number)).flatten()
    });
    statuses.collect()
}

/// Whether it is there, and is more than a zombie that its new parent has yet to reap.
fn is_running(process: Pid) -> bool {
    let path = format!("/proc/{}/status", process.as_raw_nonzero());
    let status = fs::read_to_string(path).unwrap_or_default();
    test_kill_process(process).is_ok() && !status.is_empty() && !status.contains("State:\tZ")
}
