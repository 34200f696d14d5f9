//! A process: tasks that can all be made to end at once, wherever they stand.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use larder::runtime::{Runtime, Simulated, Time};
use parking_lot::Mutex;

/// A runtime whose tasks live in a simulated world until [`kill`](Process::kill). Clones are the same
/// process.
#[derive(Clone)]
pub struct Process {
    world: Simulated,
    life: Arc<Mutex<Life>>,
}

struct Life {
    ended: bool,
    started: u64,
    tasks: BTreeMap<u64, Arc<Work>>,
}

/// A task's future; `None` while it is polled, and once it has ended.
struct Work(Mutex<Option<BoxFuture<'static, ()>>>);

impl Process {
    /// A process without tasks.
    pub fn new(world: &Simulated) -> Self {
        let life = Life { ended: false, started: 0, tasks: BTreeMap::new() };
        Self { world: world.clone(), life: Arc::new(Mutex::new(life)) }
    }

    /// Ends every task where it stands. What they would start from now on never runs.
    ///
    /// It is not for the process's own tasks to call.
    pub fn kill(&self) {
        let tasks = {
            let mut life = self.life.lock();
            life.ended = true;
            std::mem::take(&mut life.tasks)
        };
        for task in tasks.values() {
            // Outside the lock: what a task holds may start others when it goes.
            let future = task.0.lock().take();
            drop(future);
        }
    }
}

impl Runtime for Process {
    fn now(&self) -> Time {
        self.world.now()
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        let work = Arc::new(Work(Mutex::new(Some(task))));
        let number = {
            let mut life = self.life.lock();
            if life.ended {
                return;
            }
            life.started += 1;
            let number = life.started;
            life.tasks.insert(number, work.clone());
            number
        };
        self.world.spawn(Box::pin(Mortal { work, number, life: self.life.clone() }));
    }

    fn sleep_until(&self, deadline: Time) -> BoxFuture<'static, ()> {
        self.world.sleep_until(deadline)
    }

    fn random(&self) -> u64 {
        self.world.random()
    }
}

/// A task as the world sees it.
struct Mortal {
    work: Arc<Work>,
    number: u64,
    life: Arc<Mutex<Life>>,
}

impl Future for Mortal {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(mut future) = self.work.0.lock().take() else { return Poll::Ready(()) };
        if future.as_mut().poll(context).is_ready() {
            self.life.lock().tasks.remove(&self.number);
            return Poll::Ready(());
        }
        *self.work.0.lock() = Some(future);
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_killed_process_does_nothing_more() {
        let world = Simulated::new(1);
        let process = Process::new(&world);
        let steps = Arc::new(AtomicU32::new(0));
        let (counted, clock) = (steps.clone(), process.clone());
        process.spawn(Box::pin(async move {
            loop {
                counted.fetch_add(1, Ordering::Relaxed);
                clock.sleep_until(clock.now() + Duration::from_secs(1)).await;
            }
        }));
        world.advance(Duration::from_millis(2500));
        assert_eq!(steps.load(Ordering::Relaxed), 3);
        process.kill();
        world.advance(Duration::from_secs(60));
        assert_eq!(steps.load(Ordering::Relaxed), 3);
        assert_eq!(Arc::strong_count(&steps), 1, "what the task held is gone");
    }

    #[test]
    fn a_killed_process_starts_nothing() {
        let world = Simulated::new(1);
        let process = Process::new(&world);
        process.kill();
        process.spawn(Box::pin(async { unreachable!("it is dead") }));
        world.run_until_idle();
    }
}
