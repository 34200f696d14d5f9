use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::testing::{Manner, Server, nowhere};
use super::*;

/// Reads and writes in turns, as a server without commands understands them.
#[derive(Default)]
struct Turns {
    asked: usize,
    heard: Vec<Kind>,
}

impl Script for Turns {
    fn request(&mut self, out: &mut Vec<u8>) -> Kind {
        out.extend_from_slice(b"*1\r\n$4\r\nPING\r\n");
        self.asked += 1;
        if self.asked % 2 == 1 { Kind::Read } else { Kind::Write }
    }

    fn answered(&mut self, kind: Kind, reply: &[u8]) -> Verdict {
        self.heard.push(kind);
        Verdict::of(reply)
    }
}

/// Greets first.
struct Polite;

impl Script for Polite {
    fn greeting(&mut self, out: &mut Vec<u8>) -> usize {
        out.extend_from_slice(b"*1\r\n$5\r\nHELLO\r\n*1\r\n$4\r\nAUTH\r\n");
        2
    }

    fn request(&mut self, out: &mut Vec<u8>) -> Kind {
        Turns::default().request(out)
    }
}

fn brief(server: &Server) -> Load {
    Load { lasting: Duration::from_millis(200), ..Load::on(server.address()) }
}

fn driven(manner: Manner, change: impl Fn(Load) -> Load) -> Result<Outcome> {
    let server = Server::start(manner);
    change(brief(&server)).drive(|_| Turns::default())
}

/// The reason, as it is told.
fn failure(driven: Result<Outcome>) -> String {
    driven.unwrap_err().to_string()
}

#[test]
fn a_closed_loop_asks_as_often_as_it_is_answered() {
    let outcome = driven(Manner::Answers, |load| Load {
        connections: 8,
        threads: 2,
        pipeline: 4,
        warm_up: Duration::from_millis(50),
        ..load
    });
    let outcome = outcome.unwrap();
    assert!(outcome.requests > 8 * 4, "more than a window: {}", outcome.requests);
    assert!((outcome.per_second() - outcome.requests as f64 / 0.2).abs() < 1e-6);
    assert_eq!((outcome.errors, outcome.lost, outcome.unsent, outcome.threads), (0, 0, 0, 2));
    let (reads, writes) = (outcome.reads.len(), outcome.writes.len());
    assert!(reads.abs_diff(writes) <= 8 * 4, "{reads} reads, {writes} writes");
    assert!(outcome.lag.is_empty(), "a closed loop has no schedule");
    assert!(outcome.cpu > Duration::ZERO && outcome.cpu_us_per_request() > 0.0);
}

#[test]
fn an_open_loop_asks_as_often_as_it_is_told() {
    for pace in [Pace::Open { per_second: 2000.0 }, Pace::Poisson { per_second: 2000.0 }] {
        let load = |load| Load { connections: 4, pipeline: 16, pace, ..load };
        let outcome = driven(Manner::Answers, load).unwrap();
        let latencies = outcome.reads.len() + outcome.writes.len();
        assert!((300..=500).contains(&latencies), "{pace:?}: {latencies}");
        assert_eq!(outcome.lag.len(), outcome.answered_well());
    }
}

#[test]
fn a_reply_counts_from_when_it_came_and_not_from_when_it_was_read() {
    // Both connections sleep between their requests, and read a reply no sooner than the next one is due.
    let pace = Pace::Open { per_second: 250.0 };
    let load = |load| Load { connections: 2, pipeline: 2, pace, ..load };
    let outcome = driven(Manner::Answers, load).unwrap();
    // The others may be slow because the machine is busy.
    let (fastest, interval) = (outcome.reads.value_at_quantile(0.25), 4_000_000);
    assert!(fastest < interval / 2, "{fastest}");
}

#[test]
fn only_an_open_loop_sees_a_stall_as_users_do() {
    let stall = Duration::from_millis(200);
    let share_that_waited = |pace| {
        let lasting = Duration::from_secs(1);
        let load = |load| Load { pace, lasting, ..load };
        let Outcome { mut reads, writes, .. } = driven(Manner::Stalls(100, stall), load).unwrap();
        reads.add(writes).unwrap();
        assert!(reads.max() >= 190_000_000, "somebody waited: {}", reads.max());
        let waited = reads.count_between(stall.as_nanos() as u64 / 2, reads.max());
        waited as f64 / reads.len() as f64
    };
    // Half the stall's users wait for more than half of it: 10 % of a second.
    let open = share_that_waited(Pace::Open { per_second: 1000.0 });
    assert!(open > 0.05, "{open}");
    let closed = share_that_waited(Pace::Closed);
    assert!(closed < open / 4.0, "closed {closed}, open {open}");
}

#[test]
fn requests_that_never_had_room_are_told() {
    let stall = Manner::Stalls(1, Duration::from_millis(300));
    let pace = Pace::Open { per_second: 1000.0 };
    let outcome = driven(stall, |load| Load { pace, pipeline: 2, ..load }).unwrap();
    assert!(outcome.unsent > 150, "{}", outcome.unsent);
    let warnings = outcome.warnings();
    assert!(warnings.iter().any(|line| line.contains("did not keep up")), "{warnings:?}");
    // They have waited from when they were due, which was all the time, up to the end of it.
    let waited = outcome.reads.value_at_quantile(0.5);
    assert!((50_000_000..=200_000_000).contains(&waited), "{waited}");
    assert_eq!(outcome.reads.len() + outcome.writes.len(), 200);
}

#[test]
fn what_a_lost_connection_was_to_ask_is_never_sent() {
    let pace = Pace::Open { per_second: 1000.0 };
    let load = |load| Load { connections: 2, pace, ..load };
    let outcome = driven(Manner::ClosesFirst, load).unwrap();
    assert_eq!((outcome.lost, outcome.unanswered), (1, 1));
    assert!(outcome.unsent >= 99, "half of 200 but the first: {}", outcome.unsent);
}

#[test]
fn a_load_ends_in_time_however_slowly_it_is_answered() {
    let (began, patience) = (Instant::now(), Duration::from_millis(300));
    let slow = Manner::Drags(Duration::from_millis(20));
    let outcome = driven(slow, |load| Load { pipeline: 1000, patience, ..load }).unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "all replies take 20 s");
    assert!(outcome.lost == 0 && outcome.unanswered > 900, "{}", outcome.unanswered);
    let warnings = outcome.warnings();
    assert!(warnings[0].ends_with("all requests within 300ms of the end"), "{warnings:?}");
}

#[test]
fn the_server_is_sampled_at_both_ends_of_what_is_measured() {
    let server = Server::start(Manner::Answers);
    let load = Load { warm_up: Duration::from_millis(100), ..brief(&server) };
    let began = Instant::now();
    let (outcome, first, last) =
        load.drive_beside(|_| Turns::default(), || began.elapsed()).unwrap();
    assert!(first >= load.warm_up && last >= load.warm_up + load.lasting);
    assert_eq!(outcome.lasted, load.lasting);
}

#[test]
fn each_connection_has_the_script_of_its_number() {
    let (server, numbers) = (Server::start(Manner::Answers), AtomicUsize::new(0));
    let load = Load { connections: 5, threads: 9, ..brief(&server) };
    let script = |number| {
        numbers.fetch_add(1_usize << number, Ordering::Relaxed);
        Polite
    };
    assert_eq!(load.drive(script).unwrap().threads, 5);
    assert_eq!(numbers.into_inner(), 0b11111);
}

#[test]
fn errors_are_counted_and_the_first_is_told() {
    let outcome = driven(Manner::Refuses, |load| load).unwrap();
    assert!(outcome.requests > 0 && outcome.errors == outcome.requests);
    assert!(outcome.reads.is_empty() && outcome.writes.is_empty());
    let warnings = outcome.warnings();
    assert!(warnings[0].contains("The first: NOAUTH"), "{warnings:?}");
}

#[test]
fn a_greeting_that_is_refused_ends_it() {
    let server = Server::start(Manner::Refuses);
    let refused = failure(Load { connections: 3, ..brief(&server) }.drive(|_| Polite));
    assert!(refused.contains("refuses: NOAUTH"), "{refused}");
}

#[test]
fn a_server_that_is_not_there() {
    let load = Load { connections: 4, threads: 2, ..Load::on(nowhere()) };
    let refused = failure(load.drive(|_| Turns::default()));
    assert!(refused.starts_with("nothing listens on"), "{refused}");
}

#[test]
fn a_server_that_closes_every_connection() {
    let began = Instant::now();
    let lasting = Duration::from_secs(60);
    let load = |load| Load { connections: 3, threads: 2, lasting, ..load };
    let lost = failure(driven(Manner::ClosesLater, load));
    assert!(lost.starts_with("all 3 connections were lost"), "{lost}");
    assert!(lost.ends_with("closed the connection"), "{lost}");
    assert!(began.elapsed() < lasting / 2, "nobody waits for a load that is over");
}

#[test]
fn a_server_that_says_nothing() {
    let patience = Duration::from_millis(300);
    let lost = failure(driven(Manner::Keeps, |load| Load { patience, ..load }));
    assert!(lost.ends_with("did not answer within 300ms"), "{lost}");
}

#[test]
fn a_server_of_another_protocol() {
    let lost = failure(driven(Manner::Babbles, |load| load));
    assert!(lost.contains("no RESP"), "{lost}");
}

#[test]
fn a_server_that_answers_twice() {
    let lost = failure(driven(Manner::Repeats, |load| load));
    assert!(lost.ends_with("said what nobody asked: +OK"), "{lost}");
}

#[test]
fn requests_that_do_not_fit_the_system_are_sent_in_pieces() {
    struct Large;
    impl Script for Large {
        fn request(&mut self, out: &mut Vec<u8>) -> Kind {
            let value = "x".repeat(1 << 20);
            out.extend_from_slice(format!("*1\r\n${}\r\n{value}\r\n", value.len()).as_bytes());
            Kind::Write
        }
    }
    let server = Server::start(Manner::Answers);
    let outcome = Load { pipeline: 8, ..brief(&server) }.drive(|_| Large).unwrap();
    assert!(outcome.writes.len() >= 8 && outcome.errors == 0, "{}", outcome.writes.len());
}

#[test]
fn a_load_of_nothing_is_a_mistake() {
    let nothing = |load: Load| failure(load.drive(|_| Turns::default()));
    let on = || Load::on(nowhere());
    for load in [
        Load { connections: 0, ..on() },
        Load { threads: 0, ..on() },
        Load { pipeline: 0, ..on() },
        Load { pace: Pace::Open { per_second: 0.0 }, ..on() },
        Load { pace: Pace::Poisson { per_second: f64::NAN }, ..on() },
    ] {
        let refused = nothing(load);
        assert!(refused.contains("at least one") || refused.contains("above zero"), "{refused}");
    }
    let refused = nothing(Load { pipeline: PIPELINE_MAX + 1, ..on() });
    assert!(refused.ends_with("100,000 requests at most"), "{refused}");
    let refused = nothing(Load { pace: Pace::Poisson { per_second: 1.1e7 }, ..on() });
    assert!(refused.ends_with("10,000,000 a second at most"), "{refused}");
}
