//! A disk in memory that knows what of it would outlive a power failure, and fails when it is told.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::future::{BoxFuture, FutureExt, ready};
use larder::journal::Disk;

/// Cheap to clone; clones are the same disk.
#[derive(Clone, Default)]
pub struct Platter {
    state: Arc<Mutex<State>>,
}

#[derive(Default, Clone)]
struct State {
    files: BTreeMap<String, File>,
    calls: Vec<String>,
    fault: Option<Fault>,
}

#[derive(Default, Clone)]
struct File {
    bytes: Vec<u8>,
    /// What a power failure leaves of it.
    lasting: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
}

/// What is to go wrong.
#[derive(Clone)]
pub struct Fault {
    /// From which call on, counted from the next one.
    pub after: usize,
    /// Whether it does all the same what it says it could not.
    pub effective: bool,
    /// Whether a write is seen although it will never last: what a failed sync leaves.
    pub forgotten: bool,
    pub kind: io::ErrorKind,
    /// Whether only this call fails.
    pub once: bool,
    /// The calls that it concerns, by their first word; empty for all.
    pub call: &'static str,
}

impl Default for Fault {
    fn default() -> Self {
        let kind = io::ErrorKind::Other;
        Self { after: 0, effective: false, forgotten: false, kind, once: false, call: "" }
    }
}

/// What a power failure leaves of the writes that were not synced, in their order.
#[derive(Debug, Clone, Copy)]
pub enum Loss {
    /// None of them.
    All,
    /// The first bytes of the first write, this many, and nothing else.
    AfterBytes(usize),
    /// All but the first.
    First,
}

impl Platter {
    /// The files with their bytes.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let state = self.lock();
        state.files.iter().map(|(name, file)| (name.clone(), file.bytes.clone())).collect()
    }

    /// A disk with these files, all of which last.
    pub fn with(files: BTreeMap<String, Vec<u8>>) -> Self {
        let file = |bytes: Vec<u8>| File { lasting: bytes.clone(), bytes, unsynced: Vec::new() };
        let files = files.into_iter().map(|(name, bytes)| (name, file(bytes))).collect();
        let state = State { files, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// What a process finds that is started after this one was killed.
    pub fn after_kill(&self) -> Self {
        let state = State { files: self.lock().files.clone(), ..State::default() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// What is there after a power failure.
    pub fn after_power_failure(&self, loss: Loss) -> Self {
        let state = self.lock();
        let left = state.files.iter().map(|(name, file)| (name.clone(), file.after(loss)));
        Self::with(left.collect())
    }

    pub fn fail(&self, fault: Fault) {
        self.lock().fault = Some(fault);
    }

    pub fn mend(&self) {
        self.lock().fault = None;
    }

    /// The calls so far, each by its name and the file's.
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics here")
    }

    fn call<T: Send + 'static>(
        &self,
        call: &'static str,
        name: &str,
        effect: impl FnOnce(&mut BTreeMap<String, File>) -> io::Result<T>,
    ) -> BoxFuture<'static, io::Result<T>> {
        let mut state = self.lock();
        state.calls.push(format!("{call} {name}"));
        let fault = state.due(call);
        if fault.as_ref().is_none_or(|fault| fault.effective) {
            let done = effect(&mut state.files);
            if fault.is_none() {
                return ready(done).boxed();
            }
        }
        let kind = fault.map_or(io::ErrorKind::Other, |fault| fault.kind);
        ready(Err(io::Error::new(kind, format!("{call} {name} fails")))).boxed()
    }
}

impl State {
    /// The fault that concerns this call.
    fn due(&mut self, call: &str) -> Option<Fault> {
        let fault = self.fault.as_mut().filter(|fault| call.starts_with(fault.call))?;
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        let due = fault.clone();
        if due.once {
            self.fault = None;
        }
        Some(due)
    }
}

impl File {
    fn after(&self, loss: Loss) -> Vec<u8> {
        let mut bytes = self.lasting.clone();
        match loss {
            Loss::All => {}
            Loss::AfterBytes(count) => {
                if let Some((offset, write)) = self.unsynced.first() {
                    place(&mut bytes, *offset, &write[..count.min(write.len())]);
                }
            }
            Loss::First => {
                for (offset, write) in self.unsynced.iter().skip(1) {
                    place(&mut bytes, *offset, write);
                }
            }
        }
        bytes
    }

    fn sync(&mut self) {
        for (offset, bytes) in self.unsynced.drain(..) {
            place(&mut self.lasting, offset, &bytes);
        }
    }
}

fn place(bytes: &mut Vec<u8>, offset: usize, write: &[u8]) {
    let length = bytes.len().max(offset + write.len());
    bytes.resize(length, 0);
    bytes[offset..offset + write.len()].copy_from_slice(write);
}

fn lasting(bytes: Vec<u8>) -> File {
    File { lasting: bytes.clone(), bytes, unsynced: Vec::new() }
}

fn file<'a>(files: &'a mut BTreeMap<String, File>, name: &str) -> io::Result<&'a mut File> {
    files.get_mut(name).ok_or_else(|| io::ErrorKind::NotFound.into())
}

impl Disk for Platter {
    fn place(&self) -> String {
        "the platter".to_owned()
    }

    fn list(&self) -> BoxFuture<'_, io::Result<Vec<String>>> {
        self.call("list", "", |files| Ok(files.keys().cloned().collect()))
    }

    fn read(&self, name: &str) -> BoxFuture<'_, io::Result<Vec<u8>>> {
        self.call("read", name, |files| file(files, name).map(|file| file.bytes.clone()))
    }

    fn create(&self, name: &str, length: u64) -> BoxFuture<'_, io::Result<()>> {
        self.call("create", name, |files| {
            files.insert(name.to_owned(), lasting(vec![0; length as usize]));
            Ok(())
        })
    }

    fn write(
        &self,
        name: &str,
        offset: u64,
        bytes: Vec<u8>,
        sync: bool,
    ) -> BoxFuture<'_, io::Result<()>> {
        let forgotten = self.lock().fault.as_ref().is_some_and(|it| it.forgotten && it.after == 0);
        self.call("write", name, |files| {
            let file = file(files, name)?;
            place(&mut file.bytes, offset as usize, &bytes);
            if !forgotten {
                file.unsynced.push((offset as usize, bytes));
            }
            if sync {
                file.sync();
            }
            Ok(())
        })
    }

    fn sync(&self, name: &str) -> BoxFuture<'_, io::Result<()>> {
        self.call("sync", name, |files| file(files, name).map(File::sync))
    }

    fn truncate(&self, name: &str, length: u64) -> BoxFuture<'_, io::Result<()>> {
        self.call("truncate", name, |files| {
            let file = file(files, name)?;
            file.sync();
            file.bytes.truncate(length as usize);
            file.lasting.truncate(length as usize);
            Ok(())
        })
    }

    fn replace(&self, name: &str, bytes: Vec<u8>) -> BoxFuture<'_, io::Result<()>> {
        self.call("replace", name, |files| {
            files.insert(name.to_owned(), lasting(bytes));
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> BoxFuture<'_, io::Result<()>> {
        self.call("remove", name, |files| {
            files.remove(name).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }
}
