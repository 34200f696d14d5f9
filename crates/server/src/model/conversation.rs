//! A conversation: one connection as a tokio task, for the models that have tasks.

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::Connection;
use super::pump::{Event, Interest, Pump, TURN_BYTES, Turn, Wire};

/// The task of one connection.
pub(super) struct Conversation<C> {
    pub(super) socket: TcpStream,
    pub(super) pump: Pump<C>,
    pub(super) hook: Arc<Hook>,
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
    fn recv<'a>(&'a mut self, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
        let mut filled = ReadBuf::new(buffer);
        let read = Pin::new(&mut *self.socket).poll_read(self.context, &mut filled);
        let count = filled.filled().len();
        match read {
            Poll::Ready(read) => read.map(|()| &buffer[..count]),
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
pub(super) fn with_buffer<T>(lend: impl FnOnce(&mut [u8]) -> T) -> T {
    thread_local! {
        static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; TURN_BYTES].into_boxed_slice());
    }
    BUFFER.with_borrow_mut(|buffer| lend(buffer))
}

/// How a task is called from outside: by its connection's waker, and by a shutdown.
#[derive(Default)]
pub(super) struct Hook {
    calls: AtomicU8,
    task: OnceLock<Waker>,
}

const WOKEN: u8 = 1;
/// A shutdown begins.
pub(super) const DRAIN: u8 = 2;

impl Hook {
    /// Has the task polled for `call`, one of the bits below.
    pub(super) fn call(&self, call: u8) {
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
