//! The conformance suite of the models: every scenario runs over every model in the registry.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

#[path = "../../src/tls/testing.rs"]
mod certificates;
mod echo;
mod encryption;
mod harness;
mod limits;
mod listeners;
mod workers;

use std::fs;
use std::io::{self, Read};
use std::iter;
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, SockRef, Socket, Type};

use echo::OUTPUT_MAX;
use harness::{Client, PATIENCE, Server, Way, alone_on_every_model, in_every_way, on_every_model};

/// More than the buffers of two sockets hold.
const LARGE: usize = 32 * 1024 * 1024;

#[test]
fn answers_to_a_pipeline_keep_their_order() {
    in_every_way(|way| {
        let server = Server::start(way);
        let mut client = server.client();
        client.send("one\nslow\nthree\nslow\nfive\n");
        server.gate.wait(|counts| counts.slow == 2);
        server.gate.release();
        for expected in ["one\n", "slow\n", "three\n", "slow\n", "five\n"] {
            assert_eq!(client.line(), expected);
        }
        server.stop();
    });
}

#[test]
fn a_line_may_arrive_byte_by_byte() {
    in_every_way(|way| {
        let server = Server::start(way);
        let mut client = server.client();
        for byte in b"one byte at a time\n" {
            client.send([*byte]);
        }
        assert_eq!(client.line(), "one byte at a time\n");
        server.stop();
    });
}

#[test]
fn a_pipeline_may_be_cut_anywhere() {
    in_every_way(|way| {
        let server = Server::start(way);
        let mut client = server.client();
        let pipeline = "one\ntwo\nslow\nfour\n".repeat(3);
        server.gate.release();
        for length in 1..pipeline.len() {
            pipeline.as_bytes().chunks(length).for_each(|piece| client.send(piece));
            pipeline.lines().for_each(|line| assert_eq!(client.line(), format!("{line}\n")));
        }
        server.stop();
    });
}

#[test]
fn a_reader_may_take_one_byte_at_a_time() {
    on_every_model(|way| {
        let server = Server::start(way);
        let mut client = server.client();
        client.send("big 20000\nafter\n");
        let mut byte = [0];
        for _ in 0..20_000 {
            client.stream().read_exact(&mut byte).unwrap();
            assert_eq!(byte, *b"x");
        }
        assert_eq!(client.line(), "after\n");
        server.stop();
    });
}

#[test]
fn a_message_may_be_larger_than_any_buffer_on_the_way() {
    in_every_way(|way| {
        let server = Server::start(way);
        let mut line = "m".repeat(1024 * 1024);
        line.push('\n');
        let mut client = server.client();
        client.echo(&line);
        client.echo("small again\n");
        server.stop();
    });
}

#[test]
fn a_slow_answer_holds_up_no_other_connection() {
    in_every_way(|way| {
        let server = Server::start(way);
        let mut slow = server.client();
        slow.send("slow\n");
        server.gate.wait(|counts| counts.slow == 1);
        // Enough to have neighbours of the slow one in every loop and on every thread.
        for _ in 0..8 {
            server.client().echo("fast\n");
        }
        server.gate.release();
        assert_eq!(slow.line(), "slow\n");
        server.stop();
    });
}

#[test]
fn a_slow_reader_holds_up_no_other_connection() {
    in_every_way(|way| {
        let server = Server::start(way);
        let mut slow = server.client();
        slow.send(format!("big {LARGE}\nafter\n"));
        for _ in 0..8 {
            server.client().echo("fast\n");
        }
        slow.skip(LARGE);
        assert_eq!(slow.line(), "after\n");
        server.stop();
    });
}

#[test]
fn a_late_answer_is_taken_up_while_the_reader_is_slow() {
    in_every_way(|way| {
        let server = Server::start(way);
        let mut client = server.client();
        client.send(format!("slow\nbig {LARGE}\n"));
        server.gate.wait(|counts| counts.slow == 1);
        server.gate.release();
        server.gate.wait(|counts| counts.output_peak >= LARGE);
        assert_eq!(client.line(), "slow\n");
        client.skip(LARGE);
        server.stop();
    });
}

#[test]
fn input_of_a_client_that_does_not_read_stays_in_its_socket() {
    on_every_model(|way| {
        let server = Server::start(way);
        let mut client = server.client();
        let mut sender = client.twin();
        let sending = thread::spawn(move || (0..400).for_each(|_| sender.send("big 100000\n")));
        (0..400).for_each(|_| client.skip(100_000));
        sending.join().unwrap();
        assert!(server.gate.output_peak() <= OUTPUT_MAX + 100_000);
        server.stop();
    });
}

#[test]
fn endless_input_starves_nobody() {
    on_every_model(|way| {
        let server = Server::start(way);
        let flooding = &AtomicBool::new(true);
        let flood = &format!("{}\n", "flood".repeat(2000)).repeat(10);
        thread::scope(|scope| {
            for _ in 0..2 {
                let mut sender = server.client();
                let mut reader = sender.stream().try_clone().unwrap();
                scope.spawn(move || {
                    while flooding.load(Ordering::Relaxed) {
                        sender.send(flood);
                    }
                    sender.end_input();
                });
                scope.spawn(move || io::copy(&mut reader, &mut io::sink()));
            }
            let mut client = server.client();
            (0..50).for_each(|_| client.echo("not starved\n"));
            flooding.store(false, Ordering::Relaxed);
        });
        server.stop();
    });
}

#[test]
fn a_client_that_sends_no_more_still_gets_its_answers() {
    in_every_way(|way| {
        let server = Server::start(way);
        let mut client = server.client();
        client.send("one\nslow\n");
        client.end_input();
        server.gate.wait(|counts| counts.slow == 1);
        server.gate.release();
        assert_eq!(client.line(), "one\n");
        assert_eq!(client.line(), "slow\n");
        assert!(client.ends());
        server.stop();
    });
}

#[test]
fn a_connection_that_finishes_is_closed_after_its_last_answer() {
    in_every_way(|way| {
        let server = Server::start(way);
        let mut client = server.client();
        client.send("one\nquit\nignored\n");
        assert_eq!(client.line(), "one\n");
        assert_eq!(client.line(), "bye\n");
        assert!(client.ends());
        server.stop();
    });
}

#[test]
fn a_client_beyond_the_limit_reads_why_and_is_closed() {
    on_every_model(|way| {
        let server = Server::with_limit(way, 1);
        let mut first = server.client();
        first.echo("first\n");
        let mut second = server.client();
        assert_eq!(second.line(), "full\n");
        assert!(second.ends());
        drop(first);
        server.gate.wait(|counts| counts.open == 0);
        server.client().echo("third\n");
        server.stop();
    });
}

#[test]
fn a_panic_ends_its_own_connection_only() {
    in_every_way(|way| {
        let server = Server::start(way);
        let mut neighbours: Vec<Client> = (0..4).map(|_| server.client()).collect();
        let mut client = server.client();
        client.send("panic\n");
        assert!(client.ends());
        neighbours.iter_mut().for_each(|neighbour| neighbour.echo("unharmed\n"));
        server.gate.wait(|counts| counts.open == 4);
        server.stop();
    });
}

#[test]
fn a_late_answer_for_a_client_that_left_disturbs_nobody() {
    in_every_way(|way| {
        let server = Server::start(way);
        let mut leaving = server.client();
        leaving.send("slow\n");
        server.gate.wait(|counts| counts.slow == 1);
        reset(leaving);
        server.gate.wait(|counts| counts.open == 0);
        let mut successors: Vec<Client> = (0..4).map(|_| server.client()).collect();
        successors.iter_mut().for_each(|client| client.echo("before\n"));
        server.gate.release();
        successors.iter_mut().for_each(|client| client.echo("after\n"));
        server.stop();
    });
}

#[test]
fn a_thousand_clients_come_and_go_without_a_trace() {
    alone_on_every_model(|way| {
        // A runtime keeps what it opens first for as long as the process lives.
        Server::start(way).stop();
        let before = descriptors();
        let server = Server::start(way);
        come_and_go(&server, 1);
        let (alone, clients) = (descriptors(), clients_max(way).min(1000));
        come_and_go(&server, clients);
        // A worker is reaped a moment after its client has left.
        let started = Instant::now();
        while descriptors() >= alone + clients / 2 {
            assert!(started.elapsed() < PATIENCE, "{} descriptors, {alone} before", descriptors());
            thread::yield_now();
        }
        server.stop();
        assert!(descriptors() <= before);
    });
}

#[test]
fn running_out_of_descriptors_delays_a_client_and_loses_none() {
    let warnings = harness::warnings();
    alone_on_every_model(|way| {
        let mut scarcity = Scarcity::announced();
        let server = Server::start(way);
        let mut early = server.client();
        early.echo("early\n");
        warnings.try_iter().for_each(drop);
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        scarcity.begin();
        client.connect(&server.address.into()).unwrap();
        warnings.recv_timeout(PATIENCE).unwrap();
        early.echo("still served\n");
        drop(scarcity);
        Client::new(client.into()).echo("late\n");
        server.stop();
    });
}

#[test]
fn a_shutdown_waits_for_the_answer_in_flight() {
    in_every_way(|way| {
        let server = Server::start(way);
        let (idle, mut client) = (server.client(), server.client());
        client.send("one\nslow\n");
        server.gate.wait(|counts| counts.slow == 1 && counts.open == 2);
        server.shutdown.begin(PATIENCE);
        assert!(idle.ends());
        server.gate.release();
        assert_eq!(client.line(), "one\n");
        assert_eq!(client.line(), "slow\n");
        assert!(client.ends());
        let address = server.address;
        server.join();
        assert!(TcpStream::connect(address).is_err());
    });
}

#[test]
fn a_shutdown_sends_what_a_slow_reader_has_coming() {
    in_every_way(|way| {
        let server = Server::start(way);
        let mut client = server.client();
        client.send(format!("big {LARGE}\n"));
        server.gate.wait(|counts| counts.output_peak >= LARGE);
        server.shutdown.begin(PATIENCE);
        client.skip(LARGE);
        assert!(client.ends());
        server.join();
    });
}

#[test]
fn the_deadline_of_a_shutdown_cuts_those_who_are_stuck() {
    in_every_way(|way| {
        let server = Server::start(way);
        let (mut waiting, mut deaf) = (server.client(), server.client());
        waiting.send("slow\n");
        deaf.send(format!("big {LARGE}\n"));
        server.gate.wait(|counts| counts.slow == 1 && counts.output_peak >= LARGE);
        server.shutdown.begin(Duration::from_millis(50));
        assert!(waiting.ends());
        let gate = Arc::clone(&server.gate);
        server.join();
        gate.wait(|counts| counts.open == 0);
        gate.release();
    });
}

#[test]
fn what_a_crowd_needs_of_memory_it_does_not_need_twice() {
    alone_on_every_model(|way| {
        let server = Server::start(way);
        let clients = clients_max(way).min(200);
        (0..3).for_each(|_| come_and_go(&server, clients));
        let settled = resident_bytes();
        (0..3).for_each(|_| come_and_go(&server, clients));
        let grown = resident_bytes().saturating_sub(settled);
        assert!(grown < GROWTH_OF_A_HEAP, "{grown} more bytes");
        server.stop();
    });
}

/// What a heap may grow by without a leak: an allocator keeps memory for each thread.
const GROWTH_OF_A_HEAP: usize = 8 * 1024 * 1024;

/// How much memory this process uses.
fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    1024 * resident.trim().trim_end_matches(" kB").parse::<usize>().unwrap()
}

/// A crowd that is served all at once, and leaves.
fn come_and_go(server: &Server, clients: usize) {
    let before = descriptors();
    let mut crowd: Vec<Client> = (0..clients).map(|_| server.client()).collect();
    crowd.iter_mut().for_each(|client| client.echo("here\n"));
    assert!(descriptors() >= before + clients);
    drop(crowd);
    server.gate.wait(|counts| counts.open == 0);
}

/// How many clients of this process a model can serve at a time, when nothing else runs.
fn clients_max(way: Way) -> usize {
    let capabilities = way.model.capabilities();
    // Both ends are in this process, and some descriptors are needed for other things.
    let by_number = capabilities.descriptors_max.map(|max| (max - descriptors() - 50) / 2);
    let bounds = [capabilities.connections_max, by_number];
    bounds.into_iter().flatten().min().unwrap_or(usize::MAX)
}

/// Leaves without a farewell, which the server learns also when it expects no input.
fn reset(client: Client) {
    SockRef::from(client.stream()).set_linger(Some(Duration::ZERO)).unwrap();
}

/// How many descriptors this process has open.
fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// A time in which the process can open no descriptor.
struct Scarcity {
    limits: Rlimit,
    files: Vec<fs::File>,
}

impl Scarcity {
    /// How many more descriptors there may be until it begins.
    const ROOM: u64 = 300;

    /// Some models go by the limit from when they began to accept, so it is set before they do.
    fn announced() -> Self {
        let limits = getrlimit(Resource::Nofile);
        let lowest_free = fs::File::open("/dev/null").unwrap().as_raw_fd();
        let current = u64::try_from(lowest_free).ok().map(|lowest| lowest + Self::ROOM);
        setrlimit(Resource::Nofile, Rlimit { current, ..limits }).unwrap();
        Self { limits, files: Vec::new() }
    }

    /// Takes what is left.
    fn begin(&mut self) {
        self.files.extend(iter::from_fn(|| fs::File::open("/dev/null").ok()));
    }
}

impl Drop for Scarcity {
    fn drop(&mut self) {
        setrlimit(Resource::Nofile, self.limits).unwrap();
    }
}
