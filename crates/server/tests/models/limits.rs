//! What the models say that they cannot do, and how they say it to a client.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread;

use larder_server::model::{ModelName, Options, Shutdown};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

use crate::echo::Echo;
use crate::harness::{self, Client, PATIENCE, Server, Way, alone_on_every_model, on_every_model};

#[test]
fn those_beyond_a_fixed_number_wait_and_those_beyond_the_queue_are_told() {
    on_every_model(|way| {
        let capabilities = way.model.capabilities();
        let (Some(served), Some(waiting)) =
            (capabilities.connections_max, capabilities.waiting_max)
        else {
            return;
        };
        let server = Server::start(way);
        let mut present: Vec<_> = (0..served).map(|_| server.client()).collect();
        present.iter_mut().for_each(|client| client.echo("served\n"));
        let mut queue: Vec<_> = (0..waiting).map(|_| server.client()).collect();
        let mut refused = server.client();
        assert_eq!(
            refused.line(),
            format!(
                "refused: all {served} threads of the pool are taken and {waiting} clients wait for \
                 one: close connections, or choose another model\n"
            )
        );
        assert!(refused.ends());
        drop(present.pop());
        queue[0].echo("served at last\n");
        drop((present, queue));
        server.stop();
    });
}

#[test]
fn a_client_whose_descriptor_cannot_be_watched_is_told_and_disturbs_nobody() {
    alone_on_every_model(|way| {
        let Some(end) = way.model.capabilities().descriptors_max else { return };
        let server = Server::start(way);
        let mut early = server.client();
        early.echo("early\n");
        let taken = take_below(end);
        let mut late = server.client();
        let told = late.line();
        assert!(told.starts_with("refused: select takes no descriptor from 1024 (FD_SETSIZE) on"));
        assert!(late.ends());
        early.echo("still served\n");
        drop(taken);
        server.client().echo("served\n");
        server.stop();
    });
}

#[test]
fn a_model_that_cannot_watch_its_own_descriptors_does_not_start() {
    alone_on_every_model(|way| {
        let Some(end) = way.model.capabilities().descriptors_max else { return };
        let taken = take_below(end);
        let failure = run(way).unwrap_err();
        drop(taken);
        assert!(failure.contains("FD_SETSIZE"), "{failure}");
    });
}

#[test]
fn a_kernel_that_refuses_io_uring_is_named_as_the_reason() {
    let _turn = harness::among_others();
    let refused = thread::spawn(|| {
        forbid(IO_URING_SETUP, Errno::PERM);
        run(Way { model: ModelName::Uring, tls: false })
    });
    let failure = refused.join().unwrap().unwrap_err();
    let reason = "this kernel refuses io_uring (Operation not permitted";
    assert!(failure.starts_with(reason), "{failure}");
    assert!(failure.ends_with("choose another model"), "{failure}");
}

#[test]
fn a_client_for_whom_there_is_no_thread_is_told() {
    let _turn = harness::among_others();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::new().unwrap());
    let (echo, ending) = (Arc::new(Echo::new(1)), shutdown.clone());
    let gate = Arc::clone(&echo.gate);
    let running = thread::spawn(|| {
        forbid(CLONE3, Errno::AGAIN);
        ModelName::ThreadEach.run(vec![listener], echo, Options::default(), ending)
    });
    for _ in 0..2 {
        let mut client = Client::new(TcpStream::connect(address).unwrap());
        let told = client.line();
        let begin = "refused: cannot start a thread for this connection (Resource temporarily";
        assert!(told.starts_with(begin), "{told}");
        let end = "raise the limits of threads and open files, lower maxclients, or choose another model\n";
        assert!(told.ends_with(end), "{told}");
        assert!(client.ends());
        gate.wait(|counts| counts.open == 0);
    }
    shutdown.begin(PATIENCE);
    running.join().unwrap().unwrap();
}

#[test]
fn a_pool_without_all_of_its_threads_does_not_start() {
    let _turn = harness::among_others();
    let running = thread::spawn(|| {
        forbid(CLONE3, Errno::AGAIN);
        run(Way { model: ModelName::Pool, tls: false })
    });
    let failure = running.join().unwrap().unwrap_err();
    assert!(failure.starts_with("Resource temporarily unavailable"), "{failure}");
}

/// Runs a model on a listener of its own, to see it fail.
fn run(way: Way) -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (service, shutdown) = (Arc::new(Echo::new(1)), Shutdown::new().unwrap());
    let served = way.model.run(vec![listener], service, harness::options(), shutdown);
    served.map_err(|error| error.to_string())
}

/// Takes every free descriptor below `end`, for as long as the files live.
fn take_below(end: usize) -> Vec<File> {
    let limits = getrlimit(Resource::Nofile);
    let current = limits.current.map(|current| current.max(2 * end as u64));
    setrlimit(Resource::Nofile, Rlimit { current, ..limits }).unwrap();
    let mut files = vec![File::open("/dev/null").unwrap()];
    while files.last().unwrap().as_raw_fd() < end as i32 {
        files.push(File::open("/dev/null").unwrap());
    }
    files
}

/// The numbers of these system calls are the same on every architecture.
const IO_URING_SETUP: i64 = 425;
const CLONE3: i64 = 435;

/// Has the kernel refuse a system call to this thread and to those that it starts.
fn forbid(system_call: i64, errno: Errno) {
    let rules = [(system_call, Vec::new())].into_iter().collect();
    let refuse = SeccompAction::Errno(errno.raw_os_error() as u32);
    let architecture = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, architecture).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    apply_filter(&program).unwrap();
}
