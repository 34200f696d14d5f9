//! What every source must do, run over each of them. Where they differ, their capabilities and the
//! data in `dialect.rs` say so.
//!
//! Servers are real ones: those of the packages of PostgreSQL and MariaDB, started by the kit.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

mod batches;
mod bytes;
mod dialect;
mod failures;
mod fences;
mod keys;
mod names;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod outages;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod proxy;
mod subject;
mod types;
