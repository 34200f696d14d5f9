//! One loop: `select`, `poll` and `epoll`, which differ in how the loop learns what is ready.
//!
//! The thread that runs the model is the loop. It accepts, reads, runs commands and writes, so what
//! clients change is never changed by two at once, and a machine of many cores gains nothing from
//! the rest of them.

use std::io;
use std::marker::PhantomData;
use std::net::TcpListener;
use std::sync::Arc;

use super::balance::Loops;
use super::event_loop::{EventLoop, Setup};
use super::poller::Poller;
use super::poller::epoll;
use super::poller::poll;
use super::poller::select;
use super::{Capabilities, HoldsUp, Model, Options, Service, Shutdown};

/// The model `select`. A bad choice for more than a few hundred connections.
pub(super) type Select = Single<select::Select>;

/// The model `poll`. A bad choice for many connections of which few are active.
pub(super) type Poll = Single<poll::Poll>;

/// The model `epoll`. A bad choice where one core is not enough.
pub(super) type Epoll = Single<epoll::Epoll>;

/// One loop on the poller `P`.
pub(super) struct Single<P>(PhantomData<P>);

impl<P: Poller> Model for Single<P> {
    const NAME: &'static str = P::NAME;

    const CAPABILITIES: Capabilities = Capabilities {
        holds_up: HoldsUp::Loop,
        connections_max: None,
        waiting_max: None,
        descriptors_max: P::DESCRIPTORS_MAX,
        tls: true,
        workers: false,
    };

    fn run<S: Service>(
        listeners: Vec<TcpListener>,
        service: Arc<S>,
        _: Options,
        shutdown: Shutdown,
    ) -> io::Result<()> {
        let loops = Arc::new(Loops::new(1)?);
        EventLoop::<P, S>::new(Setup { service, shutdown, loops, index: 0, listeners })?.run()
    }
}
