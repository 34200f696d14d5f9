//! Clients at every limit, for real: each is told so or let go, and nobody else notices.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

#[allow(dead_code, reason = "a server without TLS is flooded, too")]
#[path = "../../server/src/tls/testing.rs"]
mod certificates;
#[allow(dead_code, reason = "floods need less of it than those who serve")]
#[path = "serve/kit.rs"]
mod kit;
#[allow(dead_code, reason = "floods need less of it than those who serve")]
#[path = "serve/process.rs"]
mod process;
#[allow(dead_code, reason = "floods need less of it than those who serve")]
#[path = "serve/wire.rs"]
mod wire;

#[path = "floods/commands.rs"]
mod commands;
#[path = "floods/connections.rs"]
mod connections;
#[path = "floods/flood.rs"]
mod flood;
#[path = "floods/input.rs"]
mod input;
#[path = "floods/listeners.rs"]
mod listeners;
#[path = "floods/output.rs"]
mod output;
