//! What passes between the parts, strategy by strategy: the messages that a trace records.
//!
//! `CACHE.EXPLAIN` and `larder tour` show these very messages, so a picture cannot drift from what
//! the engine does.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

mod kit;
mod reads;
mod write_behind;
mod writes;
