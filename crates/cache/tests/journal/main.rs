//! The journal in files: what it keeps, whatever happens to the disk and the process.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod kit;
mod platter;

mod bytes;
mod directory;
mod failures;
mod inspection;
mod letters;
mod model;
mod modes;
mod recovery;
