//! The corpus of the fuzz targets `decoder` and `session`, played once each.

use crate::{decoder, files, session};

#[test]
fn frames_and_requests_are_read_alike_in_any_split() {
    files::play("decoder", decoder::run);
}

#[test]
fn sessions_answer_everything_in_turn_and_leave_nothing_behind() {
    files::play("session", session::run);
}
