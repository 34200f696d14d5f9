//! The binary `larder`, driven as its users drive it.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

mod kit;
mod process;
mod wire;

mod behind;
mod loads;
mod minute;
mod protocol;
mod refusals;
mod rows;
mod strategies;
mod trouble;
