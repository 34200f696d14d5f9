use larder::journal::{BytesCodec, FileJournal, FileOptions};
use larder::runtime::TokioRuntime;

use super::*;

impl Database {
    /// Makes it impossible to drop the table.
    pub(in crate::strategies) fn replace_table_by_view(&self) {
        self.run(&format!("DROP TABLE {TABLE}; CREATE VIEW {TABLE} AS SELECT 1")).unwrap();
    }
}

fn file() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("shop.db").display());
    (folder, url)
}

#[test]
fn what_is_written_is_read_and_counted() {
    let database = Database::open(None, 2).unwrap();
    database.fill(2 * ROWS_AT_ONCE + 1).unwrap();
    assert_eq!(database.asked(), (0, 0));
    let table = database.table();
    assert_eq!(table.read(2 * ROWS_AT_ONCE).unwrap(), Some(value(0, 0)));
    assert_eq!(table.read(2 * ROWS_AT_ONCE + 1).unwrap(), None);
    table.write(7, value(1, 2)).unwrap();
    assert_eq!(database.observed().read(7).unwrap(), Some(value(1, 2)));
    assert_eq!(database.asked(), (2, 1));
    assert_eq!(database.place(), "an SQLite file");
    database.remove().unwrap();
}

#[test]
fn a_table_that_is_there_is_left_alone() {
    let (_folder, url) = file();
    let first = Database::open(Some(&url), 1).unwrap();
    let refusal = Database::open(Some(&url), 1).err().unwrap();
    assert!(matches!(refusal, Failure::Misuse(_)), "{refusal}");
    assert!(refusal.to_string().contains(TABLE), "{refusal}");
    assert!(first.has_table(TABLE).unwrap());
}

#[test]
fn nothing_is_left_in_a_file_that_was_there_after_a_run_or_a_failure() {
    let (folder, url) = file();
    fs::write(folder.path().join("shop.db"), "").unwrap();
    Database::open(Some(&url), 1).unwrap().remove().unwrap();
    drop(Database::open(Some(&url), 1).unwrap());
    let database = Database::open(Some(&url), 1).unwrap();
    assert!(!database.has_table(FENCE_TABLE).unwrap());
    drop(database);
    assert!(folder.path().join("shop.db").exists());
}

#[test]
fn fences_of_others_stay() {
    let (_folder, url) = file();
    let database = Database::open(Some(&url), 1).unwrap();
    let make = format!("CREATE TABLE {FENCE_TABLE} (journal TEXT)");
    database.run(&make).unwrap();
    database.run(&format!("INSERT INTO {FENCE_TABLE} VALUES ('another')")).unwrap();
    drop(database);
    let database = Database::open(Some(&url), 1).unwrap();
    assert!(database.has_table(FENCE_TABLE).unwrap());
    database.run(&format!("DELETE FROM {FENCE_TABLE}")).unwrap();
    drop(database);
    let database = Database::open(Some(&url), 1).unwrap();
    assert!(database.has_table(FENCE_TABLE).unwrap(), "it was there before");
}

#[test]
fn rows_beyond_those_that_were_filled_go_again() {
    let database = Database::open(None, 1).unwrap();
    database.fill(10).unwrap();
    let table = database.table();
    for key in 8..10 + ROWS_AT_ONCE + 1 {
        table.write(key, value(1, 1)).unwrap();
    }
    database.trim(10 + ROWS_AT_ONCE + 1).unwrap();
    assert_eq!(table.read(9).unwrap(), Some(value(1, 1)));
    assert_eq!(table.read(10).unwrap(), None);
    assert_eq!(table.read(10 + ROWS_AT_ONCE).unwrap(), None);
    database.trim(5).unwrap();
    assert_eq!(table.read(9).unwrap(), Some(value(1, 1)), "fewer than there were is no harm");
}

#[test]
fn a_file_that_the_lab_has_made_goes_again_whatever_becomes_of_the_run() {
    let (folder, url) = file();
    let files = || fs::read_dir(folder.path()).unwrap().count();
    Database::open(Some(&url), 1).unwrap().remove().unwrap();
    assert_eq!(files(), 0);
    let database = Database::open(Some(&url), 1).unwrap();
    database.fill(10).unwrap();
    assert!(files() > 0);
    drop(database);
    assert_eq!(files(), 0);
    assert!(Database::open(Some("sqlite:/nowhere/shop.db"), 1).is_err());
}

#[test]
fn a_new_file_that_somebody_else_has_used_meanwhile_stays() {
    let (folder, url) = file();
    let database = Database::open(Some(&url), 1).unwrap();
    database.run("CREATE TABLE orders (number)").unwrap();
    database.remove().unwrap();
    assert!(folder.path().join("shop.db").exists());
    let database = Database::open(Some(&url), 1).unwrap();
    assert!(database.has_table("orders").unwrap());
    drop(database);
    assert!(folder.path().join("shop.db").exists(), "now it was there before");
}

#[test]
fn nobody_else_may_look_into_the_folder_of_the_lab() {
    let database = Database::open(None, 1).unwrap();
    let mode = fs::metadata(database.folder.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_file_is_shown_as_it_was_given() {
    let (folder, url) = file();
    let database = Database::open(Some(&url), 1).unwrap();
    assert_eq!(database.place(), url);
    let refusal = Database::open(Some(&url), 1).err().unwrap().to_string();
    assert!(refusal.contains(&url), "{refusal}");
    drop((database, folder));
}

#[test]
fn journals_go_though_their_larder_failed_before_it_made_fences() {
    let database = Database::open(None, 1).unwrap();
    let path = database.journal(1);
    fs::create_dir_all(&path).unwrap();
    let clock = Arc::new(TokioRuntime::new(database.runtime.handle().clone()));
    let opened = database.runtime.block_on(FileJournal::<Vec<u8>, Vec<u8>>::open(
        &path,
        FileOptions::default(),
        BytesCodec,
        clock,
    ));
    drop(opened.unwrap());
    assert!(inspect(&path, |_| ()).is_ok());
    assert!(!database.has_table(FENCE_TABLE).unwrap());
    database.clear_journals().unwrap();
    assert!(!path.exists());
}
