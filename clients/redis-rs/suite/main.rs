//! A server under test, driven by the crate `redis`.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

mod address;

mod caching;
mod channels;
mod together;
mod trust;
mod values;
