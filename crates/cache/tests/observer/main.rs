//! What an observer is told: each change of what a cache holds, in its order, and nothing else.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

mod kit;
mod many;
mod reads;
mod tiers;
mod writes;
