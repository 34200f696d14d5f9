//! The sockets at which clients arrive.

use std::io;
use std::net::{SocketAddr, TcpListener};

use crate::config::{Config, ListenConfig, Problem, Report};

/// The listening sockets, in the order of [`Config::listeners`].
pub(crate) struct Listeners {
    pub(crate) sockets: Vec<TcpListener>,
    pub(crate) addresses: Vec<SocketAddr>,
}

impl Listeners {
    pub(crate) fn bind(config: &Config) -> Result<Self, Report> {
        let sockets = config.listeners().map(listen).collect::<Result<Vec<_>, _>>()?;
        let addresses = sockets.iter().map(TcpListener::local_addr).collect::<io::Result<_>>();
        let failed = |error| Problem::elsewhere(format!("cannot tell where it listens: {error}"));
        let addresses = addresses.map_err(failed)?;
        Ok(Self { sockets, addresses })
    }
}

fn listen(listen: &ListenConfig) -> Result<TcpListener, Problem> {
    let address = listen.address;
    TcpListener::bind(address).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another program listens there: stop it, or choose another address"
            }
            io::ErrorKind::PermissionDenied => "choose a port above 1023",
            _ => "choose another address",
        };
        listen.problem(format!("cannot listen at {address}: {error}; {advice}"))
    })
}
