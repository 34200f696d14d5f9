//! One life of the process: it starts, serves clients, and ends one way or another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use larder::runtime::Runtime;
use parking_lot::Mutex;

use super::Stage;
use crate::client::Client;
use crate::drive::Mount;
use crate::process::Process;
use crate::subject::Subject;

/// A process with its clients.
pub(super) struct Life {
    process: Process,
    /// Those who call it, in a group of their own: they can go while it stays.
    clients: Process,
    mount: Mount,
    boot: Arc<Mutex<Boot>>,
    running: Arc<AtomicU64>,
}

enum Boot {
    Underway,
    Up(Subject),
    Refused(String),
}

/// How far a process has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Progress {
    Booting,
    Up,
    Refused(String),
}

impl Life {
    /// Starts a process on a stage, and as soon as it is up its clients, numbered from `first` on.
    pub(super) fn begin(stage: &Stage, first: u64) -> Self {
        let life = Self {
            process: Process::new(&stage.world),
            clients: Process::new(&stage.world),
            mount: stage.drive.mount(),
            boot: Arc::new(Mutex::new(Boot::Underway)),
            running: Arc::new(AtomicU64::new(stage.plan.clients)),
        };
        let (boot, stage) = (life.boot.clone(), stage.clone());
        let (process, mount) = (life.process.clone(), life.mount.clone());
        let (clients, running) = (life.clients.clone(), life.running.clone());
        life.process.spawn(Box::pin(async move {
            match Subject::start(&stage.plan, &process, &stage.database, mount).await {
                Ok(subject) => {
                    stage.history.tell(|| "the process is up".to_owned());
                    *boot.lock() = Boot::Up(subject.clone());
                    admit_clients(&stage, &subject, &clients, &running, first);
                }
                Err(reason) => {
                    stage.history.tell(|| format!("the process refuses to start: {reason}"));
                    *boot.lock() = Boot::Refused(reason);
                }
            }
        }));
        life
    }

    /// How far it has come.
    pub(super) fn progress(&self) -> Progress {
        match &*self.boot.lock() {
            Boot::Underway => Progress::Booting,
            Boot::Up(_) => Progress::Up,
            Boot::Refused(reason) => Progress::Refused(reason.clone()),
        }
    }

    /// Its cache, once it is up.
    pub(super) fn subject(&self) -> Option<Subject> {
        match &*self.boot.lock() {
            Boot::Up(subject) => Some(subject.clone()),
            Boot::Underway | Boot::Refused(_) => None,
        }
    }

    /// Whether some client has calls to make.
    pub(super) fn has_clients(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }

    /// Its clients make no more calls; those under way go on without them.
    pub(super) fn dismiss_clients(&self) {
        self.clients.kill();
    }

    /// It has lost its drive and its clients, and does not know it.
    pub(super) fn lose_drive(&self) {
        self.dismiss_clients();
        self.mount.detach();
    }

    /// It ends where it stands.
    pub(super) fn kill(&self) {
        self.lose_drive();
        self.process.kill();
    }
}

fn admit_clients(
    stage: &Stage,
    subject: &Subject,
    group: &Process,
    running: &Arc<AtomicU64>,
    first: u64,
) {
    for number in first..first + stage.plan.clients {
        let client = Client {
            world: stage.world.clone(),
            history: stage.history.clone(),
            subject: subject.clone(),
            plan: stage.plan.clone(),
            number,
        };
        let running = running.clone();
        group.spawn(Box::pin(async move {
            client.run().await;
            running.fetch_sub(1, Ordering::Relaxed);
        }));
    }
}
