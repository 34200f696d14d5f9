//! Thread: a kernel thread per connection (1:1).
//!
//! The kernel decides who runs, at any point of a request, so a connection that computes for long
//! takes nothing from the others but its share of the cores. Each has a stack and a bell, and each
//! time that it has nothing to do its thread is put to sleep, and woken for the next request.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, Scope};

use parking_lot::Mutex;

use super::accept::{self, Arrived};
use super::blocking::Driver;
use super::doorman::Doorman;
use super::{Capabilities, HoldsUp, Model, Options, Service, Shutdown};

/// How much stack a thread has. It is address space until it is used, and then it stays in use.
pub(super) const STACK_BYTES: usize = 512 * 1024;

/// What a thread for a client may lack.
const THREAD_LIMITS: &str = "threads and open files";

/// The model `thread`. A bad choice for thousands of connections.
pub(super) struct ThreadEach;

impl Model for ThreadEach {
    const NAME: &'static str = "thread";

    const CAPABILITIES: Capabilities = Capabilities {
        holds_up: HoldsUp::Itself,
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
        let doorman = Doorman::new(listeners, shutdown.clone())?;
        thread::scope(|scope| doorman.admit_all(|client| admit(scope, client, &service, &shutdown)))
    }
}

fn admit<'scope, S: Service>(
    scope: &'scope Scope<'scope, '_>,
    client: Arrived,
    service: &Arc<S>,
    shutdown: &Shutdown,
) {
    let mut driver = match Driver::new(Arc::clone(service), shutdown.clone()) {
        Ok(driver) => driver,
        Err(error) => {
            let error = accept::not_started("thread", THREAD_LIMITS, &error);
            let refusal = accept::turn_away(&**service, client.arrival, &error);
            return accept::refuse(&client.socket, &refusal, &mut [0; 4096]);
        }
    };
    let Some(opened) = driver.open(client) else { return };
    // If there is no thread for it, it has to be found again, to be told so.
    let place = Arc::new(Mutex::new(Some(opened)));
    let taken = Arc::clone(&place);
    let thread = thread::Builder::new().name("larder-client".to_owned()).stack_size(STACK_BYTES);
    let spawned = thread.spawn_scoped(scope, move || {
        let opened = taken.lock().take();
        opened.into_iter().for_each(|opened| driver.serve(opened));
    });
    if let Err(error) = spawned {
        let error = accept::not_started("thread", THREAD_LIMITS, &error);
        place.lock().take().into_iter().for_each(|opened| opened.turn_away(&**service, &error));
    }
}
