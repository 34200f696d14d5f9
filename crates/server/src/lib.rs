//! The larder server: configuration, keyspaces over tables, and the models that drive
//! connections.
//!
//! A [`Server`] is made of a [`Config`](config::Config). It opens the sources, makes the keyspaces
//! and hands a [service](model::Service) to a [`model`], which moves bytes between sockets and
//! sessions.

pub mod airports;
pub mod config;
pub mod journal;
pub mod model;
pub mod tls;

mod actor;
mod assemble;
mod auth;
mod census;
mod client;
mod failure;
mod gate;
mod index;
mod key;
mod keyspace;
mod keyspaces;
mod listeners;
mod mapping;
mod outbox;
mod parameters;
mod population;
mod reload;
mod scratch;
mod secret;
mod server;
mod shared_tier;
mod status;
mod store;
mod tuning;
mod value;
mod wall;
mod witness;

pub use keyspaces::Unflushed;
pub use reload::Reloader;
pub use server::{Server, Stopped, Stopper, check};
pub use shared_tier::SharedHits;
pub use status::Status;

/// Rows of tables without a server around them, for the fuzz targets. Nothing here is promised.
#[doc(hidden)]
pub mod unstable {
    pub use crate::key::Key;
    pub use crate::mapping::{ColumnMapping, ColumnSchema, KeySchema, RowMapping, RowSchema};
    pub use crate::value::Value;
}
