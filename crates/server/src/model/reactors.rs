//! Reactors: an epoll loop per core.
//!
//! The first loop accepts for all and places each client. With `SO_REUSEPORT`, a listener for each
//! loop, the kernel would place them by a hash of their addresses: evenly at best, which is not
//! what is wanted (`balance` says why), and a loop that is busy would keep those waiting whom the
//! hash has sent to it. Accepting is rare next to serving, so one loop is enough for it.

use std::io;
use std::mem;
use std::net::TcpListener;
use std::sync::Arc;

use super::balance::Loops;
use super::cores::run_all;
use super::event_loop::{EventLoop, Setup};
use super::poller::epoll::Epoll;
use super::{Capabilities, HoldsUp, Model, Options, Service, Shutdown};

/// The model `reactors`. A bad choice where a connection may compute for long.
pub(super) struct Reactors;

impl Model for Reactors {
    const NAME: &'static str = "reactors";

    const CAPABILITIES: Capabilities = Capabilities {
        holds_up: HoldsUp::Loop,
        connections_max: None,
        waiting_max: None,
        descriptors_max: None,
        tls: true,
        workers: false,
    };

    fn run<S: Service>(
        listeners: Vec<TcpListener>,
        service: Arc<S>,
        options: Options,
        shutdown: Shutdown,
    ) -> io::Result<()> {
        let loops = Arc::new(Loops::new(options.workers.get())?);
        let mut listeners = listeners;
        let setup = |index| {
            let (service, shutdown) = (Arc::clone(&service), shutdown.clone());
            let (loops, listeners) = (Arc::clone(&loops), mem::take(&mut listeners));
            EventLoop::<Epoll, S>::new(Setup { service, shutdown, loops, index, listeners })
        };
        let loops = (0..options.workers.get()).map(setup).collect::<io::Result<Vec<_>>>()?;
        run_all(loops.into_iter().map(|work| move || work.run()).collect(), &shutdown)
    }
}
