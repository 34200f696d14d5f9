//! The journal of write-behind: what survives, what is refused, and how it is looked into.

use std::fs;
use std::path::PathBuf;

use crate::kit::{Larder, Setup, on_every_model};
use crate::process::Process;

/// A journal that nothing leaves by itself while a scenario looks at it.
const SLOW: &str = r#"
[sources.main]
url = "sqlite:larder.db"
[keyspaces.behind]
prefix = "behind:"
source = "main"
strategy = "write-behind"
[keyspaces.behind.write_behind]
flush_interval = "1h"
segment_size = "1MiB"
"#;

/// A journal that is brought to its source at once, over a table that may refuse.
const PICKY: &str = r#"
[sources.main]
url = "sqlite:larder.db"
[keyspaces.item]
prefix = "item:"
source = "main"
strategy = "write-behind"
table = "items"
key = "id"
value = "name"
write_behind = { flush_interval = "1ms", segment_size = "1MiB" }
"#;

const ITEMS: &str = "CREATE TABLE items (id TEXT PRIMARY KEY, name TEXT);
    CREATE TRIGGER no_poison BEFORE INSERT ON items WHEN NEW.name = 'poison'
    BEGIN SELECT RAISE(ABORT, 'no poison here'); END";

fn folder(setup: &Setup) -> PathBuf {
    setup.path("journal/behind")
}

/// The file of the log that holds the first records.
fn segment(setup: &Setup) -> PathBuf {
    let files = fs::read_dir(folder(setup)).unwrap().map(|entry| entry.unwrap().path());
    files.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap()
}

/// What `larder` says on stdout and stderr, and how it ends.
fn larder(setup: &Setup, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Process::output(&mut setup.larder(args));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// What the start says that is refused.
fn refused(setup: &Setup) -> String {
    let output = Process::output(&mut setup.command(&[]));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    stderr
}

/// A larder that was killed with three writes in its journal.
fn killed(setup: Setup) -> Setup {
    let larder = setup.config(SLOW).start();
    larder.wire().talk(&[
        ("SET behind:a 1", "OK"),
        ("SET behind:b 2", "OK"),
        ("DEL behind:b", ":1"),
        ("SET behind:c 3", "OK"),
    ]);
    larder.kill();
    larder.killed()
}

#[test]
fn what_was_acknowledged_before_a_kill_is_found_again() {
    on_every_model(|setup| {
        let larder = killed(setup).start();
        assert_eq!(larder.count("behind", "queue_records"), 3);
        let mut wire = larder.wire();
        wire.talk(&[
            ("MGET behind:a behind:b behind:c", "[1, nil, 3]"),
            ("INCR behind:c", ":4"),
            ("CACHE.FLUSH 0", ":1"),
        ]);
        let rows =
            "SELECT group_concat(key || '=' || value) FROM (SELECT * FROM behind ORDER BY 1)";
        assert_eq!(larder.row(rows).unwrap(), "a=1,c=4");
        assert_eq!(larder.count("behind", "queue_records"), 0);
        larder.stop();
    });
}

#[test]
fn a_second_larder_is_refused_the_same_journal() {
    let larder = Setup::new("reactors").config(SLOW).start();
    larder.wire().talk(&[("SET behind:a 1", "OK")]);
    let said = refused(larder.setup());
    assert!(said.contains("another process has the journal"), "{said}");
    assert!(said.contains("journal/behind") && said.contains("larder.toml:"), "{said}");
    larder.wire().talk(&[("SET behind:a 2", "OK"), ("CACHE.FLUSH behind:a 0", ":1")]);
    assert_eq!(larder.row("SELECT value FROM behind").unwrap(), "2");
    larder.stop();
}

#[test]
fn a_damaged_journal_is_refused_with_the_command_that_looks_into_it() {
    let setup = killed(Setup::new("reactors"));
    let path = segment(&setup);
    let good = fs::read(&path).unwrap();
    let mut bad = good.clone();
    let at = bad.iter().rposition(|byte| *byte != 0).unwrap() / 2;
    bad[at] ^= 0x40;
    fs::write(&path, &bad).unwrap();
    let said = refused(&setup);
    assert!(said.contains("is damaged in") && said.contains("larder journal verify"), "{said}");
    let (status, _, said) = larder(&setup, &["journal", "verify", "journal/behind"]);
    assert!(status == Some(1) && said.contains("is damaged in"), "{said}");
    assert_eq!(fs::read(&path).unwrap(), bad, "nothing is mended by itself");
    fs::write(&path, good).unwrap();
    let larder = setup.start();
    larder.wire().talk(&[("GET behind:c", "3")]);
    larder.stop();
}

#[test]
fn a_journal_that_nobody_empties_any_more_is_not_forgotten() {
    let setup = killed(Setup::new("reactors"));
    for config in [
        SLOW.split("[keyspaces.behind.write_behind]")
            .next()
            .unwrap()
            .replace("write-behind", "write-through"),
        SLOW.replace("[keyspaces.behind", "[keyspaces.other"),
        SLOW.replace("flush_interval", "journal = \"memory\"\nflush_interval")
            .replace("segment_size", "#"),
    ] {
        let setup_again = fs::write(setup.path("larder.toml"), config);
        setup_again.unwrap();
        let said = refused(&setup);
        assert!(said.contains("journal/behind holds 4 writes"), "{said}");
    }
    let larder = setup.config(SLOW).start();
    larder.wire().talk(&[("CACHE.FLUSH 0", ":1")]);
    let setup = larder.stop();
    let larder = setup.config(&SLOW.replace("[keyspaces.behind", "[keyspaces.other")).start();
    larder.stop();
}

#[test]
fn a_flush_waits_for_as_long_as_it_is_told() {
    on_every_model(|setup| {
        let larder = setup.config(SLOW).start();
        let held = larder.writes_held();
        let mut wire = larder.wire();
        wire.talk(&[
            ("CACHE.FLUSH behind:a 0", ":1"),
            ("SET behind:a 1", "OK"),
            ("CACHE.FLUSH behind:a 30", ":0"),
            ("CACHE.JOURNAL FLUSH behind 30", ":0"),
            ("CACHE.FLUSH 30", ":0"),
            ("CACHE.FLUSH plain 0", ":1"),
        ]);
        let (status, _, said) = ordered(&larder, &["flush", "behind", "--timeout", "30"]);
        assert!(status == Some(1) && said.contains("the time has run out"), "{said}");
        drop(held);
        wire.talk(&[("CACHE.FLUSH behind:a 0", ":1")]);
        assert_eq!(ordered(&larder, &["flush"]).0, Some(0));
        assert_eq!(larder.row("SELECT value FROM behind").unwrap(), "1");
        larder.stop();
    });
}

/// `larder journal`, asking a larder that serves.
fn ordered(serving: &Larder, args: &[&str]) -> (Option<i32>, String, String) {
    let address = serving.address().to_string();
    let args = [&["journal"], args, &["--server", &address]].concat();
    larder(serving.setup(), &args)
}

#[test]
fn a_write_that_the_source_refuses_is_kept_until_it_is_replayed_or_dropped() {
    on_every_model(|setup| {
        let larder = setup.config(PICKY).sql(ITEMS).start();
        let mut wire = larder.wire();
        wire.talk(&[
            ("SET item:a poison", "OK"),
            ("SET item:b poison", "OK"),
            ("SET item:c good", "OK"),
        ]);
        wire.until("GET item:b", "nil");
        wire.talk(&[("CACHE.FLUSH 0", ":1"), ("GET item:a", "nil"), ("GET item:c", "good")]);
        assert_eq!(larder.count("item", "queue_dead"), 2);
        let listed = wire.ask("CACHE.JOURNAL DEAD LIST item");
        assert!(
            listed.contains("key, item:a, value, poison, reason, ")
                && listed.contains("no poison here"),
            "{listed}"
        );
        let (status, listed, _) =
            ordered(&larder, &["dead", "list", "--keyspace", "item", "--json"]);
        assert!(status == Some(0) && listed.lines().count() == 2, "{listed}");
        // Nothing has changed: it is refused again.
        wire.talk(&[("CACHE.JOURNAL DEAD REPLAY item ALL", ":2"), ("CACHE.FLUSH 0", ":1")]);
        assert_eq!(larder.count("item", "queue_dead"), 2);
        larder.kill();
        let larder = larder.killed().sql("DROP TRIGGER no_poison").start();
        assert_eq!(larder.count("item", "queue_dead"), 2);
        let (status, said, _) = ordered(&larder, &["dead", "drop", "item", "--all"]);
        assert!(status == Some(0) && said == "2 dropped\n", "{said}");
        larder.wire().talk(&[("CACHE.JOURNAL DEAD LIST item", "[]"), ("GET item:a", "nil")]);
        larder.stop();
    });
}

#[test]
fn a_letter_that_is_replayed_reaches_the_source_unless_its_key_has_moved_on() {
    let larder = Setup::new("tasks").config(PICKY).sql(ITEMS).start();
    let mut wire = larder.wire();
    wire.talk(&[("SET item:a poison", "OK"), ("SET item:b poison", "OK"), ("CACHE.FLUSH 0", ":1")]);
    wire.talk(&[("SET item:b newer", "OK"), ("CACHE.FLUSH 0", ":1")]);
    larder.database().execute_batch("DROP TRIGGER no_poison").unwrap();
    wire.talk(&[("CACHE.JOURNAL DEAD REPLAY item ALL", ":1"), ("CACHE.FLUSH 0", ":1")]);
    let rows = "SELECT group_concat(id || '=' || name) FROM (SELECT * FROM items ORDER BY 1)";
    assert_eq!(larder.row(rows).unwrap(), "a=poison,b=newer");
    wire.talk(&[("GET item:a", "poison"), ("GET item:b", "newer")]);
    wire.talk(&[("CACHE.JOURNAL DEAD REPLAY item FORCE ALL", ":1"), ("CACHE.FLUSH 0", ":1")]);
    assert_eq!(larder.row(rows).unwrap(), "a=poison,b=poison");
    wire.talk(&[("GET item:b", "poison"), ("CACHE.JOURNAL DEAD LIST item", "[]")]);
    larder.stop();
}

#[test]
fn orders_about_nothing_are_answered_with_what_there_is() {
    let larder = Setup::new("reactors").config(&format!("{SLOW}\n[keyspaces.read]\nprefix = \"read:\"\nsource = \"main\"\nstrategy = \"read-through\"\n")).start();
    larder.wire().talk(&[
        (
            "CACHE.JOURNAL STATUS read",
            "-ERR keyspace 'read' has no queue of writes: its strategy is read-through",
        ),
        ("CACHE.JOURNAL DEAD LIST read", "-ERR keyspace 'read' has no queue of writes*"),
        ("CACHE.JOURNAL STATUS none", "-ERR there is no keyspace 'none'*"),
        ("CACHE.JOURNAL DEAD DROP behind 7", ":0"),
        ("CACHE.JOURNAL DEAD REPLAY behind ALL", ":0"),
    ]);
    let info = larder.wire().ask("INFO journals");
    assert!(info.contains("larder_journal_behind:records=0,"), "{info}");
    let keyspaces = larder.wire().ask("CACHE.KEYSPACES");
    assert!(
        keyspaces.contains("journal, synced: ") && keyspaces.contains("journal_dir, "),
        "{keyspaces}"
    );
    larder.stop();
}

#[test]
fn the_files_of_a_journal_tell_what_it_holds() {
    let setup = killed(Setup::new("reactors"));
    let (status, said, _) = larder(&setup, &["journal", "status", "journal/behind", "--json"]);
    assert!(status == Some(0) && said.contains("\"records\":4"), "{said}");
    let (status, said, _) = larder(&setup, &["journal", "verify", "journal/behind"]);
    assert!(status == Some(0), "{said}");
    let (_, said, _) = larder(&setup, &["journal", "dump", "journal/behind"]);
    let lines: Vec<&str> = said.lines().collect();
    assert!(
        lines.iter().any(|line| line.contains("\"key\":\"a\"") && line.contains("\"value\":\"1\"")),
        "{said}"
    );
    let deleted = |line: &&&str| line.contains("\"key\":\"b\"") && line.contains("\"value\":null");
    assert!(lines.iter().any(|line| deleted(&line)), "{said}");
    let (status, said, _) = larder(&setup, &["check", "--config", "larder.toml"]);
    assert!(status == Some(0) && said.contains("holds 4 writes"), "{said}");
    let (status, _, said) = larder(&setup, &["journal", "status", "nowhere"]);
    assert!(status == Some(1) && said.contains("nowhere"), "{said}");
    let (status, _, said) = larder(&setup, &["journal", "status", "--server", "127.0.0.1:1"]);
    assert!(status == Some(1) && said.contains("no larder serves at 127.0.0.1:1"), "{said}");
    let larder = setup.start();
    let (status, said, _) = ordered(&larder, &["status"]);
    assert!(status == Some(0) && said.starts_with("behind\n"), "{said}");
    larder.stop();
}

#[test]
fn a_stop_leaves_what_it_could_not_bring_for_the_next_start() {
    on_every_model(|setup| {
        let config = format!("limits.shutdown_timeout = \"200ms\"\n{SLOW}");
        let larder = setup.config(&config).start();
        let held = larder.writes_held();
        larder.wire().talk(&[("SET behind:a 1", "OK"), ("SET behind:b 1", "OK")]);
        let setup = larder.stop();
        let said = setup.log();
        let left = "keyspace behind: 2 acknowledged writes did not reach the source and stay in the journal";
        assert!(said.contains(left), "{said}");
        drop(held);
        let larder = setup.start();
        larder.wire().talk(&[("MGET behind:a behind:b", "[1, 1]"), ("CACHE.FLUSH 0", ":1")]);
        assert_eq!(larder.row("SELECT count(*) || '' FROM behind").unwrap(), "2");
        larder.stop();
    });
}

#[test]
fn a_larder_whose_journal_another_one_has_taken_over_writes_no_more() {
    let first = Setup::new("reactors").config(SLOW).start();
    first.wire().talk(&[
        ("SET behind:a 1", "OK"),
        ("CACHE.FLUSH 0", ":1"),
        ("SET behind:b 1", "OK"),
    ]);
    // As if the disk had been copied, or mounted twice.
    let database = first.setup().path("larder.db");
    let setup = Setup::new("tasks").config(&SLOW.replace("larder.db", database.to_str().unwrap()));
    fs::create_dir_all(folder(&setup)).unwrap();
    for file in fs::read_dir(folder(first.setup())).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), folder(&setup).join(file.file_name())).unwrap();
    }
    let second = setup.start();
    second.wire().talk(&[("GET behind:b", "1"), ("CACHE.FLUSH 0", ":1")]);
    let mut wire = first.wire();
    wire.talk(&[("SET behind:c 1", "OK"), ("CACHE.FLUSH 0", "-FENCED *")]);
    wire.until("SET behind:d 1", "-FENCED *");
    wire.talk(&[("GET behind:a", "1"), ("GET behind:c", "1")]);
    assert!(wire.ask("CACHE.JOURNAL STATUS behind").contains("state, fenced"));
    assert_eq!(first.row("SELECT count(*) || '' FROM behind").unwrap(), "2");
    second.stop();
}
