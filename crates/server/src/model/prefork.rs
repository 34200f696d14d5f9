//! Prefork: a fixed set of processes that share the listeners.
//!
//! Each accepts for itself whenever it has the time, and has many clients. One that dies takes its own
//! clients with it, and another takes its place; the rest notice nothing.

use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::net::{SocketFlags, accept_with};

use super::accept::{Accepted, accept_each};
use super::relayed::{self, Switchboard};
use super::worker::orders;
use super::workforce::{Ended, News, Term, Workforce};
use super::{Capabilities, HoldsUp, Model, Options, Service, Shutdown};
use crate::scratch::Scratch;

/// The model `prefork`. A bad choice where hits are few, as each miss passes through two processes.
pub(super) struct Prefork;

impl Model for Prefork {
    const NAME: &'static str = "prefork";

    const CAPABILITIES: Capabilities = Capabilities {
        // The sessions are in the loops of the parent.
        holds_up: HoldsUp::Loop,
        connections_max: None,
        waiting_max: None,
        descriptors_max: None,
        tls: true,
        workers: true,
    };

    fn run<S: Service>(
        listeners: Vec<TcpListener>,
        service: Arc<S>,
        options: Options,
        shutdown: Shutdown,
    ) -> io::Result<()> {
        let lines = Lines::open()?;
        let watched = [lines.door.as_fd()];
        let workforce = Workforce::new(options.worker.clone(), shutdown.clone(), watched)?;
        let places = Places::empty(options.workers.get());
        relayed::serve(service, &options, &shutdown, |switchboard| {
            let mut foreman = Foreman { switchboard, workforce, lines, listeners, places };
            // A worker that cannot be started at all is no matter of waiting.
            while foreman.places.is_due() {
                foreman.employ()?;
            }
            foreman.attend()
        })
    }
}

/// Keeps the workers in number, and takes their lines.
struct Foreman<S: Service> {
    switchboard: Switchboard<S>,
    workforce: Workforce,
    lines: Lines,
    listeners: Vec<TcpListener>,
    places: Places,
}

impl<S: Service> Foreman<S> {
    fn attend(mut self) -> io::Result<()> {
        loop {
            for news in self.workforce.wait(self.places.patience())? {
                match news {
                    News::Knock(_) => self.accept()?,
                    News::Ended(ended) => self.places.vacate(&ended),
                    News::Stop => {
                        drop((self.listeners, self.lines));
                        return self.workforce.disband();
                    }
                }
            }
            while self.places.is_due() {
                self.replace();
            }
        }
    }

    /// Takes the lines of clients that workers have accepted.
    fn accept(&mut self) -> io::Result<()> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let accepted = accept_each(|| {
            self.switchboard.expect(accept_with(&self.lines.door, flags)?);
            Ok(())
        });
        match accepted {
            Accepted::Enough => Ok(()),
            Accepted::Exhausted => self.workforce.rest(),
        }
    }

    fn employ(&mut self) -> io::Result<()> {
        let (listeners, lines) = (&self.listeners, &self.lines.path);
        let order = |orders: &_| orders::give_doors(orders, listeners, lines);
        self.workforce.start(Term::Standing, order)?;
        self.places.fill();
        Ok(())
    }

    fn replace(&mut self) {
        if let Err(error) = self.employ() {
            tracing::error!(%error, "cannot start a worker");
            self.places.put_off();
        }
    }
}

/// Where workers find the parent: a socket in a folder that nobody else may enter.
struct Lines {
    door: UnixListener,
    path: PathBuf,
    _folder: Scratch,
}

impl Lines {
    fn open() -> io::Result<Self> {
        let folder = Scratch::create()?;
        let path = folder.path().join("lines");
        let door = bound(&path)?;
        Ok(Self { door, path, _folder: folder })
    }
}

fn bound(path: &Path) -> io::Result<UnixListener> {
    let named = |error: io::Error| {
        let message = format!("cannot make the socket {}: {error}", path.display());
        io::Error::new(error.kind(), message)
    };
    let door = UnixListener::bind(path).map_err(named)?;
    door.set_nonblocking(true)?;
    Ok(door)
}

/// The places of workers that are empty, and from when on each is to be filled.
struct Places {
    due: Vec<Instant>,
    /// How long the next one is left empty.
    delay: Duration,
}

/// Whoever dies sooner is likely to do so again.
const STEADY: Duration = Duration::from_secs(1);

const DELAY_MIN: Duration = Duration::from_millis(10);

const DELAY_MAX: Duration = Duration::from_secs(5);

impl Places {
    fn empty(count: usize) -> Self {
        Self { due: vec![Instant::now(); count], delay: DELAY_MIN }
    }

    fn is_due(&self) -> bool {
        self.due.last().is_some_and(|due| *due <= Instant::now())
    }

    /// How long until a place is to be filled, if one is empty.
    fn patience(&self) -> Option<Duration> {
        self.due.last().map(|due| due.saturating_duration_since(Instant::now()))
    }

    fn fill(&mut self) {
        self.due.pop();
    }

    fn vacate(&mut self, ended: &Ended) {
        if ended.age >= STEADY {
            self.delay = DELAY_MIN;
        }
        tracing::warn!(status = %ended.status, delay = ?self.delay, "a worker ended and is replaced");
        self.due.push(Instant::now());
        self.put_off();
    }

    /// Leaves the place that would be filled next empty for a while, and longer each time.
    fn put_off(&mut self) {
        if let Some(due) = self.due.pop() {
            self.due.push(due.max(Instant::now()) + self.delay);
            self.due.sort_unstable_by(|one, other| other.cmp(one));
        }
        self.delay = (2 * self.delay).min(DELAY_MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn ended_after(age: Duration) -> Ended {
        Ended { status: ExitStatus::from_raw(9), age }
    }

    #[test]
    fn whoever_dies_at_once_again_and_again_is_replaced_later_and_later() {
        let mut places = Places::empty(0);
        let mut delays = Vec::new();
        for _ in 0..12 {
            delays.push(places.delay);
            places.vacate(&ended_after(Duration::ZERO));
            assert!(!places.is_due());
            places.fill();
        }
        assert!(delays.is_sorted());
        assert_eq!((delays[0], delays[11]), (DELAY_MIN, DELAY_MAX));
        places.vacate(&ended_after(STEADY));
        assert_eq!(places.delay, 2 * DELAY_MIN);
    }

    #[test]
    fn the_place_that_has_been_empty_longest_is_filled_first() {
        let mut places = Places::empty(0);
        (0..3).for_each(|_| places.vacate(&ended_after(Duration::ZERO)));
        let first = places.patience().unwrap();
        places.fill();
        assert!(first <= places.patience().unwrap());
    }

    #[test]
    fn a_socket_that_cannot_be_made_is_named() {
        let error = bound(Path::new("/no/such/folder/lines")).unwrap_err();
        assert!(error.to_string().starts_with("cannot make the socket /no/such/folder/lines: "));
    }
}
