//! Tasks: a tokio task per connection, on a work-stealing pool of threads (M:N).
//!
//! A task gives way where it waits, and where tokio's budget for it is used up; any thread of the
//! pool takes it up again.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use tokio::runtime::Builder;

use super::{Capabilities, HoldsUp, Model, Options, Service, Shutdown, crowd};

/// The model `tasks`. A bad choice where every request is small and the CPU is what counts.
pub(super) struct Tasks;

impl Model for Tasks {
    const NAME: &'static str = "tasks";

    const CAPABILITIES: Capabilities = Capabilities {
        holds_up: HoldsUp::Thread,
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
        let runtime = Builder::new_multi_thread()
            .worker_threads(options.workers.get())
            .thread_name("larder-tasks")
            .enable_all()
            .build()?;
        crowd::serve(runtime, listeners, service, &shutdown)
    }
}
