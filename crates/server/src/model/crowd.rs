//! The crowd: the tasks of all connections on one tokio runtime, from the first client to the last.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time;

use super::accept::{self, Remedy};
use super::conversation::{Conversation, DRAIN, Hook, with_buffer};
use super::pump::{self, Pump};
use super::{Arrival, Service, Shutdown};

/// Runs a model whose connections are tasks of `runtime`.
pub(super) fn serve<S: Service>(
    runtime: Runtime,
    listeners: Vec<net::TcpListener>,
    service: Arc<S>,
    shutdown: &Shutdown,
) -> io::Result<()> {
    let served = runtime.block_on(async {
        let mut entrance = Entrance::new(listeners)?;
        let signal = Receiver::from_owned_fd(shutdown.as_fd().try_clone_to_owned()?)?;
        let mut crowd = Crowd { service, hooks: HashMap::new(), tasks: JoinSet::new() };
        crowd.grow(&mut entrance, &signal).await;
        drop(entrance);
        crowd.shrink(shutdown).await;
        Ok(())
    });
    runtime.shutdown_timeout(CUT_TIMEOUT);
    served
}

/// How long the end waits for a call that blocks, against its contract.
const CUT_TIMEOUT: Duration = Duration::from_secs(1);

/// The tasks that run.
struct Crowd<S: Service> {
    service: Arc<S>,
    hooks: HashMap<Id, Arc<Hook>>,
    tasks: JoinSet<()>,
}

impl<S: Service> Crowd<S> {
    /// Accepts clients until the shutdown begins.
    async fn grow(&mut self, entrance: &mut Entrance, signal: &Receiver) {
        loop {
            tokio::select! {
                biased;
                _ = signal.readable() => return,
                Some(ended) = self.tasks.join_next_with_id() => self.forget(ended),
                accepted = entrance.accept() => match accepted {
                    Ok((socket, arrival)) => self.adopt(socket, arrival),
                    Err(error) => match accept::remedy(&error) {
                        Remedy::Next => {}
                        Remedy::Pause => time::sleep(accept::PAUSE).await,
                    }
                },
            }
        }
    }

    /// Drains the connections, and cuts those that outlast the deadline.
    async fn shrink(&mut self, shutdown: &Shutdown) {
        for hook in self.hooks.values() {
            hook.call(DRAIN);
        }
        let Some(deadline) = shutdown.deadline() else { return };
        let emptied = async { while self.tasks.join_next().await.is_some() {} };
        if time::timeout_at(deadline.into(), emptied).await.is_err() {
            tracing::warn!(connections = self.tasks.len(), "cut at the end of the shutdown");
            self.tasks.abort_all();
        }
    }

    fn adopt(&mut self, socket: TcpStream, arrival: Arrival) {
        let hook = Arc::new(Hook::default());
        let waker = Waker::from(Arc::clone(&hook));
        match pump::guarded(|| self.service.connect(waker, arrival)) {
            Some(Ok(connection)) => self.spawn(socket, connection, hook),
            Some(Err(refusal)) => refuse(socket, &refusal),
            None => {}
        }
    }

    fn spawn(&mut self, socket: TcpStream, connection: S::Connection, hook: Arc<Hook>) {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::warn!(%error, "cannot take up a connection");
            return;
        }
        let pump = Pump::new(connection);
        let task = self.tasks.spawn(Conversation { socket, pump, hook: Arc::clone(&hook) });
        self.hooks.insert(task.id(), hook);
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
        self.hooks.remove(&id);
    }
}

/// The listeners, taken together.
struct Entrance {
    listeners: Vec<TcpListener>,
    /// Whose turn it is, so that none is kept waiting by another that is never without a client.
    next: usize,
}

impl Entrance {
    fn new(listeners: Vec<net::TcpListener>) -> io::Result<Self> {
        let take = |listener: net::TcpListener| {
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        };
        Ok(Self { listeners: listeners.into_iter().map(take).collect::<io::Result<_>>()?, next: 0 })
    }

    async fn accept(&mut self) -> io::Result<(TcpStream, Arrival)> {
        let (index, accepted) = poll_fn(|context| self.poll_accept(context)).await;
        self.next = index + 1;
        let (socket, peer) = accepted?;
        let local = socket.local_addr()?;
        Ok((socket, Arrival { listener: index, peer, local }))
    }

    /// Asks each listener for a client, and leaves the task's waker with each that has none.
    fn poll_accept(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<(usize, io::Result<(TcpStream, SocketAddr)>)> {
        let count = self.listeners.len();
        let order = (self.next..self.next + count).map(|turn| turn % count);
        for index in order {
            if let Poll::Ready(accepted) = self.listeners[index].poll_accept(context) {
                return Poll::Ready((index, accepted));
            }
        }
        Poll::Pending
    }
}

fn refuse(socket: TcpStream, refusal: &[u8]) {
    match socket.into_std() {
        Ok(socket) => with_buffer(|buffer| accept::refuse(&socket, refusal, buffer)),
        Err(error) => tracing::warn!(%error, "cannot refuse a connection"),
    }
}
