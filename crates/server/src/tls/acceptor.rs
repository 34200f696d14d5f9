//! The beginning of encrypted connections, under the settings that hold at the moment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use rustls::{ServerConfig, ServerConnection};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::connection::TlsConnection;
use super::material;
use crate::config::{Report, TlsConfig};
use crate::model::Connection;
use crate::reload::Reload;

/// Begins TLS connections, with the certificate and the authorities that were read last.
#[derive(Debug)]
pub struct Acceptor {
    config: TlsConfig,
    current: RwLock<Arc<ServerConfig>>,
    timers: Handle,
}

impl Acceptor {
    /// Reads the files that `config` names. `timers` is a runtime with time, which ends handshakes
    /// that take too long.
    ///
    /// # Errors
    ///
    /// What is wrong with the files.
    pub fn load(config: &TlsConfig, timers: Handle) -> Result<Self, Report> {
        let current = RwLock::new(Arc::new(material::load(config)?));
        Ok(Self { config: config.clone(), current, timers })
    }

    /// Begins a connection over which `inner` talks. `waker` is that of both.
    pub(super) fn begin<C: Connection>(
        &self,
        inner: C,
        waker: Waker,
        peer: SocketAddr,
    ) -> Result<TlsConnection<C>, rustls::Error> {
        let tls = ServerConnection::new(Arc::clone(&self.current.read()))?;
        let deadline = Deadline::begin(&self.timers, self.config.handshake_timeout, waker);
        Ok(TlsConnection::new(tls, inner, peer, deadline))
    }
}

impl Reload for Acceptor {
    /// New connections use what is in the files now; open ones go on as they are.
    fn reload(&self) -> Result<(), Report> {
        let config = Arc::new(material::load(&self.config)?);
        *self.current.write() = config;
        Ok(())
    }
}

/// When a handshake has to be over. Until it is dropped, the connection is woken at that time.
#[derive(Debug)]
pub(super) struct Deadline {
    at: Instant,
    timer: AbortHandle,
}

impl Deadline {
    pub(super) fn begin(timers: &Handle, timeout: Duration, waker: Waker) -> Self {
        let at = Instant::now() + timeout;
        let timer = timers.spawn(async move {
            tokio::time::sleep_until(at.into()).await;
            waker.wake();
        });
        Self { at, timer: timer.abort_handle() }
    }

    pub(super) fn has_passed(&self) -> bool {
        self.at <= Instant::now()
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.timer.abort();
    }
}
