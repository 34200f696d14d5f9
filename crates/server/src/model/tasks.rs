//! Tasks: a tokio task per connection, on a work-stealing pool of threads.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::net::{self, SocketAddr};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::unix::pipe::Receiver;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time;

use super::accept::{self, Remedy};
use super::pump::{self, Event, Interest, Pump, TURN_BYTES, Turn, Wire};
use super::{Arrival, Capabilities, Connection, HoldsUp, Model, Options, Service, Shutdown};

/// The model `tasks`. A bad choice where every request is small and the CPU is what counts.
pub(super) struct Tasks;

impl Model for Tasks {
    const NAME: &'static str = "tasks";

    const CAPABILITIES: Capabilities =
        Capabilities { holds_up: HoldsUp::Thread, connections_max: None, tls: true };

    fn run<S: Service>(
        listeners: Vec<net::TcpListener>,
        service: Arc<S>,
        options: Options,
        shutdown: Shutdown,
    ) -> io::Result<()> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(options.workers.get())
            .thread_name("larder-tasks")
            .enable_all()
            .build()?;
        let served = runtime.block_on(async {
            let mut entrance = Entrance::new(listeners)?;
            let signal = Receiver::from_owned_fd(shutdown.as_fd().try_clone_to_owned()?)?;
            let mut crowd = Crowd { service, hooks: HashMap::new(), tasks: JoinSet::new() };
            crowd.grow(&mut entrance, &signal).await;
            drop(entrance);
            crowd.shrink(&shutdown).await;
            Ok(())
        });
        runtime.shutdown_timeout(CUT_TIMEOUT);
        served
    }
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

/// The task of one connection.
struct Conversation<C> {
    socket: TcpStream,
    pump: Pump<C>,
    hook: Arc<Hook>,
}

// Nothing in it is ever pinned in place.
impl<C> Unpin for Conversation<C> {}

impl<C: Connection> Future for Conversation<C> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { socket, pump, hook } = &mut *self;
        let mut calls = hook.answer(context.waker());
        loop {
            let event = calls.next().unwrap_or(Event::Readable);
            let mut wire = Polled { socket, context, input_blocked: false, room_blocked: false };
            let turn = with_buffer(|buffer| {
                pump.hear(&mut wire, event, buffer);
                pump.answer(&mut wire, buffer)
            });
            match turn {
                Turn::Closed => return Poll::Ready(()),
                Turn::Open(interest) if wire.waits_for(interest) => return Poll::Pending,
                Turn::Open(_) => {}
            }
        }
    }
}

/// A tokio socket within one poll of its task: what blocks has registered the task's waker.
struct Polled<'a, 'b> {
    socket: &'a mut TcpStream,
    context: &'a mut Context<'b>,
    input_blocked: bool,
    room_blocked: bool,
}

impl Polled<'_, '_> {
    /// Whether everything of `interest` is now waited for, so that the task can be put aside.
    fn waits_for(&self, interest: Interest) -> bool {
        (self.input_blocked || !interest.input()) && (self.room_blocked || !interest.room())
    }
}

impl Wire for Polled<'_, '_> {
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = ReadBuf::new(buffer);
        match Pin::new(&mut *self.socket).poll_read(self.context, &mut filled) {
            Poll::Ready(read) => read.map(|()| filled.filled().len()),
            Poll::Pending => {
                self.input_blocked = true;
                Err(ErrorKind::WouldBlock.into())
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match Pin::new(&mut *self.socket).poll_write(self.context, bytes) {
            Poll::Ready(written) => written,
            Poll::Pending => {
                self.room_blocked = true;
                Err(ErrorKind::WouldBlock.into())
            }
        }
    }
}

/// Lends the thread's read buffer, which serves all tasks that the thread polls.
fn with_buffer<T>(lend: impl FnOnce(&mut [u8]) -> T) -> T {
    thread_local! {
        static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; TURN_BYTES].into_boxed_slice());
    }
    BUFFER.with_borrow_mut(|buffer| lend(buffer))
}

/// How a task is called from outside: by its connection's waker, and by a shutdown.
#[derive(Default)]
struct Hook {
    calls: AtomicU8,
    task: OnceLock<Waker>,
}

const WOKEN: u8 = 1;
const DRAIN: u8 = 2;

impl Hook {
    fn call(&self, call: u8) {
        let earlier = self.calls.fetch_or(call, Ordering::AcqRel);
        if earlier & call == 0 {
            // Before its first poll a task has no waker, and needs none.
            self.task.get().inspect(|task| task.wake_by_ref());
        }
    }

    /// Takes the calls that have come. `task` is the same at every poll of a spawned task.
    fn answer(&self, task: &Waker) -> Calls {
        self.task.get_or_init(|| task.clone());
        Calls(self.calls.swap(0, Ordering::AcqRel))
    }
}

impl Wake for Hook {
    fn wake(self: Arc<Self>) {
        self.call(WOKEN);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.call(WOKEN);
    }
}

/// The turns that were called for.
struct Calls(u8);

impl Iterator for Calls {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let (call, event) = match self.0 {
            0 => return None,
            calls if calls & WOKEN != 0 => (WOKEN, Event::Woken),
            _ => (DRAIN, Event::Drain),
        };
        self.0 &= !call;
        Some(event)
    }
}
