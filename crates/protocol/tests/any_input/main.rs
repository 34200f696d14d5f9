//! Whatever a client sends: what fuzzing has found, and what is drawn here.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

#[path = "../../../../fuzz/src/conversation.rs"]
mod conversation;
#[path = "../../../../fuzz/src/decoder.rs"]
mod decoder;
#[path = "../../../../fuzz/src/escapes.rs"]
mod escapes;
#[path = "../../../../fuzz/src/memory.rs"]
mod memory;
#[path = "../../../../fuzz/src/pack.rs"]
mod pack;
#[path = "../../../../fuzz/src/script.rs"]
mod script;
#[path = "../../../../fuzz/src/session.rs"]
mod session;
#[path = "../../../../fuzz/src/stage.rs"]
mod stage;

mod corpus;
mod files;
mod requests;
mod splits;
mod table;
