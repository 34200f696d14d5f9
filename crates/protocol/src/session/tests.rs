use proptest::prelude::*;

use crate::error::Error;
use crate::hub::{Arrival, Hub};
use crate::store::Answer;
use crate::testing::{Memory, NOW_UNIX_MS, Pace, session};
use crate::{Limits, Session};

fn receive(session: &mut Session, memory: &mut Memory, input: &str) {
    session.receive(input.as_bytes(), NOW_UNIX_MS, memory);
}

fn output(session: &Session) -> String {
    String::from_utf8_lossy(session.output()).into_owned()
}

/// What the client has been sent since the last time.
fn sent(session: &mut Session) -> String {
    let output = output(session);
    session.sent(output.len());
    output
}

fn limited(limits: Limits) -> Session {
    Hub::new(limits).join(7, Arrival::default())
}

/// Answers the oldest or the newest question.
fn answer_one(session: &mut Session, memory: &mut Memory, newest: bool) {
    let question = if newest { memory.asked.pop_back() } else { memory.asked.pop_front() };
    let (ticket, answer) = question.unwrap();
    session.answer(ticket, answer);
    session.advance(NOW_UNIX_MS, memory);
}

#[test]
fn misses_of_a_pipeline_are_fetched_before_any_is_answered() {
    let (mut session, mut memory) = (session(), Memory::new(Pace::Later));
    receive(&mut session, &mut memory, "GET a\r\nMGET b c\r\nGET row:1\r\nEXISTS d\r\n");
    assert_eq!(memory.fetched, [vec!["a"], vec!["b", "c"], vec!["row:1"], vec!["d"]]);
    assert_eq!(output(&session), "");
    memory.settle(&mut session);
    let row = "$12\r\n{\"name\":\"x\"}\r\n";
    assert_eq!(output(&session), format!("$-1\r\n*2\r\n$-1\r\n$-1\r\n{row}:0\r\n"));
}

#[test]
fn replies_keep_their_order_whichever_answer_comes_first() {
    let script = "GET a\r\nGET near:x\r\nHGET row:1 name\r\nFOO\r\nTYPE row:1\r\nEXISTS near:y\r\n";
    let unknown = "-ERR unknown command 'FOO', with args beginning with: \r\n";
    for newest in [false, true] {
        let (mut session, mut memory) = (session(), Memory::new(Pace::Later));
        receive(&mut session, &mut memory, script);
        assert_eq!(memory.asked.len(), 3);
        while !memory.asked.is_empty() {
            answer_one(&mut session, &mut memory, newest);
        }
        let expected = format!("$-1\r\n$-1\r\n$1\r\nx\r\n{unknown}+hash\r\n:0\r\n");
        assert_eq!(output(&session), expected);
    }
}

#[test]
fn writes_of_one_key_that_arrive_together_are_asked_for_together() {
    let (mut session, mut memory) = (session(), Memory::new(Pace::Later));
    receive(&mut session, &mut memory, "SET a 1\r\nINCR a\r\nHSET h f v\r\nGET a\r\nSET b 2\r\n");
    assert_eq!(memory.asked.len(), 3, "the read waits for the writes before it");
    receive(&mut session, &mut memory, "SET c 3\r\n");
    assert_eq!(memory.asked.len(), 3, "what comes later waits as well");
    memory.settle(&mut session);
    assert_eq!(output(&session), "+OK\r\n:2\r\n:1\r\n$1\r\n2\r\n+OK\r\n+OK\r\n");
}

#[test]
fn writes_of_another_turn_wait_until_the_first_are_answered() {
    let (mut session, mut memory) = (session(), Memory::new(Pace::Later));
    receive(&mut session, &mut memory, "SET a 1\r\nSET b 2\r\n");
    receive(&mut session, &mut memory, "SET c 3\r\n");
    assert_eq!(memory.asked.len(), 2);
    answer_one(&mut session, &mut memory, false);
    assert_eq!(memory.asked.len(), 1, "one of the first is still under way");
    memory.settle(&mut session);
    assert_eq!(output(&session), "+OK\r\n".repeat(3));
}

#[test]
fn a_write_of_several_keys_joins_no_other() {
    let (mut session, mut memory) = (session(), Memory::new(Pace::Later));
    receive(&mut session, &mut memory, "SET a 1\r\nMSET b 2 c 3\r\nSET d 4\r\n");
    assert_eq!(memory.asked.len(), 1);
    memory.settle(&mut session);
    assert_eq!(output(&session), "+OK\r\n".repeat(3));
}

#[test]
fn a_reply_leaves_as_soon_as_nothing_is_before_it() {
    let (mut session, mut memory) = (session(), Memory::new(Pace::Later));
    receive(&mut session, &mut memory, "GET near:a\r\nGET b\r\nGET near:c\r\nTYPE row:1\r\n");
    assert_eq!(sent(&mut session), "$-1\r\n");
    answer_one(&mut session, &mut memory, false);
    assert_eq!(sent(&mut session), "$-1\r\n$-1\r\n");
    answer_one(&mut session, &mut memory, false);
    assert_eq!(sent(&mut session), "+hash\r\n");
}

#[test]
fn a_write_waits_for_the_reads_before_it_and_bars_those_after_it() {
    let (mut session, mut memory) = (session(), Memory::new(Pace::Later));
    receive(&mut session, &mut memory, "GET a\r\nSET a 1\r\nGET a\r\nGET b\r\n");
    assert_eq!(memory.asked.len(), 1);
    answer_one(&mut session, &mut memory, false);
    assert_eq!((memory.asked.len(), memory.fetched.len()), (1, 1));
    answer_one(&mut session, &mut memory, false);
    assert_eq!((memory.asked.len(), memory.fetched.len()), (2, 3));
    memory.settle(&mut session);
    assert_eq!(output(&session), "$-1\r\n+OK\r\n$1\r\n1\r\n$-1\r\n");
}

#[test]
fn a_change_of_protocol_waits_for_replies_in_the_old_one() {
    let (mut session, mut memory) = (session(), Memory::new(Pace::Later));
    receive(&mut session, &mut memory, "GET a\r\nHELLO 3\r\nGET a\r\n");
    memory.settle(&mut session);
    let said = output(&session);
    assert!(said.starts_with("$-1\r\n%7\r\n") && said.ends_with("*0\r\n_\r\n"), "{said}");
}

#[test]
fn a_failed_load_is_the_reply_of_its_own_request() {
    let (mut session, mut memory) = (session(), Memory::new(Pace::Later));
    receive(&mut session, &mut memory, "MGET a b\r\nGET row:1\r\n");
    let (ticket, _) = memory.asked.pop_front().unwrap();
    let error = Error::new("TRYAGAIN", "the source is slow");
    session.answer(ticket, Answer::Items(vec![Ok(None), Err(error)]));
    memory.settle(&mut session);
    let row = "$12\r\n{\"name\":\"x\"}\r\n";
    assert_eq!(output(&session), format!("-TRYAGAIN the source is slow\r\n{row}"));
}

#[test]
fn an_answer_of_the_wrong_kind_is_an_error() {
    let unfit = "-ERR internal: the store's answer does not fit the question\r\n";
    for script in ["MGET a b\r\n", "SET a 1\r\n", "CACHE.EXPLAIN GET a\r\n"] {
        let (mut session, mut memory) = (session(), Memory::new(Pace::Later));
        receive(&mut session, &mut memory, script);
        let (ticket, _) = memory.asked.pop_front().unwrap();
        session.answer(ticket, Answer::Items(Vec::new()));
        assert_eq!(sent(&mut session), unfit);
        session.answer(ticket, Answer::Items(Vec::new()));
        assert!(session.output().is_empty());
    }
}

#[test]
fn a_protocol_error_comes_after_the_replies_before_it() {
    let (mut session, mut memory) = (session(), Memory::new(Pace::Later));
    receive(&mut session, &mut memory, "GET a\r\n*1\r\n+x\r\nPING\r\n");
    assert!(!session.wants_input() && !session.is_finished());
    memory.settle(&mut session);
    assert!(session.is_finished());
    assert_eq!(output(&session), "$-1\r\n-ERR Protocol error: expected '$', got '+'\r\n");
    receive(&mut session, &mut memory, "PING\r\n");
    assert!(output(&session).ends_with("got '+'\r\n"));
}

#[test]
fn a_web_page_cannot_make_a_browser_send_commands() {
    for request in ["POST / HTTP/1.1\r\nPING\r\n", "GET near:a\r\nHost: x\r\nPING\r\n"] {
        let (mut session, mut memory) = (session(), Memory::new(Pace::Now));
        receive(&mut session, &mut memory, request);
        assert!(session.is_finished());
        assert_eq!(output(&session), "", "what was still to be sent is not");
    }
}

#[test]
fn a_half_closed_client_is_answered_in_full() {
    let (mut session, mut memory) = (session(), Memory::new(Pace::Later));
    receive(&mut session, &mut memory, "GET a\r\nSET a 1\r\nGET a\r\n*2\r\n$3\r\nGE");
    session.end_of_input();
    assert!(!session.is_finished());
    memory.settle(&mut session);
    assert_eq!(output(&session), "$-1\r\n+OK\r\n$1\r\n1\r\n");
    assert!(session.is_finished());
}

#[test]
fn draining_takes_nothing_new() {
    let (mut session, mut memory) = (session(), Memory::new(Pace::Later));
    receive(&mut session, &mut memory, "GET a\r\n");
    session.drain();
    receive(&mut session, &mut memory, "PING\r\n");
    assert!(!session.wants_input() && !session.is_finished());
    memory.settle(&mut session);
    assert_eq!(output(&session), "$-1\r\n");
    assert!(session.is_finished());
}

#[test]
fn quitting_ends_after_the_replies_before_it() {
    let (mut session, mut memory) = (session(), Memory::new(Pace::Later));
    receive(&mut session, &mut memory, "GET a\r\nQUIT\r\nPING\r\n");
    assert!(!session.is_finished());
    memory.settle(&mut session);
    assert_eq!(output(&session), "$-1\r\n+OK\r\n");
    assert!(session.is_finished());
}

#[test]
fn unsent_output_stops_further_requests() {
    let mut session = limited(Limits { output_bytes_high: 10, ..Limits::default() });
    let mut memory = Memory::new(Pace::Now);
    receive(&mut session, &mut memory, &"PING\r\n".repeat(4));
    assert_eq!(output(&session), "+PONG\r\n".repeat(2));
    assert!(!session.wants_input());
    session.end_of_input();
    assert!(!session.is_finished());
    sent(&mut session);
    session.advance(NOW_UNIX_MS, &mut memory);
    assert_eq!(output(&session), "+PONG\r\n".repeat(2));
    sent(&mut session);
    session.advance(NOW_UNIX_MS, &mut memory);
    assert!(session.is_finished());
}

#[test]
fn a_reply_over_the_hard_limit_ends_the_session() {
    let limits = Limits { output_bytes_max: 50, ..Limits::default() };
    let mut memory = Memory::new(Pace::Now);
    for request in ["MGET row:1 row:1 row:1\r\n", "MGET a a a a a a a a\r\nGET row:1\r\n"] {
        let mut session = limited(limits.clone());
        receive(&mut session, &mut memory, request);
        assert!(session.is_finished());
        assert!(session.output().is_empty());
    }
}

#[test]
fn held_replies_over_the_hard_limit_end_the_session() {
    let limits = Limits { output_bytes_max: 70, ..Limits::default() };
    let (mut session, mut memory) = (limited(limits), Memory::new(Pace::Later));
    receive(&mut session, &mut memory, &format!("GET a\r\n{}", "GET near:a\r\n".repeat(20)));
    assert!(session.is_finished() && session.output().is_empty());
    memory.settle(&mut session);
    assert!(session.output().is_empty());
}

#[test]
fn input_is_refused_while_too_much_is_held_up() {
    let limits = Limits { backlog_bytes_max: 20, ..Limits::default() };
    let (mut session, mut memory) = (limited(limits), Memory::new(Pace::Later));
    receive(&mut session, &mut memory, "SET a 1\r\nPING\r\n");
    assert!(session.wants_input());
    receive(&mut session, &mut memory, "PING\r\nPING\r\nPING\r\n");
    assert!(!session.wants_input());
    memory.settle(&mut session);
    assert!(session.wants_input());
    assert_eq!(output(&session), format!("+OK\r\n{}", "+PONG\r\n".repeat(4)));
}

#[test]
fn only_so_many_requests_wait_at_a_time() {
    let limits = Limits { waiting_max: 2, ..Limits::default() };
    let (mut session, mut memory) = (limited(limits), Memory::new(Pace::Later));
    receive(&mut session, &mut memory, &"GET a\r\n".repeat(5));
    assert_eq!(memory.asked.len(), 2);
    memory.settle(&mut session);
    assert_eq!(output(&session), "$-1\r\n".repeat(5));
}

#[test]
fn a_request_over_the_input_limit_is_refused() {
    let limits = Limits { input_bytes_max: 100, ..Limits::default() };
    let (mut session, mut memory) = (limited(limits), Memory::new(Pace::Now));
    receive(&mut session, &mut memory, "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100\r\n");
    assert_eq!(output(&session), "-ERR Protocol error: too big request\r\n");
    assert!(session.is_finished());
}

#[test]
fn an_idle_session_is_small() {
    let (mut session, mut memory) = (session(), Memory::new(Pace::Now));
    receive(&mut session, &mut memory, &format!("ECHO {}\r\n", "x".repeat(9000)));
    sent(&mut session);
    assert!(session.input.is_empty());
    assert!(size_of::<Session>() <= 600, "{}", size_of::<Session>());
}

/// Requests of every kind, as arrays and as lines.
fn conversation() -> impl Strategy<Value = Vec<u8>> {
    let request = prop_oneof![
        Just("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\n1\r\n2\r\n".to_owned()),
        Just("*2\r\n$3\r\nGET\r\n$1\r\na\r\n".to_owned()),
        Just("*4\r\n$4\r\nMGET\r\n$6\r\nnear:a\r\n$1\r\na\r\n$0\r\n\r\n".to_owned()),
        Just("HSET h 'a b' \"\\x00\"\r\n".to_owned()),
        Just("HGETALL h\nINCR n\r\n".to_owned()),
        Just("HELLO 3\r\n".to_owned()),
        Just("CACHE.EXPLAIN GET a\r\n".to_owned()),
        Just("*0\r\n\r\nPING\r\n".to_owned()),
        Just("*1\r\n$3\r\nfoo\r\n".to_owned()),
        Just("*1\r\n+\r\n".to_owned()),
    ];
    prop::collection::vec(request, 0..12).prop_map(|requests| requests.concat().into_bytes())
}

/// All that a client is sent when its input comes in pieces of these lengths.
fn converse(input: &[u8], pieces: &[usize], pace: Pace) -> Vec<u8> {
    let (mut session, mut memory) = (session(), Memory::new(pace));
    let (mut rest, mut said) = (input, Vec::new());
    let mut lengths = pieces.iter().cycle();
    while !rest.is_empty() {
        let length = lengths.next().map_or(rest.len(), |length| *length.min(&rest.len()));
        session.receive(&rest[..length], NOW_UNIX_MS, &mut memory);
        rest = &rest[length..];
        if length.is_multiple_of(2) {
            memory.settle(&mut session);
        }
        said.extend_from_slice(session.output());
        session.sent(session.output().len());
    }
    session.end_of_input();
    memory.settle(&mut session);
    said.extend_from_slice(session.output());
    assert!(session.is_finished());
    said
}

proptest! {
    #[test]
    fn any_split_of_the_input_is_answered_alike(
        input in conversation(),
        pieces in prop::collection::vec(1usize..30, 1..20),
    ) {
        let whole = converse(&input, &[], Pace::Now);
        prop_assert_eq!(&converse(&input, &pieces, Pace::Now), &whole);
        prop_assert_eq!(&converse(&input, &pieces, Pace::Later), &whole);
    }

    #[test]
    fn any_bytes_are_answered(
        input in prop::collection::vec(any::<u8>(), 0..300),
        pieces in prop::collection::vec(1usize..30, 1..9),
    ) {
        let whole = converse(&input, &[], Pace::Now);
        prop_assert_eq!(converse(&input, &pieces, Pace::Later), whole);
    }

    #[test]
    fn a_request_with_one_byte_changed_is_answered(
        input in conversation(),
        place: prop::sample::Index,
        byte: u8,
    ) {
        let mut input = input;
        if !input.is_empty() {
            let place = place.index(input.len());
            input[place] = byte;
        }
        let whole = converse(&input, &[], Pace::Now);
        prop_assert_eq!(converse(&input, &[1], Pace::Later), whole);
    }

    #[test]
    fn any_bytes_are_a_frame_or_none(input in prop::collection::vec(any::<u8>(), 0..100)) {
        let decoded = crate::frame::decode(&input, &Limits::default());
        let length = decoded.ok().flatten().map_or(0, |(_, length)| length);
        prop_assert!(length <= input.len());
    }
}

#[test]
fn a_watched_key_that_changes_while_the_keys_are_being_had_ends_the_transaction() {
    let (mut session, mut memory) = (session(), Memory::new(Pace::Now));
    session.receive(
        b"WATCH whole:a\r\nMULTI\r\nSET whole:b 1\r\nEXEC\r\n",
        NOW_UNIX_MS,
        &mut memory,
    );
    session.card().spoil();
    memory.settle(&mut session);
    session.receive(b"EXISTS whole:b\r\n", NOW_UNIX_MS, &mut memory);
    let said = String::from_utf8_lossy(session.output()).into_owned();
    assert_eq!(said, "+OK\r\n+OK\r\n+QUEUED\r\n*-1\r\n:0\r\n");
}
