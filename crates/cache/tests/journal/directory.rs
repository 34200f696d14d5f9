//! The journal on the real file system.

use std::path::Path;
use std::sync::Arc;

use larder::journal::{
    Append, AppendError, FileJournal, FileOptions, Journal, OpenError, SerdeCodec, SyncMode,
};
use larder::runtime::TokioRuntime;

type Numbers = FileJournal<String, u64>;

async fn open(path: &Path, sync: SyncMode) -> Result<Numbers, OpenError> {
    let runtime = TokioRuntime::new(tokio::runtime::Handle::current());
    let options = FileOptions { sync, segment_bytes: 64 << 10, ..FileOptions::default() };
    FileJournal::open(path, options, SerdeCodec, Arc::new(runtime)).await
}

async fn put(journal: &Numbers, key: u64, value: u64) -> Result<(), AppendError> {
    let write = Append { key: format!("key {key}"), value: Some(value), trace: None };
    journal.append(vec![write]).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_are_all_there_after_a_start() -> Result<(), OpenError> {
    for sync in
        [SyncMode::Always, SyncMode::Interval(std::time::Duration::from_millis(1)), SyncMode::Os]
    {
        let folder = tempfile::tempdir().unwrap();
        let journal = Arc::new(open(folder.path(), sync).await?);
        let writers = (0..16).map(|writer| {
            let journal = journal.clone();
            tokio::spawn(async move {
                for value in 0..100 {
                    put(&journal, writer, value).await.expect("it is taken");
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let status = journal.status();
        assert_eq!((status.appended, status.records), (1600, 16), "{sync:?}");
        journal.end().await;
        let journal = open(folder.path(), sync).await?;
        for writer in 0..16 {
            assert_eq!(journal.pending(&format!("key {writer}")), Some(Some(99)), "{sync:?}");
        }
        journal.end().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_second_owner_is_refused_by_the_name_of_the_directory() -> Result<(), OpenError> {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path(), SyncMode::Always).await?;
    let second = open(folder.path(), SyncMode::Always).await.err().expect("it has an owner");
    let sentence = second.to_string();
    assert!(matches!(second, OpenError::InUse { .. }));
    assert!(sentence.contains(&*folder.path().to_string_lossy()), "{sentence}");
    first.end().await;
    open(folder.path(), SyncMode::Always).await?.end().await;
    Ok(())
}

#[tokio::test]
async fn a_journal_that_could_not_be_opened_is_not_locked() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("journal"), b"something else").unwrap();
    for _ in 0..2 {
        let error = open(folder.path(), SyncMode::Always).await.err().expect("it is refused");
        assert!(matches!(error, OpenError::Damaged(_)), "{error}");
    }
}

#[tokio::test]
async fn a_dropped_journal_frees_its_directory() -> Result<(), OpenError> {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), SyncMode::Always).await?;
    put(&journal, 1, 1).await.expect("it is taken");
    drop(journal);
    let journal = loop {
        match open(folder.path(), SyncMode::Always).await {
            Err(OpenError::InUse { .. }) => tokio::task::yield_now().await,
            opened => break opened?,
        }
    };
    assert_eq!(journal.status().recovered, 1);
    journal.end().await;
    Ok(())
}
