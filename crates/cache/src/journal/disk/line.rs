//! A thread that does what it is given, in order.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;

use futures_util::future::{BoxFuture, FutureExt};
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

thread_local! {
    /// The line whose thread this is, by the address of its state.
    static HERE: Cell<usize> = const { Cell::new(0) };
}

/// The way to a thread. When the last handle is dropped, the thread does what is left and ends.
pub(super) struct Line {
    state: Arc<State>,
}

struct State {
    waiting: Mutex<Waiting>,
    /// Something waits, or the line ended.
    grown: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    ended: bool,
}

enum Job {
    Call(Box<dyn FnOnce() + Send>),
    Poll(Arc<Hosted>),
}

impl Line {
    pub(super) fn new(name: &str) -> io::Result<Self> {
        let state = Arc::new(State { waiting: Mutex::default(), grown: Condvar::new() });
        let own = state.clone();
        thread::Builder::new().name(name.to_owned()).spawn(move || own.work())?;
        Ok(Self { state })
    }

    /// Does `call` on the line's thread: at once if that is the caller's own.
    pub(super) fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> BoxFuture<'static, io::Result<T>> {
        if HERE.get() == self.state.address() {
            return std::future::ready(call()).boxed();
        }
        let (sender, receiver) = oneshot::channel();
        // An answer that nobody waits for is dropped on purpose.
        self.state.push(Job::Call(Box::new(move || drop(sender.send(call())))));
        async {
            receiver.await.unwrap_or_else(|_| Err(io::Error::other("the disk's thread ended")))
        }
        .boxed()
    }

    /// Runs `task` on the line's thread, beside what is called.
    pub(super) fn host(&self, task: BoxFuture<'static, ()>) {
        let task = Mutex::new(Some(task));
        let hosted = Hosted { task, state: self.state.clone(), waiting: AtomicBool::new(false) };
        Arc::new(hosted).wake();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.state.waiting.lock().ended = true;
        self.state.grown.notify_one();
    }
}

impl State {
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn push(&self, job: Job) {
        self.waiting.lock().jobs.push_back(job);
        self.grown.notify_one();
    }

    fn work(&self) {
        HERE.set(self.address());
        while let Some(job) = self.next() {
            match job {
                Job::Call(call) => call(),
                Job::Poll(hosted) => hosted.poll(),
            }
        }
    }

    fn next(&self) -> Option<Job> {
        let mut waiting = self.waiting.lock();
        loop {
            match waiting.jobs.pop_front() {
                Some(job) => return Some(job),
                None if waiting.ended => return None,
                None => self.grown.wait(&mut waiting),
            }
        }
    }
}

/// A task that runs on a line's thread.
struct Hosted {
    task: Mutex<Option<BoxFuture<'static, ()>>>,
    state: Arc<State>,
    /// Whether it stands in the line already.
    waiting: AtomicBool,
}

impl Hosted {
    fn poll(self: Arc<Self>) {
        // Before the poll: a wake during it stands in line again.
        self.waiting.store(false, Ordering::Release);
        let Some(mut task) = self.task.lock().take() else { return };
        let waker = Waker::from(self.clone());
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            *self.task.lock() = Some(task);
        }
    }
}

impl Wake for Hosted {
    fn wake(self: Arc<Self>) {
        if !self.waiting.swap(true, Ordering::AcqRel) {
            let state = self.state.clone();
            state.push(Job::Poll(self));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn calls_are_done_in_their_order_and_answered() {
        let line = Line::new("line").expect("a thread");
        let done = Arc::new(Mutex::new(Vec::new()));
        let calls = (0..5).map(|number| {
            let done = done.clone();
            line.call(move || {
                done.lock().push(number);
                Ok(number)
            })
        });
        let answers = futures_util::future::join_all(calls).await;
        assert_eq!(
            answers.into_iter().map(|n| n.expect("done")).collect::<Vec<_>>(),
            [0, 1, 2, 3, 4]
        );
        assert_eq!(*done.lock(), [0, 1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn a_hosted_task_calls_without_leaving_its_thread() {
        let line = Arc::new(Line::new("line").expect("a thread"));
        let (sender, receiver) = oneshot::channel();
        let (own, bell) = (line.clone(), Arc::new(tokio::sync::Notify::new()));
        let rung = bell.clone();
        line.host(
            async move {
                rung.notified().await;
                let call = own.call(|| Ok(HERE.get()));
                let here = call.now_or_never().expect("it is done at once").expect("it works");
                let _ = sender.send(here == own.state.address());
            }
            .boxed(),
        );
        bell.notify_one();
        assert_eq!(receiver.await, Ok(true));
    }
}
