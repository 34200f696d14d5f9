//! A message through a channel with room for one.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::{Contest, Point, ring};
use crate::failure::Result;
use crate::switches::baton::{Baton, Turn};
use crate::switches::crew;
use crate::switches::figures::Figures;

pub(super) const POINT: Point = Point {
    name: "channel",
    measured: "One message goes round a ring of parties; each waits at its channel, which has room for \
               one, and sends it on to the next.",
    limps: "Threads use the channel of the standard library and tasks that of tokio; both are made for \
            several senders, which a ring does not need.",
    threads_share_a_core: false,
    threads,
    tasks,
};

fn threads(contest: Contest) -> Result<Figures> {
    let baton = Baton::new(contest.parties, contest.switches);
    let ends = ring((0..contest.parties).map(|_| sync_channel(1)));
    let first = ends.last().map(|(_, out)| out.clone());
    let parties = ends.into_iter().map(|(incoming, out)| || thread(&baton, incoming, out));
    first.map(|first| first.send(()));
    crew::threads(parties)?;
    baton.figures()
}

/// Ends when the baton is over, or when the party before it or behind it has ended.
fn thread(baton: &Baton, incoming: Receiver<()>, out: SyncSender<()>) {
    while incoming.recv().is_ok() && baton.take() == Turn::GoOn && out.send(()).is_ok() {}
}

fn tasks(contest: Contest, runtime: &Runtime) -> Result<Figures> {
    let baton = Arc::new(Baton::new(contest.parties, contest.switches));
    let ends = ring((0..contest.parties).map(|_| mpsc::channel(1)));
    let first = ends.last().map(|(_, out)| out.clone());
    let parties = ends.into_iter().map(|(incoming, out)| task(Arc::clone(&baton), incoming, out));
    first.map(|first| first.try_send(()));
    crew::tasks(runtime, parties)?;
    baton.figures()
}

async fn task(baton: Arc<Baton>, mut incoming: mpsc::Receiver<()>, out: mpsc::Sender<()>) {
    while incoming.recv().await.is_some()
        && baton.take() == Turn::GoOn
        && out.send(()).await.is_ok()
    {}
}
