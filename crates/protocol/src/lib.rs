//! The Redis protocol without I/O.
//!
//! A [`Session`] takes bytes from a client and a [`Store`](store::Store) that holds the keys, and
//! gives bytes back. It opens no socket, reads no clock, spawns nothing and depends on no runtime,
//! so that any model of concurrency can drive it; the calling order is written on [`Session`].
//!
//! ```
//! use larder_protocol::error::Error;
//! use larder_protocol::hub::{Arrival, Hub};
//! use larder_protocol::store::{Later, Outcome, Particulars, Request, Store, Terms, Ticket};
//! use larder_protocol::value::{Item, View};
//! use larder_protocol::Limits;
//!
//! /// Holds "hello" under every key.
//! struct Greeter;
//!
//! impl Store for Greeter {
//!     fn read(
//!         &mut self,
//!         _: Terms,
//!         _key: &[u8],
//!         see: &mut dyn FnMut(Option<Item<'_>>),
//!     ) -> Result<Result<(), Later>, Error> {
//!         see(Some(Item { value: View::Bytes(b"hello"), expires_in_ms: None }));
//!         Ok(Ok(()))
//!     }
//!
//!     fn fetch(&mut self, _: Ticket, _: Terms, _: &mut dyn Iterator<Item = &[u8]>) {}
//!
//!     fn ask(
//!         &mut self,
//!         _: Ticket,
//!         _: Terms,
//!         _: Request<'_>,
//!     ) -> Result<Result<Outcome, Later>, Error> {
//!         Err(Error::new("READONLY", "this store only greets"))
//!     }
//!
//!     fn inspect(&mut self, _: u8, _: &[u8]) -> Result<Option<Particulars>, Error> {
//!         Ok(None)
//!     }
//!
//!     fn random(&mut self) -> u64 {
//!         4
//!     }
//!
//!     fn scan(&mut self, _: u8, _: u64, _: usize, _: &mut dyn FnMut(&[u8], Item<'_>)) -> u64 {
//!         0
//!     }
//! }
//!
//! let mut session = Hub::new(Limits::default()).join(1, Arrival::default());
//! session.receive(b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nPI", 0, &mut Greeter);
//! assert_eq!(session.output(), b"$5\r\nhello\r\n");
//! session.sent(11);
//! session.receive(b"NG\r\n", 0, &mut Greeter);
//! assert_eq!(session.output(), b"+PONG\r\n");
//! ```

pub mod acl;
mod args;
mod client;
mod command;
pub mod error;
pub mod frame;
mod glob;
pub mod hub;
mod limits;
pub mod page;
mod random;
pub mod reply;
mod session;
pub mod settings;
pub mod store;
#[cfg(test)]
mod testing;
pub mod value;

pub use limits::Limits;
pub use session::Session;

/// The version of Redis whose commands, replies and errors this crate follows. Client libraries ask
/// for a server's version, by `HELLO` or `INFO`, to learn what they may send.
pub const REDIS_VERSION: &str = "7.0.15";
