//! What the journal in files costs: beside the disk it is on, at a start, and in memory.
//!
//! `cargo bench -p larder --bench journal [acknowledged] [recovery] [memory]`
//!
//! *Acknowledged* is what 64 writers reach, each of which waits for its write to last before it
//! begins the next. *Plain loop* is one thread that writes as many bytes as a group of theirs had, and
//! syncs, again and again, in a file that is as long and as full of zeros: what the disk can do. The
//! two take turns, since a disk is not the same from one second to the next. The folder is the
//! system's for temporary files, or the one that `LARDER_BENCH_FOLDER` names.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use larder::journal::{
    Append, BytesCodec, FileJournal, FileOptions, Journal, JournalStatus, Limits, MemoryJournal,
    SyncMode,
};
use larder::runtime::{Runtime, TokioRuntime};
use tempfile::TempDir;

const WRITERS: usize = 64;
const VALUE_BYTES: usize = 200;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(2);
const SEGMENT_BYTES: u64 = 64 << 20;

/// The bytes of a record and a group beside the keys and values.
const RECORD_BYTES: usize = 17;
const GROUP_BYTES: usize = 40;

const RECOVERED: u64 = 1_000_000;

type Bytes = FileJournal<Vec<u8>, Vec<u8>>;

fn main() {
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_time().build().expect("tokio");
    let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(tokio.handle().clone()));
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| it == name);
    tokio.block_on(async {
        // First, while the process has not used and given back any memory.
        if is_wanted("memory") {
            memory(&runtime).await;
        }
        if is_wanted("acknowledged") {
            acknowledged(&runtime).await;
        }
        if is_wanted("recovery") {
            recovery(&runtime).await;
        }
    });
}

async fn acknowledged(runtime: &Arc<dyn Runtime>) {
    println!("| acknowledged/s | writes a sync | plain loop, writes/s | ratio |");
    println!("|---|---|---|---|");
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (reached, shared) = write_and_wait(runtime).await;
        let possible = plain_loop(shared);
        println!("| {reached:.0} | {shared:.1} | {possible:.0} | {:.2} |", possible / reached);
        ratios.push(possible / reached);
    }
    ratios.sort_by(f64::total_cmp);
    println!("\nthe disk's limit is {:.2} times the journal (median)\n", ratios[ROUNDS / 2]);
}

/// Writes acknowledged per second, and how many shared a sync.
async fn write_and_wait(runtime: &Arc<dyn Runtime>) -> (f64, f64) {
    let folder = folder();
    let journal = open(folder.path(), SyncMode::Always, runtime).await;
    let over = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write_until(journal.clone(), writer as u64, over.clone())))
        .collect();
    tokio::time::sleep(ROUND).await;
    over.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("a writer");
    }
    let (elapsed, status) = (started.elapsed(), journal.status());
    journal.end().await;
    let JournalStatus { appended, syncs, .. } = status;
    (appended as f64 / elapsed.as_secs_f64(), appended as f64 / syncs as f64)
}

async fn write_until(journal: Arc<Bytes>, key: u64, over: Arc<AtomicBool>) {
    while !over.load(Ordering::Relaxed) {
        let write = Append { key: name_of(key), value: Some(vec![7; VALUE_BYTES]), trace: None };
        journal.append(vec![write]).await.expect("it is taken");
    }
}

/// Writes per second, when this many share a sync.
fn plain_loop(shared: f64) -> f64 {
    let folder = folder();
    let file = File::create_new(folder.path().join("plain")).expect("a file");
    let zeros = vec![0; 1 << 20];
    (0..SEGMENT_BYTES >> 20).for_each(|at| file.write_all_at(&zeros, at << 20).expect("room"));
    file.sync_all().expect("a sync");
    let record_bytes = RECORD_BYTES + name_of(0).len() + VALUE_BYTES;
    let group = vec![7; GROUP_BYTES + (shared * record_bytes as f64) as usize];
    let (started, mut groups) = (Instant::now(), 0);
    while started.elapsed() < ROUND {
        let offset = groups * group.len() as u64 % (SEGMENT_BYTES - group.len() as u64);
        file.write_all_at(&group, offset).expect("a write");
        file.sync_data().expect("a sync");
        groups += 1;
    }
    groups as f64 * shared / started.elapsed().as_secs_f64()
}

async fn recovery(runtime: &Arc<dyn Runtime>) {
    let folder = folder();
    let journal = open(folder.path(), SyncMode::Os, runtime).await;
    fill(&*journal).await;
    journal.end().await;
    drop(journal);
    let started = Instant::now();
    let journal = open(folder.path(), SyncMode::Os, runtime).await;
    let elapsed = started.elapsed().as_secs_f64();
    assert_eq!(journal.status().recovered, RECOVERED);
    println!("{RECOVERED} records are recovered in {elapsed:.2} s\n");
    journal.end().await;
}

async fn memory(runtime: &Arc<dyn Runtime>) {
    let payload = name_of(0).len() + 16;
    println!("| journal | bytes a pending write | of them key and value |");
    println!("|---|---|---|");
    let weigh =
        |key: &Vec<u8>, value: Option<&Vec<u8>>| (key.len() + value.map_or(0, Vec::len)) as u64;
    let before = resident_bytes();
    let journal = MemoryJournal::new(limits(), runtime.clone(), weigh);
    fill(&journal).await;
    println!("| memory | {} | {payload} |", (resident_bytes() - before) / RECOVERED);
    drop(journal);
    let folder = folder();
    let journal = open(folder.path(), SyncMode::Os, runtime).await;
    let before = resident_bytes();
    fill(&*journal).await;
    println!("| files | {} | {payload} |\n", resident_bytes().saturating_sub(before) / RECOVERED);
    journal.end().await;
}

async fn fill(journal: &impl Journal<Vec<u8>, Vec<u8>>) {
    for first in (0..RECOVERED).step_by(1000) {
        let keys = (first..first + 1000).map(name_of);
        let writes = keys.map(|key| Append { key, value: Some(vec![7; 16]), trace: None });
        journal.append(writes.collect()).await.expect("it is taken");
    }
}

fn limits() -> Limits {
    Limits { records_max: 2_000_000, bytes_max: 1 << 30, ..Limits::default() }
}

async fn open(path: &Path, sync: SyncMode, runtime: &Arc<dyn Runtime>) -> Arc<Bytes> {
    let options = FileOptions {
        limits: limits(),
        sync,
        segment_bytes: SEGMENT_BYTES,
        ..FileOptions::default()
    };
    let opened = FileJournal::open(path, options, BytesCodec, runtime.clone()).await;
    Arc::new(opened.unwrap_or_else(|error| panic!("{error}")))
}

fn name_of(key: u64) -> Vec<u8> {
    format!("key:{key:012}").into_bytes()
}

fn folder() -> TempDir {
    let parent = std::env::var_os("LARDER_BENCH_FOLDER").map(PathBuf::from);
    TempDir::new_in(parent.unwrap_or_else(std::env::temp_dir)).expect("a folder")
}

/// What the system counts as this process's memory.
fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}
