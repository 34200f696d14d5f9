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

/// How many connections may wait to be accepted, if the system allows as many. The standard library asks
/// for 128, which a thousand clients that come back together overrun: each then waits for a second.
const BACKLOG: i32 = 4096;

fn listen(listen: &ListenConfig) -> Result<TcpListener, Problem> {
    let address = listen.address;
    let listening = TcpListener::bind(address).and_then(|listener| {
        rustix::net::listen(&listener, BACKLOG)?;
        Ok(listener)
    });
    listening.map_err(|error| {
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;
    use crate::config::{ConfigText, Overrides};

    #[test]
    fn many_clients_may_wait_to_be_accepted() {
        let most = fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        let clients = most.trim().parse::<usize>().unwrap().min(500);
        let text = ConfigText::new("text", "listen = \"127.0.0.1:0\"\n");
        let config = text.parse(&Overrides::default()).unwrap();
        let listeners = Listeners::bind(&config).unwrap();
        // One that has no room any more is not answered before the client asks again, after a second.
        let patience = Duration::from_millis(900);
        let connect = |_| TcpStream::connect_timeout(&listeners.addresses[0], patience);
        let waiting = (0..clients).map(connect).collect::<io::Result<Vec<_>>>();
        assert_eq!(waiting.unwrap().len(), clients);
    }
}
