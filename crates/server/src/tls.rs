//! TLS: connections whose bytes are encrypted on the way.
//!
//! It is an adapter between a model and a service, and neither notices: to the model a
//! [`Channel`] is a [`Connection`] like any other, with bytes in and bytes out, and what a service
//! opens is given what was decrypted. So TLS is the same under every model, and no model waits for
//! anything but its sockets.
//!
//! ```text
//!            records                     plaintext
//!  model  <----------->  TlsConnection  <--------->  the service's connection
//! ```
//!
//! The parts: `connection` is the adapter, `acceptor` begins handshakes under the settings that hold
//! at that moment, `material` reads them from files, and `certificate` tells what a certificate says.

mod acceptor;
mod certificate;
mod connection;
mod material;
#[cfg(test)]
mod testing;

use std::sync::Arc;
use std::task::Waker;

pub use acceptor::Acceptor;
pub use connection::TlsConnection;

use crate::model::{Arrival, Connection, Mandate, Service};

/// How clients talk at one listener.
#[derive(Debug, Clone)]
pub enum Transport {
    /// Their bytes are what the service reads.
    Plain,
    /// Their bytes are TLS records.
    Tls(Arc<Acceptor>),
}

/// A service whose clients come by listeners of different transports.
#[derive(Debug)]
pub struct Secured<S> {
    service: S,
    transports: Vec<Transport>,
}

impl<S: Service> Secured<S> {
    /// Opens the connections of `service`. There has to be a transport for each listener of the
    /// model, in their order.
    pub fn new(service: S, transports: Vec<Transport>) -> Self {
        Self { service, transports }
    }
}

/// A TLS record that says "internal error", which is what a client is told that is refused before
/// there is encryption to tell it more.
const REFUSAL: [u8; 7] = [21, 3, 3, 0, 2, 2, 80];

impl<S: Service> Service for Secured<S> {
    type Connection = Channel<S::Connection>;

    fn connect(&self, waker: Waker, arrival: Arrival) -> Result<Self::Connection, Vec<u8>> {
        let acceptor = match &self.transports[arrival.listener] {
            Transport::Plain => return self.service.connect(waker, arrival).map(Channel::Plain),
            Transport::Tls(acceptor) => acceptor,
        };
        let connection = self.service.connect(waker.clone(), arrival);
        let connection = connection.map_err(|_| REFUSAL.to_vec())?;
        match acceptor.begin(connection, waker, arrival.peer) {
            Ok(connection) => Ok(Channel::Tls(Box::new(connection))),
            Err(error) => {
                tracing::error!(%error, "cannot begin a TLS connection");
                Err(REFUSAL.to_vec())
            }
        }
    }

    fn refusal(&self, arrival: Arrival, reason: &str) -> Vec<u8> {
        match &self.transports[arrival.listener] {
            Transport::Plain => self.service.refusal(arrival, reason),
            Transport::Tls(_) => REFUSAL.to_vec(),
        }
    }
}

/// A connection by either transport.
pub enum Channel<C> {
    /// Without TLS.
    Plain(C),
    /// With TLS.
    Tls(Box<TlsConnection<C>>),
}

/// Calls a method of whichever connection it is.
macro_rules! either {
    ($channel:expr, $connection:ident => $call:expr) => {
        match $channel {
            Channel::Plain($connection) => $call,
            Channel::Tls($connection) => $call,
        }
    };
}

impl<C: Connection> Connection for Channel<C> {
    fn receive(&mut self, bytes: &[u8]) {
        either!(self, connection => connection.receive(bytes));
    }

    fn resume(&mut self) {
        either!(self, connection => connection.resume());
    }

    fn output(&self) -> &[u8] {
        either!(self, connection => connection.output())
    }

    fn sent(&mut self, count: usize) {
        either!(self, connection => connection.sent(count));
    }

    fn wants_input(&self) -> bool {
        either!(self, connection => connection.wants_input())
    }

    fn end_of_input(&mut self) {
        either!(self, connection => connection.end_of_input());
    }

    fn drain(&mut self) {
        either!(self, connection => connection.drain());
    }

    fn is_finished(&self) -> bool {
        either!(self, connection => connection.is_finished())
    }

    fn mandate(&self) -> Option<Mandate> {
        match self {
            Self::Plain(connection) => connection.mandate(),
            // Only this process can read what the client sends.
            Self::Tls(_) => None,
        }
    }
}
