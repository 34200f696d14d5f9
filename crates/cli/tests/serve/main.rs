//! The binary `larder`, driven as its users drive it.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

#[path = "../../../server/src/tls/testing.rs"]
mod certificates;
mod kit;
mod process;
mod wire;

mod addresses;
mod auth;
mod behind;
mod databases;
mod injection;
mod journal;
mod loads;
mod minute;
mod parameters;
mod pipelines;
mod protocol;
mod refusals;
mod rows;
mod servers;
mod strategies;
mod tls;
mod transactions;
mod trouble;
mod workers;
