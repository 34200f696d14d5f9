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
        Capabilities { holds_up: HoldsUp::Loop, connections_max: None, tls: true };

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
        thread::scope(|scope| {
            let start = |work| ending_all(&shutdown, || start(scope, work, &shutdown));
            let threads: Vec<_> = loops.into_iter().map(start).collect();
            threads.into_iter().try_for_each(|thread| join(thread?))
        })
    }
}

fn start<'scope, S: Service>(
    scope: &'scope Scope<'scope, '_>,
    work: EventLoop<Epoll, S>,
    shutdown: &'scope Shutdown,
) -> io::Result<ScopedJoinHandle<'scope, io::Result<()>>> {
    let thread = thread::Builder::new().name("larder-loop".to_owned());
    thread.spawn_scoped(scope, || ending_all(shutdown, || work.run()))
}

/// Does its part of the work; when that fails, it ends the other loops, which would otherwise
/// serve on and hide the failure.
fn ending_all<T>(shutdown: &Shutdown, part: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    part().inspect_err(|_| shutdown.begin(Duration::ZERO))
}

fn join(thread: ScopedJoinHandle<'_, io::Result<()>>) -> io::Result<()> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a loop panicked")))
}
