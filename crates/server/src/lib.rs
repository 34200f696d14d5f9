//! The larder server: configuration, keyspaces over tables, and the models that drive
//! connections.
//!
//! A [`Server`] is made of a [`Config`](config::Config). It opens the sources, makes the keyspaces
//! and hands a [service](model::Service) to a [`model`], which moves bytes between sockets and
//! sessions.

pub mod airports;
pub mod config;
pub mod model;

mod assemble;
mod census;
mod client;
mod failure;
mod key;
mod keyspace;
mod keyspaces;
mod mapping;
mod server;
mod status;
mod store;
mod value;

pub use server::{Server, Stopped, Stopper, check};
pub use status::Status;
