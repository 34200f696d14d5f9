//! Files that are no database, or not a whole one.

use std::fs;
use std::path::Path;

use super::*;
use crate::source::sqlite::Durability;

fn refused(path: impl AsRef<Path>, options: SqliteOptions) -> SourceError {
    let error = Sqlite::open(path.as_ref(), options).unwrap_err();
    assert_eq!(error.kind(), SourceErrorKind::Misconfigured, "{error}");
    let name = path.as_ref().file_name().unwrap_or_default().to_str().unwrap();
    assert!(error.message().contains(name), "{error} names no path");
    error
}

#[test]
fn what_is_no_database_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("letter.txt");
    fs::write(&text, "Dear database, ".repeat(100)).unwrap();
    let options = SqliteOptions::default;
    assert!(refused(&text, options()).message().contains("not an SQLite database"));
    assert!(refused(folder.path(), options()).message().contains("is a folder"));
    let lost = folder.path().join("missing").join("some.db");
    assert!(refused(&lost, options()).message().contains("does not exist"));
    let none = folder.path().join("none.db");
    assert!(refused(&none, options().create(false)).message().contains("does not exist"));
    assert!(!none.exists(), "nothing half-done");
    refused(":memory:", options());
    refused("", options());
    // A folder that even root cannot make a file in.
    refused("/proc/larder.db", options());
}

#[test]
fn a_read_only_file_is_refused_to_whom_it_is_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.db");
    Sqlite::open(&path, SqliteOptions::default()).unwrap().close();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let opened = Sqlite::open(&path, SqliteOptions::default());
    let expected = match fs::OpenOptions::new().write(true).open(&path) {
        Ok(_) => None,
        Err(_) => Some(SourceErrorKind::Misconfigured),
    };
    assert_eq!(kind(opened), expected);
}

#[test]
fn odd_file_names_are_only_names() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["file:x?mode=memory", "%41.db", "a b'\"c.db", "ü.db"] {
        let path = folder.path().join(name);
        Sqlite::open(&path, SqliteOptions::default()).unwrap().close();
        assert!(path.exists(), "{name}");
    }
}

#[test]
fn options_that_cannot_work_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let options = SqliteOptions::default;
    for options in [options().readers(0), options().readers(65), options().queue(0)] {
        let opened = Sqlite::open(&path, options);
        assert_eq!(kind(opened), Some(SourceErrorKind::Misconfigured));
    }
    assert!(!path.exists());
}

#[tokio::test]
async fn what_was_stored_is_there_after_closing_and_opening() {
    let fixture =
        Fixture::with(PERSON, SqliteOptions::default().durability(Durability::Normal)).await;
    store_one(&people(&fixture).await, put(1, person("Ada", 36))).await.unwrap();
    fixture.sqlite.close();
    let path = fixture.sqlite.path().to_owned();
    assert!(!path.with_extension("db-wal").exists(), "the log is merged into the file");
    let again = Sqlite::open(path, SqliteOptions::default().create(false)).unwrap();
    let table = again.table("person").rows::<i64, Person>().await.unwrap();
    assert_eq!(load_one(&table, 1).await.unwrap(), Some(person("Ada", 36)));
}

#[tokio::test]
async fn each_connection_is_set_up_as_asked() {
    let fixture = Fixture::new("").await;
    let settings = |connection: &rusqlite::Connection| {
        let setting = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        Ok((setting("synchronous")?, setting("foreign_keys")?, setting("busy_timeout")?))
    };
    assert_eq!(fixture.sqlite.write(settings).await.unwrap(), (2, 1, 20));
    assert_eq!(fixture.sqlite.read(settings).await.unwrap(), (2, 1, 20));
    assert_eq!(fixture.ask("SELECT journal_mode FROM pragma_journal_mode").await, "wal");
}

#[tokio::test]
async fn a_file_cut_short_is_an_error_and_no_value() {
    let fixture = filled().await;
    let bytes = fs::read(fixture.sqlite.path()).unwrap();
    for kept in [100, 4096, bytes.len() / 2, bytes.len() - 4096] {
        fs::write(fixture.sqlite.path(), &bytes[..kept]).unwrap();
        let error = read_all(fixture.sqlite.path()).await.unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Misconfigured, "{kept} bytes kept: {error}");
    }
}

#[tokio::test]
async fn a_damaged_page_is_an_error_and_no_value() {
    let fixture = filled().await;
    let mut bytes = fs::read(fixture.sqlite.path()).unwrap();
    for page in bytes[4096..].chunks_mut(4096) {
        page[..8].fill(0xee);
    }
    fs::write(fixture.sqlite.path(), &bytes).unwrap();
    let error = read_all(fixture.sqlite.path()).await.unwrap_err();
    assert_eq!(error.kind(), SourceErrorKind::Misconfigured, "{error}");
}

/// A closed file of some dozens of pages.
async fn filled() -> Fixture {
    let fixture = Fixture::new(PERSON).await;
    let people_of_some_size = (0..500).map(|key| put(key, person(&"x".repeat(500), key)));
    people(&fixture).await.store(people_of_some_size.collect()).await.unwrap();
    fixture.sqlite.close();
    fixture
}

async fn read_all(path: &Path) -> Result<(), SourceError> {
    let sqlite = Sqlite::open(path, SqliteOptions::default())?;
    let table = sqlite.table("person").rows::<i64, Person>().await?;
    for loaded in table.load((0..500).collect()).await? {
        assert_eq!(loaded?.unwrap().name.unwrap().len(), 500);
    }
    Ok(())
}

#[tokio::test]
async fn a_full_file_refuses_until_there_is_room() {
    let fixture = Fixture::new(PERSON).await;
    fixture.run("INSERT INTO person (id, age) VALUES (1, 1)").await;
    set_pages_max(&fixture, 0).await;
    let table = people(&fixture).await;
    let large = || put(2, person(&"x".repeat(100_000), 1));
    let full = store_one(&table, large()).await.unwrap_err();
    assert_eq!(full.kind(), SourceErrorKind::Unavailable, "{full}");
    assert!(full.is_retryable());
    assert_eq!(fixture.ask("SELECT count(*) FROM person").await, "1");
    set_pages_max(&fixture, 1_000_000).await;
    store_one(&table, large()).await.unwrap();
}

async fn set_pages_max(fixture: &Fixture, pages: i64) {
    let limit = move |connection: &rusqlite::Connection| {
        // SQLite raises what is less than the pages in use to their number.
        let pages = pages.max(1);
        let set = format!("PRAGMA max_page_count = {pages}");
        Ok(connection.query_row(&set, [], |_| Ok(()))?)
    };
    fixture.sqlite.write(limit).await.unwrap();
}
