//! The corpus of the fuzz targets `decoder` and `session`, played once each.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

#[path = "../../../../fuzz/src/decoder.rs"]
mod decoder;
#[path = "../../../../fuzz/src/escapes.rs"]
mod escapes;
mod files;
#[path = "../../../../fuzz/src/memory.rs"]
mod memory;
#[path = "../../../../fuzz/src/script.rs"]
mod script;
#[path = "../../../../fuzz/src/session.rs"]
mod session;
#[path = "../../../../fuzz/src/stage.rs"]
mod stage;

#[test]
fn frames_and_requests_are_read_alike_in_any_split() {
    files::play("decoder", decoder::run);
}

#[test]
fn sessions_answer_everything_in_turn_and_leave_nothing_behind() {
    files::play("session", session::run);
}
