//! Write-behind: writes are acknowledged once a journal in files has them, and reach SQLite in batches.
//!
//! `cargo run -p larder --example write_behind`

use std::sync::Arc;
use std::time::Duration;

use larder::Cache;
use larder::journal::{FileJournal, FileOptions, Limits, SerdeCodec};
use larder::runtime::TokioRuntime;
use larder::source::sqlite::{Sqlite, SqliteOptions};
use larder::strategy::{OnFull, WriteBehind};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let sqlite = Sqlite::open(folder.path().join("views.db"), SqliteOptions::default())?;
    sqlite
        .write(|connection| {
            let table = "CREATE TABLE views (page TEXT PRIMARY KEY, html TEXT NOT NULL)";
            Ok(connection.execute_batch(table)?)
        })
        .await?;
    let options = FileOptions {
        limits: Limits { batch_max: 64, ..Limits::default() },
        ..FileOptions::default()
    };
    let runtime = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
    let path = folder.path().join("journal");
    let journal = Arc::new(FileJournal::open(path, options, SerdeCodec, runtime).await?);
    let pages: Cache<String, Vec<u8>> = Cache::builder("pages")
        .max_entries(1_000)
        .source(sqlite.table("views").key(["page"]).bytes("html").await?)
        .strategy(WriteBehind {
            on_full: OnFull::Block(Duration::from_secs(1)),
            ..WriteBehind::default()
        })
        .journal(journal.clone())
        .build()?;

    println!("{}", pages.journal_durability().unwrap_or_default());
    for round in 0..10 {
        for page in ["home", "about", "news"] {
            pages.put(page.to_owned(), format!("<p>{page} {round}").into_bytes()).await?;
        }
    }
    tell(&pages, &sqlite, "after 30 writes");

    // What is queued is read before what is in the database, cached or not.
    pages.invalidate_all();
    let home = pages.get("home").await?;
    assert_eq!(home.as_deref(), Some(b"<p>home 9".as_slice()));

    pages.shutdown(Duration::from_secs(5)).await?;
    tell(&pages, &sqlite, "after the shutdown");
    journal.end().await;
    Ok(())
}

fn tell(pages: &Cache<String, Vec<u8>>, sqlite: &Sqlite, when: &str) {
    let Some(journal) = pages.journal_status() else { return };
    println!(
        "{when}: {} queued, {} took the place of a queued one, {} in the database; {:?}",
        journal.records,
        journal.coalesced,
        journal.applied,
        sqlite.queries()
    );
}
