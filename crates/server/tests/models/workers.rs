//! The models that have the sockets of clients in other processes.

use std::env;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use larder_server::config::{ConfigText, Overrides};
use larder_server::model::worker::{Deputy, work};
use larder_server::model::{Mandate, ModelName, Options, Shutdown, WorkerCommand};
use rustix::process::{Pid, Signal, kill_process};

use crate::echo::{Echo, MANDATE};
use crate::harness::{self, Client, PATIENCE, Server, Way, alone_on_every_model, on_every_model};

/// Set where this program is a worker.
const WORKER: &str = "LARDER_TEST_WORKER";

/// This program, which then plays nothing but [`a_worker_works`].
pub fn command() -> WorkerCommand {
    WorkerCommand {
        program: "/proc/self/exe".into(),
        arguments: ["workers::a_worker_works", "--exact", "--nocapture"].map(Into::into).into(),
        environment: vec![(WORKER.into(), "1".into())],
    }
}

#[test]
fn a_worker_works() {
    if env::var_os(WORKER).is_some() {
        work(Guide).unwrap();
    }
}

/// Answers `where` by the process that it is in.
struct Guide;

impl Deputy for Guide {
    fn answer(&mut self, mandate: Mandate, input: &[u8], output: &mut Vec<u8>) -> Option<usize> {
        const QUESTION: &[u8] = b"where\n";
        assert_eq!(mandate, MANDATE);
        input.starts_with(QUESTION).then(|| {
            output.extend_from_slice(format!("{}\n", process::id()).as_bytes());
            QUESTION.len()
        })
    }
}

/// Plays `scenario` on the models that have workers, with the process for itself.
fn alone_on_every_model_with_workers(scenario: impl Fn(Way)) {
    alone_on_every_model(|way| {
        if way.model.capabilities().workers {
            scenario(way);
        }
    });
}

/// The worker that serves a client. Nothing must be under way for the client.
fn worker_of(client: &mut Client) -> Pid {
    loop {
        client.send("where\n");
        // It is there when the word has come that the client's connection is at rest.
        if let Ok(number) = client.line().trim_end().parse() {
            return Pid::from_raw(number).unwrap();
        }
    }
}

/// The processes that this one has started and not yet reaped.
fn children() -> usize {
    let is_child = |path: &str| {
        let status = fs::read_to_string(path).unwrap_or_default();
        status.lines().any(|line| line == format!("PPid:\t{}", process::id()))
    };
    let all = fs::read_dir("/proc").unwrap();
    all.filter(|entry| {
        let path = entry.as_ref().unwrap().path().join("status");
        is_child(path.to_str().unwrap())
    })
    .count()
}

/// Waits until there are so many children.
fn wait_for_children(count: usize) {
    let deadline = Instant::now() + PATIENCE;
    while children() != count {
        assert!(Instant::now() < deadline, "{} children", children());
        thread::yield_now();
    }
}

#[test]
fn a_deputy_answers_in_order_and_only_when_nothing_is_under_way() {
    on_every_model(|way| {
        if !way.model.capabilities().workers {
            return;
        }
        let server = Server::start(way);
        let mut client = server.client();
        let worker = format!("{}\n", worker_of(&mut client).as_raw_nonzero());
        client.send("where\nslow\nwhere\n");
        server.gate.wait(|counts| counts.slow == 1);
        client.send("where\n");
        server.gate.release();
        for expected in [&worker, "slow\n", "here\n", "here\n"] {
            assert_eq!(client.line(), expected);
        }
        assert_eq!(worker, format!("{}\n", worker_of(&mut client).as_raw_nonzero()));
        server.stop();
    });
}

#[test]
fn a_deputy_has_no_say_in_what_is_encrypted() {
    harness::on_every_model_with_tls(|way| {
        let server = Server::start(way);
        let mut client = server.client();
        for _ in 0..3 {
            client.echo("echo\n");
            client.send("where\n");
            assert_eq!(client.line(), "here\n");
        }
        server.stop();
    });
}

#[test]
fn a_killed_worker_takes_only_its_own_clients_with_it() {
    alone_on_every_model_with_workers(|way| {
        let server = Server::start(way);
        let mut clients: Vec<_> = (0..12).map(|_| server.client()).collect();
        let workers: Vec<_> = clients.iter_mut().map(worker_of).collect();
        kill_process(workers[0], Signal::KILL).unwrap();
        let (lost, mut left): (Vec<_>, Vec<_>) =
            clients.into_iter().zip(&workers).partition(|(_, worker)| **worker == workers[0]);
        for (client, _) in &mut left {
            client.echo("unharmed\n");
        }
        lost.into_iter().for_each(|(client, _)| assert!(client.ends()));
        server.gate.wait(|counts| counts.open == left.len());
        let expected = if way.model == ModelName::Prefork { 2 } else { left.len() };
        wait_for_children(expected);
        server.client().echo("served\n");
        drop(left);
        server.stop();
        wait_for_children(0);
    });
}

#[test]
fn every_worker_is_replaced_as_often_as_it_dies() {
    alone_on_every_model_with_workers(|way| {
        if way.model != ModelName::Prefork {
            return;
        }
        let server = Server::start(way);
        for _ in 0..6 {
            let mut client = server.client();
            kill_process(worker_of(&mut client), Signal::KILL).unwrap();
            assert!(client.ends());
        }
        server.client().echo("served\n");
        wait_for_children(2);
        server.stop();
    });
}

#[test]
fn no_process_is_left_of_clients_that_have_left() {
    alone_on_every_model_with_workers(|way| {
        if way.model != ModelName::Process {
            return;
        }
        let server = Server::start(way);
        let mut crowd: Vec<_> = (0..20).map(|_| server.client()).collect();
        crowd.iter_mut().for_each(|client| client.echo("here\n"));
        assert_eq!(children(), crowd.len());
        drop(crowd);
        wait_for_children(0);
        server.stop();
    });
}

#[test]
fn a_worker_that_is_stuck_is_killed_at_the_deadline() {
    alone_on_every_model_with_workers(|way| {
        let server = Server::start(way);
        let mut client = server.client();
        let worker = worker_of(&mut client);
        kill_process(worker, Signal::STOP).unwrap();
        server.shutdown.begin(Duration::from_millis(50));
        server.join();
        assert!(client.ends());
        assert_eq!(children(), 0);
    });
}

#[test]
fn a_client_for_whom_no_process_can_be_started_is_told() {
    let _turn = harness::among_others();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::new().unwrap());
    let (echo, ending) = (Arc::new(Echo::new(1)), shutdown.clone());
    let gate = Arc::clone(&echo.gate);
    let running = thread::spawn(|| {
        ModelName::Process.run(vec![listener], echo, started_as("/no/such/program"), ending)
    });
    for _ in 0..2 {
        let mut client = Client::new(TcpStream::connect(address).unwrap());
        assert_eq!(
            client.line(),
            "refused: cannot start a process for this connection (cannot run /no/such/program: No \
             such file or directory (os error 2)): raise the limits of processes and open files, lower \
             maxclients, or choose another model\n"
        );
        assert!(client.ends());
        gate.wait(|counts| counts.open == 0);
    }
    shutdown.begin(PATIENCE);
    running.join().unwrap().unwrap();
}

#[test]
fn a_fixed_set_of_processes_that_cannot_be_started_is_no_start() {
    let _turn = harness::among_others();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (echo, shutdown) = (Arc::new(Echo::new(1)), Shutdown::new().unwrap());
    let options = started_as("/no/such/program");
    let failure = ModelName::Prefork.run(vec![listener], echo, options, shutdown).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "cannot run /no/such/program: No such file or directory (os error 2)"
    );
}

#[test]
fn workers_that_die_at_once_keep_nobody_from_stopping() {
    let _turn = harness::among_others();
    for model in [ModelName::Process, ModelName::Prefork] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::new().unwrap());
        let (echo, ending) = (Arc::new(Echo::new(9)), shutdown.clone());
        let running = thread::spawn(move || {
            model.run(vec![listener], echo, started_as("/bin/false"), ending)
        });
        let client = Client::new(TcpStream::connect(address).unwrap());
        shutdown.begin(PATIENCE);
        assert!(client.ends());
        running.join().unwrap().unwrap();
    }
}

fn started_as(program: &str) -> Options {
    let worker = WorkerCommand { program: program.into(), ..WorkerCommand::default() };
    Options { worker, ..harness::options() }
}

/// The folders in shared memory from which this process has a file mapped.
fn mapped_folders() -> Vec<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let files = maps.lines().filter_map(|line| line.find("/dev/shm/larder-").map(|at| &line[at..]));
    files.filter_map(|file| Some(Path::new(file).parent()?.to_owned())).collect()
}

#[test]
fn a_stop_removes_the_shared_memory_whoever_still_holds_it() {
    let _turn = harness::among_others();
    let data = tempfile::tempdir().unwrap();
    for model in [ModelName::Process, ModelName::Prefork] {
        let overrides = Overrides {
            listen: Some("127.0.0.1:0".into()),
            data: Some(data.path().into()),
            model: Some(model.to_string()),
            password: None,
        };
        let config = ConfigText::new("larder.toml", "").parse(&overrides).unwrap();
        let server = larder_server::Server::bind(config).unwrap();
        let (folders, status) = (mapped_folders(), Arc::clone(server.status()));
        assert!(!folders.is_empty() && folders.iter().all(|folder| folder.exists()));
        server.stopper().stop();
        server.run().unwrap();
        assert!(folders.iter().all(|folder| !folder.exists()), "{folders:?}");
        drop(status);
    }
}

#[test]
fn a_client_that_was_silent_is_heard_by_its_connection_first() {
    on_every_model(|way| {
        if !way.model.capabilities().workers {
            return;
        }
        let server = Server::start(way);
        let mut client = server.client();
        worker_of(&mut client);
        // For longer than a mandate is made use of.
        thread::sleep(Duration::from_millis(600));
        client.send("where\n");
        assert_eq!(client.line(), "here\n");
        worker_of(&mut client);
        server.stop();
    });
}
