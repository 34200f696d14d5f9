//! The workforce: the workers of one model, from their start to the last of them.
//!
//! The thread that has it waits for their ends and for whoever comes to its doors, together. An end
//! is told by the process' own descriptor, so that nothing is polled and no signal is needed, and each
//! is reaped at once. What is left of them at the end is killed, on every way out.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::poller::Poller;
use super::poller::epoll::Epoll;
use super::pump::{Event, Interest};
use super::slots::{Slots, Token};
use super::worker::{WorkerCommand, orders};
use super::{Shutdown, accept};

/// Starts workers, and waits for their ends.
pub(super) struct Workforce {
    command: WorkerCommand,
    poller: Epoll,
    ready: Vec<(Token, Event)>,
    workers: Slots<Worker>,
    shutdown: Shutdown,
}

/// What has happened.
pub(super) enum News {
    /// Somebody is at the door of that number.
    Knock(usize),
    /// A worker has ended, and has been reaped.
    Ended(Ended),
    /// The shutdown has begun.
    Stop,
}

/// A worker's end.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// How long it has lived.
    pub(super) age: Duration,
}

/// How long a worker works.
pub(super) enum Term {
    /// As its client stays.
    Client,
    /// Until its orders end, or it fails.
    Standing,
}

struct Worker {
    process: Process,
    /// Readable once it has ended.
    end: OwnedFd,
    begun: Instant,
    /// What keeps a standing worker at its doors: its end is the end of the orders.
    orders: Option<OwnedFd>,
}

impl Workforce {
    /// Nobody yet, and these doors to watch.
    pub(super) fn new<'a>(
        command: WorkerCommand,
        shutdown: Shutdown,
        doors: impl IntoIterator<Item = BorrowedFd<'a>>,
    ) -> io::Result<Self> {
        let mut poller = Epoll::new()?;
        poller.watch(shutdown.as_fd(), Token::SHUTDOWN, Interest::Input)?;
        for (index, door) in doors.into_iter().enumerate() {
            poller.watch(door, Token::of_listener(index), Interest::Input)?;
        }
        Ok(Self { command, poller, ready: Vec::new(), workers: Slots::new(), shutdown })
    }

    /// Starts a worker, and lets `order` give it its orders.
    ///
    /// # Errors
    ///
    /// What the system says. Then there is no such worker.
    pub(super) fn start(
        &mut self,
        term: Term,
        order: impl FnOnce(&OwnedFd) -> io::Result<()>,
    ) -> io::Result<()> {
        let (ours, theirs) = orders::channel()?;
        let mut worker = Worker::start(&self.command, theirs)?;
        match (order(&ours), &term) {
            // It has ended already, and that is told as any end is.
            (Err(error), Term::Standing) if error.kind() == io::ErrorKind::BrokenPipe => {}
            (ordered, _) => ordered?,
        }
        if let Term::Standing = term {
            worker.orders = Some(ours);
        }
        self.poller.watch(worker.end.as_fd(), self.workers.upcoming(), Interest::Input)?;
        self.workers.insert(worker);
        Ok(())
    }

    /// Waits until something happens, or `patience` is at its end.
    ///
    /// # Errors
    ///
    /// When there is nothing to wait with.
    pub(super) fn wait(&mut self, patience: Option<Duration>) -> io::Result<Vec<News>> {
        let mut ready = std::mem::take(&mut self.ready);
        self.poller.wait(&mut ready, patience)?;
        let told = ready.drain(..).filter_map(|(token, _)| self.told(token).transpose()).collect();
        self.ready = ready;
        told
    }

    fn told(&mut self, token: Token) -> io::Result<Option<News>> {
        if token == Token::SHUTDOWN {
            return Ok(Some(News::Stop));
        }
        match token.listener() {
            Some(index) => Ok(Some(News::Knock(index))),
            None => Ok(self.reap(token)?.map(News::Ended)),
        }
    }

    fn reap(&mut self, token: Token) -> io::Result<Option<Ended>> {
        let Some(mut worker) = self.workers.remove(token) else { return Ok(None) };
        self.poller.unwatch(worker.end.as_fd())?;
        let (status, age) = (worker.process.0.wait()?, worker.begun.elapsed());
        Ok(Some(Ended { status, age }))
    }

    /// Waits without regard to the doors, as something has run out. The shutdown ends it.
    pub(super) fn rest(&self) -> io::Result<()> {
        let pause = Timespec::try_from(accept::PAUSE).ok();
        match poll(&mut [PollFd::new(&self.shutdown, PollFlags::IN)], pause.as_ref()) {
            Err(Errno::INTR) => Ok(()),
            rested => Ok(rested.map(drop)?),
        }
    }

    /// Lets the workers finish until the deadline of the shutdown, and kills those that have not. The
    /// doors must be closed.
    pub(super) fn disband(mut self) -> io::Result<()> {
        self.poller.unwatch(self.shutdown.as_fd())?;
        self.workers.iter_mut().for_each(|worker| worker.orders = None);
        while !self.workers.is_empty() {
            let left =
                self.shutdown.deadline().map(|it| it.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                let workers = self.workers.tokens().len();
                tracing::warn!(workers, "killed at the end of the shutdown");
                break;
            }
            self.wait(left)?;
        }
        Ok(())
    }
}

impl Worker {
    fn start(command: &WorkerCommand, orders: OwnedFd) -> io::Result<Self> {
        let WorkerCommand { program, arguments, environment } = command;
        let child = Command::new(program)
            .arg0("larder")
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::from(orders))
            .stdout(Stdio::null())
            // What a terminal sends to all that were started from it is for the parent alone.
            .process_group(0)
            .spawn()
            .map_err(|error| naming(program, &error))?;
        let process = Process(child);
        let end = pidfd_open(Pid::from_child(&process.0), PidfdFlags::empty())?;
        Ok(Self { process, end, begun: Instant::now(), orders: None })
    }
}

fn naming(program: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot run {}: {error}", program.display()))
}

/// A process that does not outlive this.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // One that has been waited for is neither killed nor waited for again.
        if let Err(error) = self.0.kill().and_then(|()| self.0.wait()) {
            tracing::warn!(%error, "cannot end a worker");
        }
    }
}
