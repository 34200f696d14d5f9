//! Local: a tokio task per connection, all on one thread (N:1).
//!
//! The kernel sees one thread; which task it works on is settled in the process, without a lock or a
//! system call. A task gives way only where it waits or its budget is used up.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use tokio::runtime::Builder;

use super::{Capabilities, HoldsUp, Model, Options, Service, Shutdown, crowd};

/// The model `local`. A bad choice where one core is not enough.
pub(super) struct Local;

impl Model for Local {
    const NAME: &'static str = "local";

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
        _: Options,
        shutdown: Shutdown,
    ) -> io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        crowd::serve(runtime, listeners, service, &shutdown)
    }
}
