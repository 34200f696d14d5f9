//! One thread that drives many connections.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem::MaybeUninit;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::thread::{nanosleep, set_current_timer_slack};
use rustix::time::{ClockId, clock_gettime};

use super::arrival::Ear;
use super::connection::{Clock, Connection, Loss};
use super::tally::{Tally, nanoseconds};
use super::timer::{Timer, timespec};
use super::{Load, Outcome, Script};
use crate::failure::{Failure, Result};
use crate::interruption;

/// How many ready descriptors one wait hands out at most.
const EVENTS_MAX: usize = 256;

/// How long replies may lie unread, in nanoseconds, where the system has noted when they came.
const UNREAD_MAX: u64 = 5_000_000;

/// How often it looks for connections that have waited for too long.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// Stands for the timer among the numbers of connections.
const TIMER: u64 = u64::MAX;

/// Drives the connections of one thread, which never sleeps past the moment at which one of them is to ask.
pub(super) struct Driver<S> {
    epoll: OwnedFd,
    timer: Timer,
    /// Those that were lost are gone.
    links: Vec<Option<Link<S>>>,
    alive: usize,
    /// When connections are to ask next, the earliest first.
    due: BinaryHeap<Reverse<(u64, usize)>>,
    /// Of how many connections what comes has to be read at once.
    held_up: usize,
    /// When it last took in all replies that there were.
    collected: u64,
    ear: Ear,
    tally: Tally,
    /// When what is still in flight is given up.
    deadline: u64,
}

/// A connection, and what the driver has arranged for it.
struct Link<S> {
    connection: Connection<S>,
    /// Whether it is told when there is room for output.
    awaits_room: bool,
    /// Whether it is in the list of those that are to ask.
    is_listed: bool,
    /// Whether what comes has to be read at once.
    is_held_up: bool,
}

impl<S: Script> Driver<S> {
    /// With connections that are open.
    pub(super) fn new(load: &Load, connections: Vec<Connection<S>>) -> Result<Self> {
        let failed = |error: Errno| Failure::io("epoll", error.into());
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(failed)?;
        let timer = Timer::new().map_err(failed)?;
        let flags = epoll::EventFlags::IN;
        epoll::add(&epoll, &timer.descriptor, epoll::EventData::new_u64(TIMER), flags)
            .map_err(failed)?;
        for (index, connection) in connections.iter().enumerate() {
            epoll::add(&epoll, connection.stream(), data(index), flags).map_err(failed)?;
        }
        let link = |connection| Link {
            connection,
            awaits_room: false,
            is_listed: false,
            is_held_up: false,
        };
        let tally = Tally::new(load);
        Ok(Self {
            epoll,
            timer,
            alive: connections.len(),
            links: connections.into_iter().map(link).map(Some).collect(),
            due: BinaryHeap::new(),
            held_up: 0,
            collected: 0,
            ear: Ear::new(),
            deadline: tally.span.ends.saturating_add(nanoseconds(load.patience)),
            tally,
        })
    }

    /// Drives them from `begin` on until the time is over and nothing is in flight any more, or what is has
    /// used up the patience.
    pub(super) fn run(mut self, begin: Instant) -> Result<Outcome> {
        // Without this the system may let it oversleep by a twentieth of a millisecond.
        set_current_timer_slack(NonZeroU64::new(1))
            .map_err(|error| Failure::io("prctl", error.into()))?;
        let clock = Clock::since(begin);
        let mut meter = Meter::default();
        (0..self.links.len()).for_each(|index| self.turn(index, false, clock));
        let mut look = nanoseconds(LOOK_INTERVAL);
        loop {
            let now = clock.now();
            let edge = meter.look(now, &self.tally);
            if self.alive == 0 || (now >= self.tally.span.ends && self.is_quiet()) {
                break;
            }
            if now >= self.deadline {
                self.give_up(now);
                break;
            }
            if now >= look {
                interruption::check()?;
                self.look_for_silence(now);
                look = now + nanoseconds(LOOK_INTERVAL);
            }
            self.release(now, clock);
            let wake = look.min(self.deadline);
            self.wait(clock, edge.map_or(wake, |edge| edge.min(wake)))?;
        }
        Ok(self.finish(&meter))
    }

    /// Waits until something is to be done, or until `wake`.
    ///
    /// Being woken costs more than reading. Where the next request is due soon, no connection is held up and
    /// the system notes when replies come, it sleeps until then and leaves them unread meanwhile.
    fn wait(&mut self, clock: Clock, wake: u64) -> Result<()> {
        let now = clock.now();
        let due = self.due.peek().map(|Reverse((due, _))| *due);
        let may_read_late = self.held_up == 0 && self.ear.is_told_moments();
        match due.filter(|due| may_read_late && due.saturating_sub(now) < UNREAD_MAX) {
            None => self.wait_for_any(due, wake, clock),
            // What is read may have held a connection up, or made it ask.
            Some(_) if now - self.collected >= UNREAD_MAX => self.collect(Duration::ZERO, clock),
            Some(due) => {
                // Should a signal end it early, the loop comes round again.
                let _ = nanosleep(&timespec(due.min(wake).saturating_sub(now)));
                Ok(())
            }
        }
    }

    /// Waits for replies as well.
    fn wait_for_any(&mut self, due: Option<u64>, wake: u64, clock: Clock) -> Result<()> {
        let now = clock.now();
        self.timer.set(due, now)?;
        // Up to the next millisecond, or it would come round too early again and again.
        let left = Duration::from_nanos(wake.saturating_sub(now)).as_millis() as u64 + 1;
        self.collect(Duration::from_millis(left), clock)
    }

    /// Gives a turn to each connection that something has come for, at the latest after `patience`.
    fn collect(&mut self, patience: Duration, clock: Clock) -> Result<()> {
        self.collected = clock.now();
        let timeout = timespec(nanoseconds(patience));
        let mut events = [MaybeUninit::<epoll::Event>::uninit(); EVENTS_MAX];
        let ready = match epoll::wait(&self.epoll, &mut events, Some(&timeout)) {
            Err(Errno::INTR) => return Ok(()),
            ready => ready.map_err(|error| Failure::io("epoll", error.into()))?.0,
        };
        for event in ready {
            let (number, flags) = (event.data.u64(), event.flags);
            if number != TIMER {
                // What is broken says how when it is read.
                let is_readable = flags.intersects(!epoll::EventFlags::OUT);
                self.turn(number as usize, is_readable, clock);
            }
        }
        Ok(())
    }

    /// Lets those ask whose time has come.
    fn release(&mut self, now: u64, clock: Clock) {
        while let Some(Reverse((due, index))) = self.due.peek().copied()
            && due <= now
        {
            self.due.pop();
            let Some(link) = &mut self.links[index] else { continue };
            link.is_listed = false;
            let may_be_answered = link.connection.in_flight() > 0;
            self.turn(index, may_be_answered, clock);
        }
    }

    fn turn(&mut self, index: usize, is_readable: bool, clock: Clock) {
        let Some(link) = &mut self.links[index] else { return };
        let heard = match is_readable {
            true => link.connection.hear(&mut self.ear, clock, &mut self.tally),
            false => Ok(()),
        };
        let now = clock.now();
        let turned = heard.and_then(|()| {
            link.connection.ask(now, &mut self.tally);
            link.connection.send(now)
        });
        match turned.and_then(|()| self.arrange(index, now)) {
            Ok(()) => {}
            Err(loss) => self.lose(index, loss),
        }
    }

    /// Sees to it that the connection is woken for what it waits for.
    fn arrange(&mut self, index: usize, now: u64) -> std::result::Result<(), Loss> {
        let Some(link) = &mut self.links[index] else { return Ok(()) };
        let awaits_room = link.connection.has_output();
        if awaits_room != link.awaits_room {
            link.awaits_room = awaits_room;
            let room =
                if awaits_room { epoll::EventFlags::OUT } else { epoll::EventFlags::empty() };
            let flags = epoll::EventFlags::IN | room;
            epoll::modify(&self.epoll, link.connection.stream(), data(index), flags)
                .map_err(|error| format!("epoll refuses a connection: {error}"))?;
        }
        let is_held_up = awaits_room || link.connection.is_held_up(now, self.tally.span.ends);
        self.held_up += usize::from(is_held_up);
        self.held_up -= usize::from(std::mem::replace(&mut link.is_held_up, is_held_up));
        if !link.is_listed
            && let Some(due) = link.connection.asks_next(now, self.tally.span.ends)
        {
            link.is_listed = true;
            self.due.push(Reverse((due, index)));
        }
        Ok(())
    }

    fn lose(&mut self, index: usize, loss: Loss) {
        if let Some(link) = self.links[index].take() {
            self.alive -= 1;
            self.held_up -= usize::from(link.is_held_up);
            self.tally.unsent(&link.connection.left(self.tally.span));
            self.tally.lost(link.connection.in_flight(), loss);
        }
    }

    fn look_for_silence(&mut self, now: u64) {
        for index in 0..self.links.len() {
            let link = self.links[index].as_ref();
            if let Some(loss) = link.and_then(|link| link.connection.silence(now)) {
                self.lose(index, loss);
            }
        }
    }

    /// Those that are silent are lost. The others still answer, but not soon enough.
    fn give_up(&mut self, now: u64) {
        self.look_for_silence(now);
        for Link { connection, .. } in self.links.iter().flatten() {
            if connection.in_flight() > 0 {
                self.tally.unanswered(connection.in_flight(), connection.given_up());
            }
        }
    }

    fn is_quiet(&self) -> bool {
        self.links.iter().flatten().all(|link| link.connection.in_flight() == 0)
    }

    fn finish(mut self, meter: &Meter) -> Outcome {
        for link in self.links.iter().flatten() {
            self.tally.unsent(&link.connection.left(self.tally.span));
        }
        Outcome { cpu: meter.used(), ..self.tally.finish() }
    }
}

fn data(index: usize) -> epoll::EventData {
    epoll::EventData::new_u64(index as u64)
}

/// What the thread has used of the processor within the time that is measured.
#[derive(Default)]
struct Meter {
    at_begin: Option<Duration>,
    at_end: Option<Duration>,
}

impl Meter {
    /// Reads the thread's clock when `now` is past an edge of the time, and says when the next edge is.
    fn look(&mut self, now: u64, tally: &Tally) -> Option<u64> {
        if now >= tally.span.begins && self.at_begin.is_none() {
            self.at_begin = Some(thread_cpu());
        }
        if now >= tally.span.ends && self.at_end.is_none() {
            self.at_end = Some(thread_cpu());
        }
        match self {
            Self { at_begin: None, .. } => Some(tally.span.begins),
            Self { at_end: None, .. } => Some(tally.span.ends),
            _ => None,
        }
    }

    fn used(&self) -> Duration {
        let end = self.at_end.unwrap_or_else(thread_cpu);
        self.at_begin.map_or(Duration::ZERO, |begin| end.saturating_sub(begin))
    }
}

fn thread_cpu() -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(tv_sec.unsigned_abs(), tv_nsec as u32)
}
