//! A story: the lives of a process, one after the other, and what is true in the end.

mod end;
mod faults;
mod life;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use larder::runtime::{Runtime, Simulated};

use crate::check::Blackout;
use crate::database::Database;
use crate::draw::Draw;
use crate::drive::Drive;
use crate::history::History;
use crate::plan::{Ending, Plan};
use crate::promise::{Broken, Promise, Verdict};
use life::{Life, Progress};

/// However long something may rightly take, it takes less.
const FOREVER: Duration = Duration::from_secs(120);

/// In how much of the last life something may fail.
const LAST_LIFE: Duration = Duration::from_millis(100);

/// How a story ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Whether every promise was kept.
    pub verdict: Verdict,
    /// What happened, line by line; empty unless it was asked for.
    pub timeline: Vec<String>,
    /// Calls that clients made.
    pub calls: usize,
}

/// Plays a plan; with `told` the timeline is kept.
pub fn play(plan: &Plan, told: bool) -> Ended {
    let world = Simulated::new(plan.seed);
    let history = History::new(&world, told);
    let played = catch_unwind(AssertUnwindSafe(|| Story::new(plan, &world, &history).run()));
    let verdict = played.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Promise::Calm.broken(words.unwrap_or("something panicked")))
    });
    Ended { verdict, timeline: history.lines(), calls: history.calls().len() }
}

/// Where a process lives, and what outlives it.
#[derive(Clone)]
struct Stage {
    plan: Plan,
    world: Simulated,
    history: History,
    database: Database,
    drive: Drive,
}

struct Story {
    stage: Stage,
    draw: Draw,
    /// Numbers that clients have.
    clients: u64,
    blackouts: Vec<Blackout>,
    /// Processes that others have superseded, still running.
    zombies: Vec<Life>,
}

impl Story {
    fn new(plan: &Plan, world: &Simulated, history: &History) -> Self {
        let stage = Stage {
            plan: plan.clone(),
            world: world.clone(),
            history: history.clone(),
            database: Database::new(world, history, plan.way.survives()),
            drive: Drive::new(world, history, plan.seed),
        };
        let draw = Draw::new(plan.seed, "story");
        Self { stage, draw, clients: 0, blackouts: Vec::new(), zombies: Vec::new() }
    }

    fn run(mut self) -> Verdict {
        for (ending, span) in self.stage.plan.endings.clone() {
            self.live(ending, span)?;
        }
        self.live_to_the_end()
    }

    /// A life of the process that ends after `span`.
    fn live(&mut self, ending: Ending, span: Duration) -> Verdict {
        self.stage.worsen(&mut self.draw, span, Some(ending));
        let takeovers = self.stage.database.takeovers();
        let life = self.begin();
        self.stage.world.advance(span);
        self.judge_start(&life)?;
        self.stage.history.tell(|| format!("this life ends: {ending:?}"));
        let verdict = self.end(ending, life, takeovers);
        // What one sync lost the next would not find; so the journal asks for none after it.
        if let Some(from) = self.stage.drive.sync_failed() {
            self.blackouts.push(Blackout { from, until: self.stage.world.now() });
        }
        verdict
    }

    /// Ends a life; there had been so many `takeovers` when it began.
    fn end(&mut self, ending: Ending, life: Life, takeovers: u64) -> Verdict {
        match ending {
            Ending::Shutdown => return self.shut_down(&life),
            Ending::Killed => life.kill(),
            Ending::PowerFailure => {
                life.kill();
                self.stage.drive.lose_power();
                let now = self.stage.world.now();
                self.blackouts.push(Blackout { from: now, until: now });
            }
            // One that does not hold the journal yet would take it from the next process.
            Ending::Superseded if self.stage.database.takeovers() == takeovers => life.kill(),
            Ending::Superseded => {
                life.lose_drive();
                self.zombies.push(life);
            }
            Ending::Damaged => self.damage(&life),
        }
        Ok(())
    }

    fn begin(&mut self) -> Life {
        let first = self.clients;
        self.clients += self.stage.plan.clients;
        Life::begin(&self.stage, first)
    }

    /// Whether a process that refuses to start has reason to. Whatever is damaged is mended then: what
    /// harm it did to a process that started will show in what is read.
    fn judge_start(&self, life: &Life) -> Verdict {
        match life.progress() {
            Progress::Booting => Ok(()),
            Progress::Up => {
                self.stage.drive.mend();
                Ok(())
            }
            Progress::Refused(_) if self.stage.drive.mend() => Ok(()),
            Progress::Refused(_) if self.stage.drive.has_failed() => Ok(()),
            Progress::Refused(reason) => {
                let message = format!("nothing was damaged, and it refuses: {reason}");
                Err(Promise::Recovery.broken(message))
            }
        }
    }

    /// Tells the process to stop. Where nothing is queued, cache and source have to agree by then.
    fn shut_down(&mut self, life: &Life) -> Verdict {
        let Some(subject) = life.subject() else {
            life.kill();
            return Ok(());
        };
        if !self.stage.plan.way.has_journal() {
            self.stage.calm();
            self.wait_until("a client's call", || !life.has_clients())?;
            self.check_agreement(&subject)?;
        }
        let patience = self.draw.span(Duration::from_millis(50));
        // What it could not bring to the source stays in the journal.
        self.output("a shutdown", async move { subject.cache.shutdown(patience).await.ok() })?;
        life.kill();
        Ok(())
    }

    /// Lets the process come to rest, ends it, and changes a bit of what it leaves.
    fn damage(&mut self, life: &Life) {
        life.dismiss_clients();
        self.stage.world.advance(Duration::from_millis(50));
        let is_up = life.progress() == Progress::Up;
        life.kill();
        if is_up {
            self.stage.drive.damage();
        }
    }

    fn live_to_the_end(mut self) -> Verdict {
        self.stage.worsen(&mut self.draw, LAST_LIFE, None);
        let mut life = self.begin();
        self.await_start(&life)?;
        if matches!(life.progress(), Progress::Refused(_)) {
            life = self.begin();
            self.await_start(&life)?;
        }
        self.wait_until("a client's call", || !life.has_clients())?;
        self.stage.calm();
        self.settle(&life)?;
        let verdict = self.evidence(&life).check();
        life.kill();
        self.zombies.iter().for_each(Life::kill);
        verdict
    }

    fn await_start(&self, life: &Life) -> Verdict {
        self.wait_until("a start", || life.progress() != Progress::Booting)?;
        self.judge_start(life)
    }

    fn wait_until(&self, who: &str, mut is_so: impl FnMut() -> bool) -> Verdict {
        let world = &self.stage.world;
        let begun = world.now();
        while world.now().since(begun) < FOREVER {
            world.run_until_idle();
            if is_so() {
                return Ok(());
            }
            world.advance(Duration::from_millis(20));
        }
        Err(Promise::Progress.broken(format!("{who} never ends")))
    }

    fn output<T: Send + 'static>(
        &self,
        who: &str,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Broken> {
        let mut task = self.stage.world.start(task);
        let mut output = None;
        self.wait_until(who, || {
            output = task.finished();
            output.is_some()
        })?;
        output.ok_or_else(|| Promise::Progress.broken(who))
    }
}
