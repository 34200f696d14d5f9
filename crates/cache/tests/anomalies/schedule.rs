//! Clients that do what a seed says, over a database that is slow and fails as the seed says.
//!
//! A seed that fails is played again by `LARDER_SEED=n cargo test -p larder --test anomalies
//! random_schedules`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, select};
use larder::Freshness;
use larder::journal::Limits;
use larder::runtime::{Runtime, Task};
use larder::strategy::{Backoff, OnFull, WriteBehind};

use crate::history::History;
use crate::kit::{Chaos, Database};
use crate::scene::{Scene, Setup, Verdict, Way};

const SEEDS: u64 = 300;
const CLIENTS: u64 = 4;
const CALLS: u64 = 12;
const KEYS: [&str; 3] = ["a", "b", "c"];

#[test]
fn random_schedules_keep_the_promise_of_every_strategy() {
    for way in Way::ALL {
        for seed in seeds() {
            let verdict = play(|| Scene::larder(way, seed, &setup(seed), Database::default()));
            assert_eq!(verdict, Ok(()), "{way:?}: play it again with LARDER_SEED={seed}");
        }
    }
}

#[test]
fn random_schedules_catch_the_naive_version_of_every_strategy() {
    for way in Way::ALL {
        let caught = (0..SEEDS).find(|&seed| {
            play(|| Scene::naive(way, seed, &setup(seed), Database::default())).is_err()
        });
        assert!(caught.is_some(), "{way:?}: {SEEDS} seeds find nothing wrong");
    }
}

fn seeds() -> std::ops::Range<u64> {
    match std::env::var("LARDER_SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => seed..seed + 1,
        None => 0..SEEDS,
    }
}

/// Different options for different seeds, so that all of them meet.
fn setup(seed: u64) -> Setup {
    let millis = Duration::from_millis;
    let freshness = Freshness {
        negative_ttl: millis(seed % 2 * 20),
        refresh_ahead: millis(seed % 4 * 2),
        ..Freshness::ttl(millis(15))
    };
    let ways = [OnFull::Block(millis(5)), OnFull::Reject, OnFull::Through(millis(500))];
    let on_full = ways[seed as usize % 3];
    let limits = Limits {
        records_max: 3,
        batch_max: 2,
        flush_interval: millis(3),
        coalesce: seed.is_multiple_of(2),
        ..Limits::default()
    };
    let backoff = Backoff { first: millis(1), longest: millis(4) };
    Setup {
        freshness,
        write_timeout: (seed % 3 == 1).then_some(millis(3)),
        naive_reads_queue: true,
        write_behind: WriteBehind { limits, workers: 2, on_full, backoff },
    }
}

fn play(scene: impl FnOnce() -> Scene) -> Verdict {
    let played = catch_unwind(AssertUnwindSafe(|| {
        let scene = scene();
        let history = History::default();
        let chaos = Chaos { world: scene.world.clone(), faults_percent: 10 };
        scene.database.set_chaos(Some(chaos));
        let clients = (0..CLIENTS).map(|client| Client::start(&scene, &history, client));
        let clients: Vec<_> = clients.collect();
        for client in clients {
            finished(&scene, "a client", client)?;
        }
        scene.database.set_chaos(None);
        settled(&scene, &history)
    }));
    played.unwrap_or_else(|_| Err("something panicked".to_owned()))
}

/// What must be true once nothing happens any more.
fn settled(scene: &Scene, history: &History) -> Verdict {
    finished(scene, "a flush", scene.world.start(scene.subject.flush()))?;
    scene.world.advance(Duration::from_secs(1));
    for key in KEYS {
        let start = history.tick();
        let seen = finished(scene, "a reader", scene.reader(key))??;
        history.read(key, seen, start);
        if seen != scene.database.row(key) {
            let row = scene.database.row(key);
            return Err(format!("the cache has {seen:?}, the source {row:?}"));
        }
        if scene.way == Way::WriteBehind {
            history.check_order(key, &scene.database.commits(key))?;
        }
    }
    history.check_reads()?;
    if scene.way == Way::Lease || scene.way == Way::AroundAside {
        // A reader that went away leaves a lease, which runs out or is voided.
        scene.subject.invalidate_all();
    }
    match scene.subject.in_progress() {
        0 => Ok(()),
        keys => Err(format!("something still goes on with {keys} keys")),
    }
}

fn finished<T>(scene: &Scene, who: &str, mut task: Task<T>) -> Result<T, String> {
    for _ in 0..60 {
        scene.world.run_until_idle();
        if let Some(output) = task.finished() {
            return Ok(output);
        }
        scene.world.advance(Duration::from_millis(250));
    }
    Err(format!("{who} hangs"))
}

struct Client {
    world: larder::runtime::Simulated,
    way: Way,
    subject: std::sync::Arc<dyn crate::scene::Subject>,
    history: History,
}

impl Client {
    fn start(scene: &Scene, history: &History, number: u64) -> Task<()> {
        let client = Client {
            world: scene.world.clone(),
            way: scene.way,
            subject: scene.subject.clone(),
            history: history.clone(),
        };
        scene.world.start(async move {
            for call in 0..CALLS {
                client.call(1 + number * CALLS + call).await;
            }
        })
    }

    async fn call(&self, value: u64) {
        let key = KEYS[self.draw(KEYS.len() as u64) as usize];
        match self.draw(100) {
            0..50 => self.maybe_give_up(self.read(key)).await,
            50..70 => self.write(key, Some(value)).await,
            70..76 => self.write(key, None).await,
            76..86 => self.update(key, value).await,
            86..92 => self.subject.invalidate(key),
            92..97 => self.subject.evict(key),
            97..98 => self.subject.invalidate_all(),
            draw => self.subject.refuse_entries(draw == 98),
        }
    }

    fn read<'a>(&'a self, key: &'a str) -> BoxFuture<'a, ()> {
        async move {
            let start = self.history.tick();
            if let Ok(seen) = self.subject.get(key).await {
                self.history.read(key, seen, start);
            }
        }
        .boxed()
    }

    async fn write(&self, key: &str, value: Option<u64>) {
        let number = self.history.begin_write(key, value);
        let put = self.subject.put(key, value);
        let write = async { self.history.end_write(number, put.await) }.boxed();
        match self.way.leaves_writes_to_the_application() {
            // An application that goes away before it invalidates has broken its side.
            true => write.await,
            false => self.maybe_give_up(write).await,
        }
    }

    async fn update(&self, key: &str, value: u64) {
        if self.way.leaves_writes_to_the_application() {
            return self.write(key, Some(value)).await;
        }
        let number = self.history.begin_write(key, Some(value));
        let start = self.history.tick();
        let update = self.subject.update(key, value);
        let update = async {
            let updated = update.await;
            if let Ok(seen) = updated {
                self.history.read(key, seen, start);
            }
            self.history.end_write(number, updated.map(drop));
        };
        self.maybe_give_up(update.boxed()).await;
    }

    /// Waits for `call`, or drops it after a while.
    async fn maybe_give_up(&self, call: BoxFuture<'_, ()>) {
        if self.draw(100) < 85 {
            return call.await;
        }
        let patience = Duration::from_micros(self.draw(6000));
        select(call, self.world.sleep_until(self.world.now() + patience)).await;
    }

    fn draw(&self, choices: u64) -> u64 {
        self.world.random() % choices
    }
}
