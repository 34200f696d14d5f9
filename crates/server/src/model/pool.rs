//! Pool: a fixed set of threads, and a bounded queue of connections before them.
//!
//! A thread takes a connection from the queue and serves it to its end. So there is a limit to what
//! the model takes of the machine, and threads are made once. Clients of a cache keep their
//! connections, though: as many of them as there are threads keep all others waiting.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, Scope};

use parking_lot::Mutex;

use super::accept::{self, Arrived};
use super::blocking::Driver;
use super::doorman::Doorman;
use super::thread_each::STACK_BYTES;
use super::{Capabilities, HoldsUp, Model, Options, Service, Shutdown};

/// How many threads there are. They sleep most of the time, so they may be more than the cores.
const THREADS: usize = 64;

/// How many clients wait for a thread at most.
const WAITING_MAX: usize = 128;

/// The model `pool`. A bad choice for more clients than it has threads, if they stay.
pub(super) struct Pool;

impl Model for Pool {
    const NAME: &'static str = "pool";

    const CAPABILITIES: Capabilities = Capabilities {
        holds_up: HoldsUp::Thread,
        connections_max: Some(THREADS),
        waiting_max: Some(WAITING_MAX),
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
        let doorman = Doorman::new(listeners, shutdown.clone())?;
        let (queue, clients) = sync_channel(WAITING_MAX);
        let clients = Mutex::new(clients);
        thread::scope(|scope| {
            // The threads end when the queue is dropped.
            let queue = queue;
            for _ in 0..THREADS {
                let driver = Driver::new(Arc::clone(&service), shutdown.clone())?;
                start(scope, driver, &clients, &shutdown)?;
            }
            doorman.admit_all(|client| enqueue(client, &queue, &*service))
        })
    }
}

fn start<'scope, S: Service>(
    scope: &'scope Scope<'scope, '_>,
    mut driver: Driver<S>,
    clients: &'scope Mutex<Receiver<Arrived>>,
    shutdown: &'scope Shutdown,
) -> io::Result<()> {
    let thread = thread::Builder::new().name("larder-pool".to_owned()).stack_size(STACK_BYTES);
    let work = move || {
        while let Some(client) = next(clients) {
            // Those who still wait when the shutdown begins are not taken up any more.
            if shutdown.deadline().is_none()
                && let Some(opened) = driver.open(client)
            {
                driver.serve(opened);
            }
        }
    };
    thread.spawn_scoped(scope, work).map(drop)
}

/// One thread waits in the queue, and the others for it.
fn next(clients: &Mutex<Receiver<Arrived>>) -> Option<Arrived> {
    clients.lock().recv().ok()
}

fn enqueue<S: Service>(client: Arrived, queue: &SyncSender<Arrived>, service: &S) {
    if let Err(TrySendError::Full(client) | TrySendError::Disconnected(client)) =
        queue.try_send(client)
    {
        let full = io::Error::other(format!(
            "all {THREADS} threads of the pool are taken and {WAITING_MAX} clients wait for one: \
             close connections, or choose another model"
        ));
        let refusal = accept::turn_away(service, client.arrival, &full);
        accept::refuse(&client.socket, &refusal, &mut [0; 4096]);
    }
}
