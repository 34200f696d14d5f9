//! The Redis protocol without I/O.
pub mod error;
pub mod reply;
pub mod store;
pub mod value;
