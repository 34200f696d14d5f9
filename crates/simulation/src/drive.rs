//! A disk with a page cache, and the ways in which it fails.
//!
//! A [`Drive`] outlives every process and every blackout; a [`Mount`] is one process's access to it.
//! Like the system calls they stand for, writes take time and happen piece by piece: a process that is
//! killed meanwhile leaves a part of them, and a blackout leaves any part of what was not synced.

mod file;
mod mount;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use larder::runtime::{Runtime, Simulated, Time};
use parking_lot::Mutex;

use crate::draw::Draw;
use crate::history::History;
use file::File;
pub use mount::Mount;

/// The hardware. Clones are the same drive.
#[derive(Clone)]
pub struct Drive {
    world: Simulated,
    history: History,
    state: Arc<Mutex<State>>,
}

struct State {
    files: BTreeMap<String, File>,
    /// What was in the directory at these names when it was last synced: a blackout may bring it back.
    earlier: BTreeMap<String, Option<File>>,
    health: Health,
    /// A call has failed since the last process came.
    failed: bool,
    /// When a sync first failed since then.
    sync_failed: Option<Time>,
    draw: Draw,
}

/// How a drive fares at the moment. By default it is quick and never fails.
#[derive(Debug, Clone, Copy, Default)]
pub struct Health {
    /// The longest time of one step of a call.
    pub step: Duration,
    /// Of a hundred calls so many fail.
    pub faults_percent: u64,
    /// Whether there is no room for new files.
    pub full: bool,
}

impl Drive {
    /// An empty drive.
    pub fn new(world: &Simulated, history: &History, seed: u64) -> Self {
        let state = State {
            files: BTreeMap::new(),
            earlier: BTreeMap::new(),
            health: Health::default(),
            failed: false,
            sync_failed: None,
            draw: Draw::new(seed, "drive"),
        };
        Self { world: world.clone(), history: history.clone(), state: Arc::new(Mutex::new(state)) }
    }

    /// From now on its health is this.
    pub fn set_health(&self, health: Health) {
        self.state.lock().health = health;
    }

    /// Access for a new process.
    pub fn mount(&self) -> Mount {
        let mut state = self.state.lock();
        (state.failed, state.sync_failed) = (false, None);
        drop(state);
        Mount::new(self.clone())
    }

    /// What was not synced is gone, or there in part.
    pub fn lose_power(&self) {
        let mut state = self.state.lock();
        let State { files, earlier, draw, .. } = &mut *state;
        for (name, file) in std::mem::take(earlier) {
            match file {
                _ if draw.percent(50) => {}
                Some(file) => drop(files.insert(name, file)),
                None => drop(files.remove(&name)),
            }
        }
        // One blackout keeps all of it, one nothing, one any part.
        let kept_percent = draw.pick(&[0, 50, 100]);
        files.values_mut().for_each(|file| file.lose_power(kept_percent, draw));
    }

    /// Changes a bit of a file, if there is one with anything in it.
    pub fn damage(&self) {
        let mut state = self.state.lock();
        let State { files, draw, .. } = &mut *state;
        let places: Vec<(String, usize)> = files
            .iter()
            .flat_map(|(name, file)| file.written().map(|offset| (name.clone(), offset)))
            .collect();
        if places.is_empty() {
            return;
        }
        let (name, offset) = draw.pick(&places);
        let mask = 1 << draw.below(8);
        files.get_mut(&name).into_iter().for_each(|file| file.damage(offset, mask));
        self.history.tell(|| format!("byte {offset} of {name} is damaged"));
    }

    /// Takes damages back, those that have not been written over; whether there were any.
    pub fn mend(&self) -> bool {
        let mut state = self.state.lock();
        state.files.values_mut().map(File::mend).filter(|mended| *mended).count() > 0
    }

    /// Whether a call has failed since the last process came.
    pub fn has_failed(&self) -> bool {
        self.state.lock().failed
    }

    /// When a sync first failed since the last process came.
    pub fn sync_failed(&self) -> Option<Time> {
        self.state.lock().sync_failed
    }

    async fn pass_time(&self) {
        let wait = {
            let mut state = self.state.lock();
            let step = state.health.step;
            state.draw.span(step)
        };
        self.world.sleep_until(self.world.now() + wait).await;
    }

    /// Whether a call that begins now fails.
    fn draw_fault(&self) -> bool {
        let mut state = self.state.lock();
        let percent = state.health.faults_percent;
        let fails = state.draw.percent(percent);
        state.failed |= fails;
        fails
    }

    fn is_full(&self) -> bool {
        let mut state = self.state.lock();
        state.failed |= state.health.full;
        state.health.full
    }
}

impl State {
    fn file(&mut self, name: &str) -> io::Result<&mut File> {
        self.files.get_mut(name).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Puts a file at a name, or nothing. A blackout may undo it until the directory is synced.
    fn place(&mut self, name: &str, file: Option<File>) {
        let earlier = match file {
            Some(file) => self.files.insert(name.to_owned(), file),
            None => self.files.remove(name),
        };
        self.earlier.entry(name.to_owned()).or_insert(earlier);
    }

    /// The directory's own content is on the disk.
    fn sync_directory(&mut self) {
        self.earlier.clear();
    }
}
