//! One process's access to a drive.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{BoxFuture, FutureExt};
use larder::journal::Disk;
use larder::runtime::Runtime;
use tokio::sync::oneshot;

use super::Drive;
use super::file::File;

/// A drive as a process sees it, until it is detached. Clones are the same access.
#[derive(Clone)]
pub struct Mount {
    drive: Drive,
    attached: Arc<AtomicBool>,
}

impl Mount {
    pub(super) fn new(drive: Drive) -> Self {
        Self { drive, attached: Arc::new(AtomicBool::new(true)) }
    }

    /// The process is gone, or has lost the drive: calls under way stop where they are, and no call is
    /// answered any more.
    pub fn detach(&self) {
        self.attached.store(false, Ordering::Relaxed);
    }

    /// Has the system carry a call out, whether or not its caller waits.
    fn call<T: Send + 'static>(
        &self,
        work: impl Future<Output = Step<io::Result<T>>> + Send + 'static,
    ) -> BoxFuture<'static, io::Result<T>> {
        let (answer, answered) = oneshot::channel();
        self.drive.world.spawn(Box::pin(async move {
            if let Some(outcome) = work.await {
                // A caller that went away needs no answer.
                drop(answer.send(outcome));
            }
        }));
        async move {
            match answered.await {
                Ok(outcome) => outcome,
                Err(_) => std::future::pending().await,
            }
        }
        .boxed()
    }

    /// One step of a call takes its time; `None` when the call ends here.
    async fn step(&self) -> Step<()> {
        self.drive.pass_time().await;
        self.attached.load(Ordering::Relaxed).then_some(())
    }

    async fn write_out(
        self,
        name: String,
        offset: usize,
        bytes: Vec<u8>,
        sync: bool,
    ) -> Step<io::Result<()>> {
        self.step().await?;
        let fails = self.drive.draw_fault();
        let first = {
            let mut state = self.drive.state.lock();
            let first = state.draw.below(bytes.len() as u64 + 1) as usize;
            match state.file(&name) {
                Ok(file) => file.write(offset, &bytes[..first]),
                Err(error) => return Some(Err(error)),
            }
            first
        };
        self.step().await?;
        if fails {
            self.drive.history.tell(|| format!("a write into {name} fails"));
            return Some(Err(io::Error::other("the disk failed to write")));
        }
        {
            let mut state = self.drive.state.lock();
            let mut draw = state.draw.clone();
            if let Ok(file) = state.file(&name) {
                file.write(offset + first, &bytes[first..]);
                file.write_back(&mut draw);
            }
            state.draw = draw;
        }
        match sync {
            true => self.sync_out(name).await,
            false => Some(Ok(())),
        }
    }

    async fn sync_out(self, name: String) -> Step<io::Result<()>> {
        self.step().await?;
        let fails = self.drive.draw_fault();
        let mut state = self.drive.state.lock();
        let mut draw = state.draw.clone();
        let file = match state.file(&name) {
            Ok(file) => file,
            Err(error) => return Some(Err(error)),
        };
        if fails {
            file.fail_to_sync(&mut draw);
            state.draw = draw;
            state.sync_failed.get_or_insert(self.drive.world.now());
            self.drive.history.tell(|| format!("a sync of {name} fails"));
            return Some(Err(io::Error::other("the disk failed to sync")));
        }
        file.sync();
        Some(Ok(()))
    }

    async fn make(self, name: String, length: usize) -> Step<io::Result<()>> {
        self.step().await?;
        if self.drive.is_full() {
            self.drive.history.tell(|| format!("there is no room for {name}"));
            return Some(Err(io::ErrorKind::StorageFull.into()));
        }
        let part = self.drive.state.lock().draw.below(length as u64 + 1) as usize;
        self.drive.state.lock().place(&name, Some(File::zeros(part)));
        self.step().await?;
        let mut state = self.drive.state.lock();
        state.place(&name, Some(File::zeros(length)));
        state.sync_directory();
        Some(Ok(()))
    }

    async fn put_in_place(self, name: String, bytes: Vec<u8>) -> Step<io::Result<()>> {
        self.step().await?;
        if self.drive.is_full() || self.drive.draw_fault() {
            self.drive.history.tell(|| format!("{name} is not replaced"));
            return Some(Err(io::ErrorKind::StorageFull.into()));
        }
        let mut replaced = File::zeros(0);
        replaced.write(0, &bytes);
        replaced.sync();
        self.drive.state.lock().place(&name, Some(replaced));
        self.step().await?;
        self.drive.state.lock().sync_directory();
        Some(Ok(()))
    }
}

/// What a step comes to; `None` when the process is gone.
type Step<T> = Option<T>;

impl Disk for Mount {
    fn place(&self) -> String {
        "the simulated disk".to_owned()
    }

    fn list(&self) -> BoxFuture<'_, io::Result<Vec<String>>> {
        let mount = self.clone();
        self.call(async move {
            mount.step().await?;
            Some(Ok(mount.drive.state.lock().files.keys().cloned().collect()))
        })
    }

    fn read(&self, name: &str) -> BoxFuture<'_, io::Result<Vec<u8>>> {
        let (mount, name) = (self.clone(), name.to_owned());
        self.call(async move {
            mount.step().await?;
            if mount.drive.draw_fault() {
                return Some(Err(io::Error::other("the disk failed to read")));
            }
            Some(mount.drive.state.lock().file(&name).map(|file| file.bytes()))
        })
    }

    fn create(&self, name: &str, length: u64) -> BoxFuture<'_, io::Result<()>> {
        self.call(self.clone().make(name.to_owned(), length as usize))
    }

    fn write(
        &self,
        name: &str,
        offset: u64,
        bytes: Vec<u8>,
        sync: bool,
    ) -> BoxFuture<'_, io::Result<()>> {
        self.call(self.clone().write_out(name.to_owned(), offset as usize, bytes, sync))
    }

    fn sync(&self, name: &str) -> BoxFuture<'_, io::Result<()>> {
        self.call(self.clone().sync_out(name.to_owned()))
    }

    fn truncate(&self, name: &str, length: u64) -> BoxFuture<'_, io::Result<()>> {
        let (mount, name) = (self.clone(), name.to_owned());
        self.call(async move {
            mount.step().await?;
            let cut =
                mount.drive.state.lock().file(&name).map(|file| file.truncate(length as usize));
            mount.step().await?;
            Some(cut)
        })
    }

    fn replace(&self, name: &str, bytes: Vec<u8>) -> BoxFuture<'_, io::Result<()>> {
        self.call(self.clone().put_in_place(name.to_owned(), bytes))
    }

    fn remove(&self, name: &str) -> BoxFuture<'_, io::Result<()>> {
        let (mount, name) = (self.clone(), name.to_owned());
        self.call(async move {
            mount.step().await?;
            let mut state = mount.drive.state.lock();
            if !state.files.contains_key(&name) {
                return Some(Err(io::ErrorKind::NotFound.into()));
            }
            state.place(&name, None);
            Some(Ok(()))
        })
    }
}
