//! A cache that stands in front of a database and keeps the two in step, by one of five
//! strategies.
//!
//! ```
//! use larder::{Cache, Freshness, Strategy, source};
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let users: Cache<u64, Arc<str>> = Cache::builder("users")
//!     .max_entries(10_000)
//!     .source(source::load_with(|id: u64| async move {
//!         Ok(Some(Arc::from(format!("user {id}"))))
//!     }))
//!     .strategy(Strategy::ReadThrough)
//!     .freshness(Freshness::ttl(Duration::from_secs(60)))
//!     .build()?;
//!
//! assert_eq!(users.get(&7).await?.as_deref(), Some("user 7"));
//! assert_eq!(users.peek(&7).as_deref(), Some("user 7")); // a hit: no task, no waiting
//! # Ok(())
//! # }
//! ```
//!
//! # What a value costs to hand out
//!
//! A hit clones `V`, so `V` should be cheap to clone: a number, an `Arc<T>`, a `bytes::Bytes`. No
//! byte of the value itself is then copied. [`Cache::peek_with`] lends the value without even that.
//!
//! # The parts
//!
//! A [`Cache`] is built of a [`tier`] that holds entries, a [`source`], a [`Strategy`] and a
//! [`Freshness`] policy. Clock, timers and tasks come through [`runtime::Runtime`], of which there
//! is a real one and a simulated one. An [`Observer`] is told of every change of what is held.

mod backoff;
mod builder;
mod cache;
mod engine;
mod entry;
mod error;
mod flight;
mod freshness;
mod hashing;
mod keys;
mod load;
mod observer;
mod options;
mod parts;
#[cfg(not(feature = "sabotage"))]
mod sabotage;
mod stats;

pub mod journal;
pub mod runtime;
#[cfg(feature = "sabotage")]
#[doc(hidden)]
pub mod sabotage;
pub mod source;
pub mod strategy;
pub mod tier;
pub mod trace;

use std::fmt::Debug;
use std::hash::Hash;

pub use builder::Builder;
pub use cache::{Cache, Get, Peek, ToKey, ToValue};
pub use engine::{Edit, Lease, Leased, Present, Replayed, Transaction, Unflushed};
pub use entry::Entry;
pub use error::{Error, ErrorKind, Result};
pub use freshness::{Freshness, Lifetime, LoadTimeout};
pub use observer::{Cause, Change, Observer};
pub use options::{Accept, ReadOptions, WriteOptions};
pub use stats::Statistics;
pub use strategy::Strategy;

/// What a key must be able to do. Implemented for every type that can.
///
/// `Ord` gives the order in which a write of several keys takes its turns; `Debug` names the key in
/// errors and traces.
pub trait Key: Hash + Eq + Ord + Clone + Debug + Send + Sync + 'static {}

impl<T: Hash + Eq + Ord + Clone + Debug + Send + Sync + 'static> Key for T {}

/// What a value must be able to do. Implemented for every type that can.
pub trait Value: Clone + Send + Sync + 'static {}

impl<T: Clone + Send + Sync + 'static> Value for T {}
