//! One thread that drives many connections.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, clock_gettime,
    timerfd_create, timerfd_settime,
};

use super::connection::{Clock, Connection, Loss};
use super::tally::{Tally, nanoseconds};
use super::{Load, Outcome, Script};
use crate::failure::{Failure, Result};

/// How many ready descriptors one wait hands out at most.
const EVENTS_MAX: usize = 256;

/// What one turn of a connection takes in at most.
const TURN_BYTES: usize = 64 * 1024;

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
    scratch: Box<[u8]>,
    tally: Tally,
}

/// A connection, and what the driver has arranged for it.
struct Link<S> {
    connection: Connection<S>,
    /// Whether it is told when there is room for output.
    awaits_room: bool,
    /// Whether it is in the list of those that are to ask.
    is_listed: bool,
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
        let link = |connection| Link { connection, awaits_room: false, is_listed: false };
        Ok(Self {
            epoll,
            timer,
            alive: connections.len(),
            links: connections.into_iter().map(link).map(Some).collect(),
            due: BinaryHeap::new(),
            scratch: vec![0; TURN_BYTES].into_boxed_slice(),
            tally: Tally::new(load),
        })
    }

    /// Drives them from `begin` on until the time is over and nothing is in flight any more.
    pub(super) fn run(mut self, begin: Instant) -> Result<Outcome> {
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
            if now >= look {
                self.look_for_silence(now);
                look = now + nanoseconds(LOOK_INTERVAL);
            }
            self.release(now, clock);
            self.wait(clock, edge.map_or(look, |edge| edge.min(look)))?;
        }
        Ok(self.finish(&meter))
    }

    /// Waits until something happens or `wake`, and gives a turn to whom it concerns.
    fn wait(&mut self, clock: Clock, wake: u64) -> Result<()> {
        let now = clock.now();
        self.timer.set(self.due.peek().map(|Reverse((due, _))| *due), now)?;
        // Up to the next millisecond, or it would come round too early again and again.
        let left = Duration::from_nanos(wake.saturating_sub(now)).as_millis() as i64 + 1;
        let timeout = Timespec { tv_sec: left / 1000, tv_nsec: left % 1000 * 1_000_000 };
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
            if let Some(link) = &mut self.links[index] {
                link.is_listed = false;
            }
            self.turn(index, false, clock);
        }
    }

    fn turn(&mut self, index: usize, is_readable: bool, clock: Clock) {
        let Some(link) = &mut self.links[index] else { return };
        let heard = match is_readable {
            true => link.connection.hear(&mut self.scratch, clock, &mut self.tally),
            false => Ok(()),
        };
        let now = clock.now();
        let turned = heard.and_then(|()| {
            link.connection.ask(now, &mut self.tally);
            link.connection.send()
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

    fn is_quiet(&self) -> bool {
        self.links.iter().flatten().all(|link| link.connection.in_flight() == 0)
    }

    fn finish(self, meter: &Meter) -> Outcome {
        let Tally { span, mut outcome } = self.tally;
        let links = self.links.into_iter().flatten();
        outcome.unsent = links.map(|link| link.connection.unsent(span.ends)).sum();
        outcome.cpu = meter.used();
        outcome
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

/// Wakes a wait at a moment finer than the milliseconds of `epoll_wait(2)`.
struct Timer {
    descriptor: OwnedFd,
    set_to: Option<u64>,
}

impl Timer {
    fn new() -> rustix::io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        Ok(Self { descriptor: timerfd_create(TimerfdClockId::Monotonic, flags)?, set_to: None })
    }

    /// To wake at `due`, or not at all.
    fn set(&mut self, due: Option<u64>, now: u64) -> Result<()> {
        if self.set_to == due {
            return Ok(());
        }
        // Zero would be never.
        let left = due.map_or(0, |due| due.saturating_sub(now).max(1)) as i64;
        let it_value = Timespec { tv_sec: left / 1_000_000_000, tv_nsec: left % 1_000_000_000 };
        let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        let time = Itimerspec { it_interval, it_value };
        timerfd_settime(self.descriptor.as_fd(), TimerfdTimerFlags::empty(), &time)
            .map_err(|error| Failure::io("timer", error.into()))?;
        self.set_to = due;
        Ok(())
    }
}
