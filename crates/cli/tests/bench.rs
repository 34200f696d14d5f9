//! `larder bench` against real servers: larder itself, and redis-server.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

#[allow(dead_code, reason = "a server without TLS is loaded, too")]
#[path = "../../server/src/tls/testing.rs"]
mod certificates;
#[allow(dead_code, reason = "a load needs less of it than those who serve")]
#[path = "serve/kit.rs"]
mod kit;
#[allow(dead_code, reason = "a load needs less of it than those who serve")]
#[path = "serve/process.rs"]
mod process;
#[allow(dead_code, reason = "a load needs less of it than those who serve")]
#[path = "serve/wire.rs"]
mod wire;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use kit::{STRATEGIES, Setup};
use process::Process;
use wire::{PATIENCE, Wire};

/// A `larder bench` that has ended.
struct Bench {
    code: Option<i32>,
    printed: String,
    error: String,
    /// What it wrote with `--json`.
    numbers: Value,
}

/// As short as it can be.
const BRIEF: &str = "--duration 0.3 --warm-up 0.1 --rounds 2 --connections 4";

/// Loads a server with further options.
fn bench(address: SocketAddr, options: &str) -> Bench {
    bench_with(address, options, &[])
}

fn bench_with(address: SocketAddr, options: &str, environment: &[(&str, &str)]) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("numbers.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
    command.args(["bench", &address.to_string()]).args(BRIEF.split(' '));
    command.args(options.split_whitespace()).arg("--json").arg(&json);
    command.env_remove("LARDER_PASSWORD").envs(environment.iter().copied());
    let output = Process::output(&mut command);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let numbers = fs::read(json).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Bench {
        code: output.status.code(),
        printed: text(&output.stdout),
        error: text(&output.stderr),
        numbers: numbers.unwrap_or_default(),
    }
}

impl Bench {
    /// It has ended well, and every request was answered well.
    fn succeeded(self) -> Self {
        assert_eq!((self.code, self.complaints()), (Some(0), vec![]), "{}", self.printed);
        assert_eq!(self.rounds().len(), 2);
        for round in self.rounds() {
            assert!(round["requests"].as_u64().unwrap() > 0, "{round}");
            assert_eq!((&round["errors"], &round["connections_lost"]), (&0.into(), &0.into()));
        }
        self
    }

    /// It has failed, and said why in one line.
    fn failed(self) -> String {
        assert_eq!(self.code, Some(1), "{} {}", self.printed, self.error);
        let complaints = self.complaints();
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        complaints[0].to_owned()
    }

    /// What it wrote to stderr, but for how far it had come.
    fn complaints(&self) -> Vec<&str> {
        self.error.lines().filter(|line| line.starts_with("larder: ")).collect()
    }

    fn rounds(&self) -> &[Value] {
        self.numbers["rounds"].as_array().unwrap()
    }

    fn sum(&self, figure: impl Fn(&Value) -> &Value) -> f64 {
        self.rounds().iter().map(|round| figure(round).as_f64().unwrap()).sum()
    }
}

/// A redis-server in memory only. It ends when this is dropped.
struct Redis {
    _process: Process,
    address: SocketAddr,
    _folder: TempDir,
}

impl Redis {
    fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Nobody else is given it soon after.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &address.port().to_string()]);
        command.args(["--save", "", "--appendonly", "no"]).args(options);
        command.current_dir(folder.path()).stdout(Stdio::null());
        let process = Process::spawn(&mut command);
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(started.elapsed() < PATIENCE, "redis-server does not listen");
            thread::sleep(Duration::from_millis(5));
        }
        Self { _process: process, address, _folder: folder }
    }

    fn keys(&self) -> String {
        Wire::connect(self.address).ask("DBSIZE")
    }
}

#[test]
fn larder_is_loaded_and_what_a_request_costs_is_told() {
    let larder = Setup::new("reactors").start();
    let bench = bench(larder.address(), "--workload half-and-half --fill --keys 700").succeeded();
    for word in ["requests/s", "server, CPU-us", "p99.9", "reads", "writes", "half-and-half"] {
        assert!(bench.printed.contains(word), "{word}: {}", bench.printed);
    }
    assert!(bench.sum(|round| &round["server_cpu_us_per_request"]) > 0.0);
    assert!(bench.sum(|round| &round["generator_cpu_us_per_request"]) > 0.0);
    assert!(bench.sum(|round| &round["writes_ns"]["count"]) > 0.0);
    larder.wire().talk(&[("EXISTS key:0 key:699 key:700", ":2")]);
    larder.stop();
}

#[test]
fn redis_is_loaded_in_an_open_loop_with_a_pipeline_in_the_third_version_of_the_protocol() {
    let redis = Redis::start(&[]);
    let options = "--rate 2000 --even --pipeline 16 --resp 3 --fill --keys 300 --workload uniform";
    let bench = bench(redis.address, options).succeeded();
    assert_eq!(redis.keys(), ":300");
    assert!(bench.sum(|round| &round["server_cpu_us_per_request"]) > 0.0);
    let due = bench.sum(|round| &round["generator_lag_ns"]["count"]);
    let unsent = bench.sum(|round| &round["requests_unsent"]);
    assert_eq!(due + unsent, 1200.0, "0.3 seconds, two rounds");
}

#[test]
fn a_trace_is_replayed() {
    let redis = Redis::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace.lis");
    fs::write(&trace, "10 3 0 0\n11 1 0 1\n").unwrap();
    let options = format!("--workload trace --trace {} --fill --read-share 1", trace.display());
    let bench = bench(redis.address, &options).succeeded();
    assert_eq!(redis.keys(), ":3");
    assert_eq!(bench.sum(|round| &round["writes_ns"]["count"]), 0.0);
}

#[test]
fn a_password_is_asked_for_taken_from_two_places_and_not_told() {
    let redis = Redis::start(&["--requirepass", "s3cret"]);
    let refused = bench(redis.address, "").failed();
    assert!(refused.contains("NOAUTH") && refused.contains("--password"), "{refused}");
    let refused = bench(redis.address, "--password wrong").failed();
    assert!(refused.contains("WRONGPASS"), "{refused}");
    let given = bench(redis.address, "--password s3cret --user default --resp 3").succeeded();
    assert!(!given.printed.contains("s3cret") && !given.numbers.to_string().contains("s3cret"));
    bench_with(redis.address, "", &[("LARDER_PASSWORD", "s3cret")]).succeeded();
}

#[test]
fn a_keyspace_that_refuses_writes_is_told_at_once() {
    let larder = Setup::new("reactors").config(STRATEGIES).start();
    let refused = bench(larder.address(), "--prefix read:").failed();
    assert!(refused.contains("READONLY read-through leaves writes"), "{refused}");
    assert!(refused.contains("--read-share 1"), "{refused}");
    bench(larder.address(), "--prefix read: --read-share 1").succeeded();
    bench(larder.address(), "--prefix through: --fill --keys 20").succeeded();
    larder.stop();
}

#[test]
fn nobody_listens() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = bench(address, "").failed();
    assert!(refused.contains("nothing listens on"), "{refused}");
}

#[test]
fn a_server_that_is_killed_ends_the_run_and_is_told() {
    let larder = Setup::new("reactors").start();
    let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
    command.args(["bench", &larder.address().to_string(), "--duration", "3600"]);
    command.args(["--connections", "3", "--threads", "2"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Process::spawn(&mut command);
    let mut wire = larder.wire();
    let started = Instant::now();
    while wire.ask("CLIENT LIST").lines().count() < 4 {
        assert!(started.elapsed() < PATIENCE, "the load does not begin");
    }
    larder.kill();
    larder.killed();
    let [_, error] = child.read_pipes();
    let error = String::from_utf8_lossy(&error);
    assert_eq!(child.wait().code(), Some(1), "{error}");
    assert!(error.contains("lost") || error.contains("closed the connection"), "{error}");
}

#[test]
fn what_the_command_line_says_wrongly_is_a_mistake_of_its_own_kind() {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    for options in ["--read-share 2", "--workload trace", "--user me", "--zipf 99"] {
        assert_eq!(bench(nowhere, options).code, Some(2), "{options}");
    }
}
