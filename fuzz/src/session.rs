//! Target: several sessions of one hub, played by a [script](crate::script).
//!
//! Whatever is sent, nothing panics, all that is said are whole frames, every request has one reply
//! in its turn, everything is answered in the end, what is held stays within the limits, and nothing
//! of a session is left when it is gone.

use std::sync::Arc;

use larder_protocol::frame::Frame;
use larder_protocol::hub::Overview;

use crate::conversation::contains;
use crate::script::{Step, steps};
use crate::stage::{Client, Stage, limits};

/// More is only slower.
const STEPS_MAX: usize = 200;

/// Plays one script.
pub fn run(input: &[u8]) {
    let mut stage = Stage::new(limits());
    let is_spared = contains(input, b"no-evict");
    for step in steps(input).take(STEPS_MAX) {
        // What lies between is said in full by the last of them.
        let is_quiet = matches!(step, Step::Store(_));
        stage.step(step);
        if !is_quiet {
            check_bounds(&stage, is_spared);
        }
    }
    stage.finish();
    assert_eq!(stage.store.waiting(), 0, "questions are left");
    assert!(stage.clients().all(Client::is_at_rest), "a session waits for nothing");
    // Those who are still here were not sent away: they have been told everything.
    stage.clients().for_each(|client| check_replies(client, true));
    stage.end();
    assert_eq!(stage.clients().count(), 0, "a session does not end with its input");
    for client in stage.leave() {
        check_replies(&client, false);
    }
    check_hub(stage);
}

fn check_bounds(stage: &Stage, is_spared: bool) {
    let limits = limits();
    for client in stage.clients() {
        assert!(client.output_bytes() <= limits.output_bytes_max, "too much output");
    }
    let held = stage.hub.overview();
    assert!(is_spared || held.bytes <= limits.sessions_bytes_max, "too much held: {held:?}");
    assert!(held.tracked_keys <= limits.tracked_keys_max, "too much tracked: {held:?}");
    let listened = limits.subscriptions_max * crate::script::CLIENTS;
    assert!(held.channels + held.patterns <= listened, "too much listened to: {held:?}");
}

/// Holds replies against requests, where a client has sent requests of which each has one.
fn check_replies(client: &Client, is_complete: bool) {
    assert!(!is_complete || !client.is_left_hanging(), "half a frame is left");
    let Some(requests) = client.requests.as_ref().filter(|requests| is_countable(requests)) else {
        return;
    };
    let is_reply = |frame: &&Frame| !matches!(frame, Frame::Push(_));
    let replies: Vec<&Frame> = client.frames.iter().filter(is_reply).collect();
    assert!(replies.len() <= requests.len(), "more replies than requests: {replies:?}");
    if is_complete {
        assert_eq!(replies.len(), requests.len(), "{replies:?} for {requests:?}");
    }
    for (request, reply) in requests.iter().zip(replies) {
        assert!(fits(request, reply), "{reply:?} for {request:?}");
    }
}

/// Whether each of these requests has exactly one reply: not when it listens to channels, says that
/// it wants none, or speaks as browsers do.
fn is_countable(requests: &[Vec<Vec<u8>>]) -> bool {
    let spoils = |word: &Vec<u8>| {
        contains(word, b"subscribe")
            || [&b"reply"[..], b"post", b"host:"]
                .iter()
                .any(|other| word.eq_ignore_ascii_case(other))
    };
    !requests.iter().flatten().any(spoils)
}

/// Whether a reply can be the one to this request: those to `ECHO` show that all are in their turn.
fn fits(request: &[Vec<u8>], reply: &Frame) -> bool {
    let is_queued = matches!(reply, Frame::Simple(text) if text == "QUEUED");
    let is_error = matches!(reply, Frame::Error(_));
    match request {
        [name, word] if name.eq_ignore_ascii_case(b"echo") => {
            is_queued || is_error || *reply == Frame::Bulk(word.clone())
        }
        [name] if name.eq_ignore_ascii_case(b"exec") => {
            is_error || matches!(reply, Frame::Array(_) | Frame::Null)
        }
        _ => true,
    }
}

fn check_hub(stage: Stage) {
    let Stage { hub, store, .. } = stage;
    drop(store);
    assert_eq!(hub.overview(), Overview::default(), "something is left of the sessions");
    assert!(!hub.is_listening(), "somebody who is gone listens");
    assert_eq!(Arc::strong_count(&hub), 1, "somebody holds the hub");
}
