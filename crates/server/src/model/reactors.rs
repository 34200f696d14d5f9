//! Reactors: an epoll loop per core.
//!
//! The first loop accepts for all and places each client. With `SO_REUSEPORT`, a listener for each
//! loop, the kernel would place them by a hash of their addresses: evenly at best, which is not
//! what is wanted (`balance` says why), and a loop that is busy would keep those waiting whom the
//! hash has sent to it. Accepting is rare next to serving, so one loop is enough for it.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use super::balance::Loops;
use super::event_loop::{EventLoop, Setup};
use super::poller::epoll::Epoll;
use super::{Capabilities, HoldsUp, Model, Options, Service, Shutdown};

/// The model `reactors`. A bad choice where a connection may compute for long.
pub(super) struct Reactors;

impl Model for Reactors {
    const NAME: &'static str = "reactors";

    const CAPABILITIES: Capabilities =
        Capabilities { holds_up: HoldsUp::Loop, connections_max: None };

    fn run<S: Service>(
        listener: TcpListener,
        service: Arc<S>,
        options: Options,
        shutdown: Shutdown,
    ) -> io::Result<()> {
        let count = options.workers.get();
        let loops = Arc::new(Loops::new(count)?);
        let mut listener = Some(listener);
        thread::scope(|scope| {
            let mut threads = Vec::with_capacity(count);
            for index in 0..count {
                let (service, shutdown) = (Arc::clone(&service), shutdown.clone());
                let (loops, listener) = (Arc::clone(&loops), listener.take());
                let setup = Setup { service, shutdown, loops, index, listener };
                threads.push(start(scope, setup));
            }
            threads.into_iter().try_for_each(|thread| join(thread?))
        })
    }
}

fn start<'scope, S: Service>(
    scope: &'scope Scope<'scope, '_>,
    setup: Setup<S>,
) -> io::Result<ScopedJoinHandle<'scope, io::Result<()>>> {
    let shutdown = setup.shutdown.clone();
    let started = thread::Builder::new()
        .name(format!("larder-loop-{}", setup.index))
        .spawn_scoped(scope, move || ending_all(&setup.shutdown.clone(), || serve(setup)));
    ending_all(&shutdown, || started)
}

fn serve<S: Service>(setup: Setup<S>) -> io::Result<()> {
    EventLoop::<Epoll, S>::new(setup)?.run()
}

/// Does its part of the work; when that fails, it ends the other loops, which would otherwise
/// serve on and hide the failure.
fn ending_all<T>(shutdown: &Shutdown, part: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    part().inspect_err(|_| shutdown.begin(Duration::ZERO))
}

fn join(thread: ScopedJoinHandle<'_, io::Result<()>>) -> io::Result<()> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a loop panicked")))
}
