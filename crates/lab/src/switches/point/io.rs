//! A byte through a socket.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream as AsyncStream;
use tokio::runtime::Runtime;

use super::{Contest, Point, ring};
use crate::failure::{Failure, Result};
use crate::switches::baton::{Baton, Turn};
use crate::switches::crew;
use crate::switches::figures::Figures;

pub(super) const POINT: Point = Point {
    name: "I/O",
    measured: "One byte goes round a ring of parties; each waits for it at a Unix socket and writes it to \
               the next one's.",
    limps: "A thread makes two system calls a switch, and the kernel switches within them. A task makes \
            more: its read finds nothing, so the runtime has to ask epoll for what is ready. With one \
            byte under way there is one ready socket a call; a loaded server shares each call among \
            many.",
    threads_share_a_core: false,
    threads,
    tasks,
};

const TOKEN: [u8; 1] = [b'.'];

fn threads(contest: Contest) -> Result<Figures> {
    let baton = Baton::new(contest.parties, contest.switches);
    let mut ends = sockets(contest.parties)?;
    send_first(&mut ends)?;
    let parties = ends.into_iter().map(|(incoming, out)| || thread(&baton, incoming, out));
    crew::threads(parties)?;
    baton.figures()
}

/// Ends when the baton is over, or when the party before it or behind it has ended.
fn thread(baton: &Baton, mut incoming: UnixStream, mut out: UnixStream) {
    let mut token = TOKEN;
    while incoming.read_exact(&mut token).is_ok()
        && baton.take() == Turn::GoOn
        && out.write_all(&token).is_ok()
    {}
}

fn tasks(contest: Contest, runtime: &Runtime) -> Result<Figures> {
    let baton = Arc::new(Baton::new(contest.parties, contest.switches));
    let mut ends = sockets(contest.parties)?;
    send_first(&mut ends)?;
    let entered = runtime.enter();
    let adopted = |socket: UnixStream| {
        socket.set_nonblocking(true).and_then(|()| AsyncStream::from_std(socket)).map_err(failed)
    };
    let ends = ends.into_iter().map(|(incoming, out)| Ok((adopted(incoming)?, adopted(out)?)));
    let ends = ends.collect::<Result<Vec<_>>>()?;
    drop(entered);
    let parties = ends.into_iter().map(|(incoming, out)| task(Arc::clone(&baton), incoming, out));
    crew::tasks(runtime, parties)?;
    baton.figures()
}

async fn task(baton: Arc<Baton>, mut incoming: AsyncStream, mut out: AsyncStream) {
    let mut token = TOKEN;
    while incoming.read_exact(&mut token).await.is_ok()
        && baton.take() == Turn::GoOn
        && out.write_all(&token).await.is_ok()
    {}
}

fn sockets(parties: usize) -> Result<Vec<(UnixStream, UnixStream)>> {
    let pairs = (0..parties).map(|_| UnixStream::pair());
    Ok(ring(pairs.collect::<std::io::Result<Vec<_>>>().map_err(failed)?))
}

/// Gives the first party its token, as if from the last one.
fn send_first(ends: &mut [(UnixStream, UnixStream)]) -> Result<()> {
    let Some((_, out)) = ends.last_mut() else { return Ok(()) };
    out.write_all(&TOKEN).map_err(failed)
}

fn failed(error: std::io::Error) -> Failure {
    Failure::io("a pair of sockets", error)
}
