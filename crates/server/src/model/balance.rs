//! Balance: which loop serves which connection.
//!
//! A loop that is half idle is a waste: it sleeps after every request or two, and pays for a wait,
//! a sleep and a wake-up where a busy loop pays for a fraction of a wait. So clients are packed:
//! the first loop takes all until it is full, which is until it uses nearly all of a core. Then new
//! clients go to the next, and half of the load that it has already is handed over, since many
//! applications open their connections first and begin to work later. With 50 clients that do not
//! pipeline, on two cores, one loop serves a third more requests per CPU second than two that
//! share them evenly: those sleep twice as often.
//!
//! What counts is CPU time, not time without sleep: a loop that is kept waiting for its core by
//! other processes would gain nothing by sharing its connections.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::link::Letter;
use super::mailbox::Mailbox;

/// How long each measurement of a loop's load takes.
pub(super) const WINDOW: Duration = Duration::from_millis(100);

/// A loop that uses this much of a core, in percent, is full.
const FULL: u32 = 90;

/// A loop that uses less of a core than this, in percent, can take over connections.
const ROOMY: u32 = 50;

/// The loops of one model, as each of them sees the others.
pub(super) struct Loops<C> {
    loops: Vec<Peer<C>>,
}

struct Peer<C> {
    mailbox: Arc<Mailbox<Letter<C>>>,
    /// Percent of a core, in the last window.
    load: AtomicU32,
}

impl<C> Loops<C> {
    pub(super) fn new(count: usize) -> io::Result<Self> {
        let peer = |_| Ok(Peer { mailbox: Arc::new(Mailbox::new()?), load: AtomicU32::new(0) });
        Ok(Self { loops: (0..count).map(peer).collect::<io::Result<_>>()? })
    }

    pub(super) fn mailbox(&self, index: usize) -> &Arc<Mailbox<Letter<C>>> {
        &self.loops[index].mailbox
    }

    /// The loop for a new client.
    pub(super) fn place(&self) -> usize {
        place(&self.loads())
    }

    /// The loop that can take over connections of the full loop `index`.
    pub(super) fn relief(&self, index: usize) -> Option<usize> {
        relief(&self.loads(), index)
    }

    /// Makes known that loop `index` uses `load` percent of a core.
    pub(super) fn report(&self, index: usize, load: u32) {
        self.loops[index].load.store(load, Ordering::Relaxed);
    }

    fn loads(&self) -> Vec<u32> {
        self.loops.iter().map(|peer| peer.load.load(Ordering::Relaxed)).collect()
    }
}

fn place(loads: &[u32]) -> usize {
    let with_room = loads.iter().position(|&load| load < FULL);
    let emptiest = || (0..loads.len()).min_by_key(|&index| loads[index]);
    with_room.or_else(emptiest).unwrap_or(0)
}

fn relief(loads: &[u32], index: usize) -> Option<usize> {
    (0..loads.len()).find(|&other| other != index && loads[other] < ROOMY)
}

/// Which connections of a full loop to hand over, given how many turns each had: about half of the
/// load. One that makes up more than half stays, as it would only fill the other loop.
pub(super) fn half<T>(turns: impl IntoIterator<Item = (T, u32)>) -> Vec<T> {
    let active: Vec<_> = turns.into_iter().filter(|&(_, turns)| turns > 0).collect();
    let mut rest = active.iter().map(|&(_, turns)| u64::from(turns)).sum::<u64>() / 2;
    let fits = |(item, turns)| {
        rest = rest.checked_sub(u64::from(turns))?;
        Some(item)
    };
    active.into_iter().filter_map(fits).collect()
}

/// How full a loop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pressure {
    /// It has room.
    Low,
    /// It was full in the last window.
    Rising,
    /// It was full in the last window and in the one before.
    Lasting,
}

/// Measures how much of a core the calling thread uses.
pub(super) struct Meter {
    begun: Instant,
    used: Duration,
    load: u32,
    pressure: Pressure,
}

impl Meter {
    /// Begins to measure, on the thread that is to be measured.
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), used: cpu_time(), load: 0, pressure: Pressure::Low }
    }

    /// The load in the window that has just ended, in percent of a core; `None` within a window.
    pub(super) fn read(&mut self) -> Option<u32> {
        let passed = self.begun.elapsed();
        if passed < WINDOW {
            return None;
        }
        let used = cpu_time();
        let share = used.saturating_sub(self.used).as_secs_f64() / passed.as_secs_f64();
        (self.begun, self.used, self.load) = (Instant::now(), used, (share * 100.0) as u32);
        self.pressure = self.pressure.after(self.load);
        Some(self.load)
    }

    pub(super) fn pressure(&self) -> Pressure {
        self.pressure
    }

    /// How soon to measure again, so that others do not go by a load that is no more.
    pub(super) fn patience(&self) -> Option<Duration> {
        (self.load > 0).then_some(WINDOW)
    }
}

impl Pressure {
    fn after(self, load: u32) -> Self {
        match self {
            _ if load < FULL => Self::Low,
            Self::Low => Self::Rising,
            Self::Rising => Self::Lasting,
            // Once it has handed over, it takes two more windows to see what that changed.
            Self::Lasting => Self::Rising,
        }
    }
}

fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_packed_until_a_loop_is_full() {
        assert_eq!(place(&[0, 0]), 0);
        assert_eq!(place(&[89, 0]), 0);
        assert_eq!(place(&[90, 0]), 1);
    }

    #[test]
    fn when_all_are_full_the_emptiest_takes_the_client() {
        assert_eq!(place(&[100, 93, 97]), 1);
    }

    #[test]
    fn only_a_loop_with_much_room_relieves_another() {
        assert_eq!(relief(&[95, 60, 20], 0), Some(2));
        assert_eq!(relief(&[95, 60], 0), None);
        assert_eq!(relief(&[95], 0), None);
    }

    #[test]
    fn half_of_the_load_is_handed_over() {
        assert_eq!(half([('a', 10), ('b', 10), ('c', 10), ('d', 10)]), ['a', 'b']);
        assert_eq!(half([('a', 0), ('b', 30), ('c', 31)]), ['b']);
    }

    #[test]
    fn the_one_connection_that_fills_a_loop_stays() {
        assert_eq!(half([('a', 100)]), [] as [char; 0]);
        assert_eq!(half([('a', 1), ('b', 100), ('c', 2)]), ['a', 'c']);
    }

    #[test]
    fn a_single_full_window_is_not_enough() {
        let rising = Pressure::Low.after(100);
        assert_eq!(rising, Pressure::Rising);
        assert_eq!(rising.after(100), Pressure::Lasting);
        assert_eq!(rising.after(10), Pressure::Low);
    }
}
