//! A cache that stands in front of a database.
pub mod source;
