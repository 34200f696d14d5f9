//! Uring: an io_uring per core.
//!
//! A loop here does not ask what is ready and then read and write. It leaves requests with the
//! kernel, to accept and to receive until further notice, and takes what has become of them: the
//! bytes have come already, in buffers that the kernel took from those of the ring. What is to be
//! sent is handed over together with the next wait, for all connections at once. So a round is one
//! system call, however many connections have something to do.
//!
//! Each ring accepts at all listeners, and the kernel lets one of them have the client. A connection
//! stays with its ring, as the kernel works on requests that belong to it.

mod link;
mod portions;
mod ring;
mod serving;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use self::ring::Ring;
use self::serving::{Serving, Setup};
use super::cores::run_all;
use super::{Capabilities, HoldsUp, Model, Options, Service, Shutdown};

/// The model `uring`. A bad choice where the kernel may not be trusted with it: many systems refuse
/// io_uring to programs in containers.
pub(super) struct Uring;

impl Model for Uring {
    const NAME: &'static str = "uring";

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
        // The kernel waits for clients only where the listener would, too.
        listeners.iter().try_for_each(|listener| listener.set_nonblocking(false))?;
        let listeners: Arc<[TcpListener]> = listeners.into();
        let setup = |_| {
            let (service, shutdown) = (Arc::clone(&service), shutdown.clone());
            let setup = Setup { service, shutdown, listeners: Arc::clone(&listeners) };
            Serving::new(Ring::new().map_err(refused)?, setup)
        };
        let loops = (0..options.workers.get()).map(setup).collect::<io::Result<Vec<_>>>()?;
        drop(listeners);
        run_all(loops.into_iter().map(|work| move || work.run()).collect(), &shutdown)
    }
}

fn refused(error: io::Error) -> io::Error {
    let message = format!(
        "this kernel refuses io_uring ({error}); the model `uring` needs Linux 6.1 or later and the \
         permission to use it: choose another model"
    );
    io::Error::new(error.kind(), message)
}
