//! The bodies of larder's fuzz targets: each takes any bytes, and panics when something is wrong.
//!
//! The tests of the crates take in the same files and play the corpus without a fuzzer.

pub mod config;
pub mod conversation;
pub mod decoder;
pub mod escapes;
pub mod memory;
pub mod row_mapping;
pub mod script;
pub mod session;
pub mod stage;
