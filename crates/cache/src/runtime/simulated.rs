//! A runtime in one thread under virtual time, for deterministic interleavings.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{Runtime, Time};

/// A runtime whose clock moves only when it is told to, and whose tasks run only inside
/// [`run_until_idle`](Self::run_until_idle), [`advance`](Self::advance) and
/// [`block_on`](Self::block_on).
///
/// Which of the tasks that can run goes next is drawn from the seed: the same seed gives the same
/// interleaving. Cheap to clone; clones are the same world.
///
/// ```
/// use larder::runtime::{Runtime, Simulated};
/// use larder::{Cache, Freshness, Strategy, source};
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// let world = Simulated::new(1);
/// let squares: Cache<u64, u64> = Cache::builder("squares")
///     .max_entries(100)
///     .source(source::load_with(|n: u64| async move { Ok(Some(n * n)) }))
///     .strategy(Strategy::ReadThrough)
///     .freshness(Freshness::ttl(Duration::from_secs(60)))
///     .runtime(Arc::new(world.clone()))
///     .build()?;
///
/// let cache = squares.clone();
/// assert_eq!(world.block_on(async move { cache.get(&7).await })?, Some(49));
/// world.advance(Duration::from_secs(59));
/// assert_eq!(squares.peek(&7), Some(49));
/// world.advance(Duration::from_secs(1)); // a minute has passed, and nobody has waited
/// assert_eq!(squares.peek(&7), None);
/// # Ok::<(), larder::Error>(())
/// ```
#[derive(Clone)]
pub struct Simulated {
    world: Arc<World>,
}

/// The result of a task that [`Simulated::start`] started.
///
/// ```
/// # use larder::runtime::Simulated;
/// let world = Simulated::new(1);
/// let mut task = world.start(async { 7 });
/// assert_eq!(task.finished(), None); // nothing runs by itself
/// world.run_until_idle();
/// assert_eq!(task.finished(), Some(7));
/// ```
#[derive(Debug)]
pub struct Task<T>(oneshot::Receiver<T>);

struct World {
    state: Mutex<State>,
}

struct State {
    now: Time,
    random: u64,
    tasks_started: u64,
    timers_started: u64,
    ready: Vec<Arc<Running>>,
    timers: BTreeMap<(Time, u64), Waker>,
}

struct Running {
    id: u64,
    world: Arc<World>,
    future: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl Simulated {
    /// A world at time zero plus one second, with nothing in it.
    ///
    /// ```
    /// # use larder::runtime::{Runtime, Simulated};
    /// assert_eq!(Simulated::new(7).random(), Simulated::new(7).random());
    /// ```
    pub fn new(seed: u64) -> Self {
        let state = State {
            now: Time::ZERO + Duration::from_secs(1),
            random: seed,
            tasks_started: 0,
            timers_started: 0,
            ready: Vec::new(),
            timers: BTreeMap::new(),
        };
        Self { world: Arc::new(World { state: Mutex::new(state) }) }
    }

    /// Starts a task; it first runs when the world next does.
    ///
    /// ```
    /// # use larder::runtime::Simulated;
    /// let world = Simulated::new(1);
    /// let first = world.start(async { 3 });
    /// let second = world.start(async move { first.await + 4 });
    /// assert_eq!(world.block_on(second), 7);
    /// ```
    pub fn start<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        let (sender, receiver) = oneshot::channel();
        // The result of a task that nobody asks for is dropped on purpose.
        self.spawn(Box::pin(async move { drop(sender.send(task.await)) }));
        Task(receiver)
    }

    /// Runs every task until each waits for time or for somebody outside.
    ///
    /// ```
    /// # use larder::runtime::{Runtime, Simulated};
    /// # use std::time::Duration;
    /// let world = Simulated::new(1);
    /// let clock = world.clone();
    /// let mut task = world.start(async move {
    ///     clock.sleep_until(clock.now() + Duration::from_secs(1)).await;
    /// });
    /// world.run_until_idle();
    /// assert_eq!(task.finished(), None, "it waits for time, which stands still");
    /// ```
    pub fn run_until_idle(&self) {
        while let Some(task) = self.world.draw() {
            task.poll();
        }
    }

    /// Moves the clock by `span`, stopping at every timer on the way to run what it wakes.
    ///
    /// ```
    /// # use larder::runtime::{Runtime, Simulated};
    /// # use std::time::Duration;
    /// let world = Simulated::new(1);
    /// let begun = world.now();
    /// world.advance(Duration::from_secs(3600));
    /// assert_eq!(world.now().since(begun), Duration::from_secs(3600));
    /// ```
    pub fn advance(&self, span: Duration) {
        let target = self.now() + span;
        self.run_until_idle();
        while self.world.fire_next_timer(target) {
            self.run_until_idle();
        }
        self.world.state.lock().now = target;
    }

    /// Runs the world until `future` is ready, moving the clock from timer to timer whenever
    /// nothing else can happen.
    ///
    /// ```
    /// # use larder::runtime::{Runtime, Simulated};
    /// # use std::time::Duration;
    /// let world = Simulated::new(1);
    /// let clock = world.clone();
    /// // Returns at once, a day later.
    /// world.block_on(async move {
    ///     clock.sleep_until(clock.now() + Duration::from_secs(86_400)).await;
    /// });
    /// ```
    ///
    /// # Panics
    ///
    /// When nothing can ever happen again: every task waits for another one.
    pub fn block_on<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let mut task = self.start(future);
        loop {
            self.run_until_idle();
            if let Some(output) = task.finished() {
                return output;
            }
            assert!(
                self.world.fire_next_timer(Time::NEVER),
                "the simulated world stands still: the awaited task can never finish"
            );
        }
    }
}

impl<T> Task<T> {
    /// The result, once the task has finished; `None` before, and after it was taken.
    ///
    /// ```
    /// # use larder::runtime::Simulated;
    /// # let world = Simulated::new(1);
    /// let mut task = world.start(async { "done" });
    /// world.run_until_idle();
    /// assert_eq!(task.finished(), Some("done"));
    /// assert_eq!(task.finished(), None, "it was taken");
    /// ```
    pub fn finished(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

impl<T> Future for Task<T> {
    type Output = T;

    /// # Panics
    ///
    /// When the task panicked.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(context).map(|output| output.expect("the awaited task panicked"))
    }
}

impl Runtime for Simulated {
    fn now(&self) -> Time {
        self.world.state.lock().now
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        let mut state = self.world.state.lock();
        state.tasks_started += 1;
        let id = state.tasks_started;
        let future = Mutex::new(Some(task));
        state.ready.push(Arc::new(Running { id, world: self.world.clone(), future }));
    }

    fn sleep_until(&self, deadline: Time) -> BoxFuture<'static, ()> {
        let mut state = self.world.state.lock();
        state.timers_started += 1;
        let timer = Timer { deadline, id: state.timers_started, world: self.world.clone() };
        Box::pin(timer)
    }

    fn random(&self) -> u64 {
        self.world.state.lock().next_random()
    }
}

impl World {
    /// Takes one of the tasks that can run.
    fn draw(&self) -> Option<Arc<Running>> {
        let mut state = self.state.lock();
        let choices = state.ready.len() as u64;
        if choices == 0 {
            return None;
        }
        let choice = (state.next_random() % choices) as usize;
        Some(state.ready.remove(choice))
    }

    /// Moves the clock to the next timer that is due by `limit`, and wakes its task.
    fn fire_next_timer(&self, limit: Time) -> bool {
        let waker = {
            let mut state = self.state.lock();
            let Some((&(deadline, id), _)) = state.timers.first_key_value() else { return false };
            if deadline > limit || deadline == Time::NEVER {
                return false;
            }
            state.now = state.now.max(deadline);
            state.timers.remove(&(deadline, id))
        };
        waker.into_iter().for_each(Waker::wake);
        true
    }
}

impl State {
    /// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators").
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.random;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}

impl Running {
    fn poll(self: Arc<Self>) {
        let Some(mut future) = self.future.lock().take() else { return };
        let waker = Waker::from(self.clone());
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            *self.future.lock() = Some(future);
        }
    }
}

impl Wake for Running {
    fn wake(self: Arc<Self>) {
        let mut state = self.world.state.lock();
        if !state.ready.iter().any(|task| task.id == self.id) {
            let world = self.world.clone();
            state.ready.push(self.clone());
            drop(state);
            drop(world);
        }
    }
}

struct Timer {
    deadline: Time,
    id: u64,
    world: Arc<World>,
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.world.state.lock();
        if state.now >= self.deadline {
            return Poll::Ready(());
        }
        state.timers.insert((self.deadline, self.id), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let waker = self.world.state.lock().timers.remove(&(self.deadline, self.id));
        // Outside the lock: the waker may hold the last handle of a task, which owns timers.
        drop(waker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_moves_only_by_advance_and_timers_fire_in_order() {
        let world = Simulated::new(1);
        let clock = world.clone();
        let start = world.now();
        let mut task = world.start(async move {
            clock.sleep_until(start + Duration::from_secs(2)).await;
            clock.now()
        });
        world.advance(Duration::from_secs(1));
        assert_eq!(task.finished(), None);
        world.advance(Duration::from_secs(5));
        assert_eq!(task.finished(), Some(start + Duration::from_secs(2)));
        assert_eq!(world.now(), start + Duration::from_secs(6));
    }

    #[test]
    fn the_same_seed_gives_the_same_order() {
        let order = |seed| {
            let world = Simulated::new(seed);
            let log = Arc::new(Mutex::new(Vec::new()));
            for task in 0..20 {
                let log = log.clone();
                world.start(async move { log.lock().push(task) });
            }
            world.run_until_idle();
            log.lock().clone()
        };
        assert_eq!(order(7), order(7));
        assert_ne!(order(7), order(8));
    }

    #[test]
    #[should_panic(expected = "stands still")]
    fn a_task_that_can_never_finish_is_found() {
        Simulated::new(1).block_on(std::future::pending::<()>());
    }
}
