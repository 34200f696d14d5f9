//! The PostgreSQL source against real servers: what the conformance suite of all sources cannot ask,
//! because it is PostgreSQL's own, or because the server has to suffer for it.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

mod failures;
mod fences;
mod kit;
mod loading;
mod schema;
mod storing;
mod tls;
mod types;
