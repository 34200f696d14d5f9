//! What larder is told wrongly: one clear message, exit code 2, and nothing left behind.

use std::fs;
use std::net::TcpListener;

use crate::kit::Setup;
use crate::process::Process;

/// A keyspace over a table of some database; each scenario spoils it.
const GOOD: &str = r#"default = "cache"
[sources.main]
url = "sqlite:larder.db"

[keyspaces.item]
prefix = "item:"
source = "main"
strategy = "write-through"
table = "items"
key = "id"
value = "name"

[keyspaces.own]
prefix = "own:"
source = "main"
strategy = "write-behind"
"#;

const ITEMS: &str = "CREATE TABLE items (id TEXT PRIMARY KEY, name TEXT)";

fn spoilt(good: &str, bad: &str) -> String {
    assert!(GOOD.contains(good));
    GOOD.replacen(good, bad, 1)
}

fn files(setup: &Setup) -> Vec<String> {
    let names = fs::read_dir(setup.path("")).unwrap();
    let mut names: Vec<String> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Runs `larder` to its end, and answers what it says on stderr.
fn refused(setup: &Setup, args: &[&str]) -> String {
    let output = Process::output(&mut setup.larder(args));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
    assert!(output.stdout.is_empty(), "{args:?}");
    assert!(!stderr.contains("panicked"), "{args:?}: {stderr}");
    stderr
}

/// Both `serve` and `check` refuse the configuration with this message, and leave the folder and
/// the tables as they were.
fn refuse(setup: &Setup, message: &str) {
    let tables = || -> Option<String> {
        let tables = "SELECT group_concat(name) FROM sqlite_schema WHERE type = 'table'";
        setup.path("larder.db").is_file().then_some(())?;
        setup.database().query_row(tables, [], |row| row.get(0)).unwrap_or_default()
    };
    let before = (tables(), files(setup));
    let serve = ["serve", "--config", "larder.toml", "--listen", "127.0.0.1:0"];
    for args in [&serve[..], &["check", "--config", "larder.toml"]] {
        let stderr = refused(setup, args);
        assert!(stderr.starts_with("larder: "), "{stderr}");
        assert!(stderr.contains(message), "{args:?}: expected {message:?} in: {stderr}");
        assert_eq!((tables(), files(setup)), before, "{args:?}");
    }
}

#[test]
fn a_mistake_in_the_text_is_shown_at_its_place() {
    for (good, bad, message) in [
        (
            "strategy = \"write-through\"",
            "strategy = \"write-thru\"",
            "larder.toml:8:12: strategy: ",
        ),
        ("default =", "defualt =", "larder.toml:1:1: \"defualt\" is not an option"),
        (
            "source = \"main\"",
            "source = \"mian\"",
            "larder.toml:7:10: source: there is no [sources.mian]",
        ),
        ("default = \"cache\"", "model = \"threads\"", "larder.toml:1:9: model: "),
        ("default = \"cache\"", "default = ", "larder.toml:1:"),
    ] {
        refuse(&Setup::new("reactors").config(&spoilt(good, bad)).sql(ITEMS), message);
    }
}

#[test]
fn a_password_in_the_environment_counts_when_a_configuration_is_checked() {
    let setup = Setup::new("reactors").config(&format!("listen = \"0.0.0.0:7379\"\n{GOOD}"));
    let setup = setup.sql(ITEMS).environment("LARDER_PASSWORD", "s3cret");
    let output = Process::output(&mut setup.larder(&["check", "--config", "larder.toml"]));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn files_of_passwords_and_users_are_read_before_anything_is_made() {
    for (section, message) in [
        ("password_file = \"gone\"", "password_file: "),
        ("users_file = \"wrong\"", "users_file: "),
    ] {
        let setup = Setup::new("reactors").config(&format!("auth.{section}\n{GOOD}")).sql(ITEMS);
        fs::write(setup.path("wrong"), "user default on +@nothing\n").unwrap();
        refuse(&setup, message);
    }
}

#[test]
fn other_machines_are_not_served() {
    let setup = Setup::new("reactors").config("listen = \"0.0.0.0:7379\"");
    for args in [["serve", "--config", "larder.toml"], ["check", "--config", "larder.toml"]] {
        let stderr = refused(&setup, &args);
        let message = "larder.toml:1:10: listen: 0.0.0.0:7379 can be reached from other machines";
        assert!(stderr.contains(message), "{stderr}");
    }
}

#[test]
fn what_the_database_does_not_bear_out_is_shown_at_its_place() {
    for (good, bad, message) in [
        (
            "\"items\"",
            "\"itmes\"",
            "larder.toml:9:9: table: there is no table \"itmes\"; did you mean \"items\"?",
        ),
        (
            "key = \"id\"",
            "key = \"di\"",
            "larder.toml:9:9: table: table \"items\" has no column \"di\"",
        ),
        (
            "value = \"name\"",
            "value = \"nam\"",
            "larder.toml:9:9: table: table \"items\" has no column \"nam\"",
        ),
        ("key = \"id\"\nvalue = \"name\"", "key = \"name\"", "run: CREATE UNIQUE INDEX"),
    ] {
        refuse(&Setup::new("reactors").config(&spoilt(good, bad)).sql(ITEMS), message);
    }
}

#[test]
fn a_database_that_is_not_there_has_no_tables_and_is_not_made() {
    let setup = Setup::new("reactors").config(GOOD);
    refuse(&setup, "larder.toml:9:9: table: there is no table \"items\"; there is none");
    assert!(!setup.path("larder.db").exists());
}

#[test]
fn sample_data_is_not_made_for_a_keyspace_that_does_not_fit_it() {
    let sample = "url = \"sqlite:larder.db\"\nsample_data = true";
    let config = spoilt("url = \"sqlite:larder.db\"", sample);
    let config = config.replace("\"items\"", "\"airports\"").replace("\"id\"", "\"icaoo\"");
    let setup = Setup::new("reactors").config(&config);
    refuse(&setup, "table \"airports\" has no column \"icaoo\"; did you mean \"icao\"?");
    assert!(!setup.path("larder.db").exists());
    let setup = setup.sql(ITEMS);
    refuse(&setup, "table \"airports\" has no column \"icaoo\"; did you mean \"icao\"?");
}

#[test]
fn a_file_that_is_no_database_is_left_as_it_is() {
    let setup = Setup::new("reactors").config(GOOD);
    let garbage = b"This is not a database. ".repeat(1000);
    fs::write(setup.path("larder.db"), &garbage).unwrap();
    refuse(&setup, "larder.toml:3:7: url: the file ");
    refuse(&setup, "is not an SQLite database");
    assert_eq!(fs::read(setup.path("larder.db")).unwrap(), garbage);
}

#[test]
fn a_database_that_is_damaged_is_left_as_it_is() {
    let setup = Setup::new("reactors").config(GOOD).sql(ITEMS);
    let mut bytes = fs::read(setup.path("larder.db")).unwrap();
    bytes[100..200].fill(0xff);
    fs::write(setup.path("larder.db"), &bytes).unwrap();
    refuse(&setup, "larder.toml:3:7: url: the SQLite file ");
    assert_eq!(fs::read(setup.path("larder.db")).unwrap(), bytes);
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let setup = Setup::new("reactors").config(&format!("data = \"nowhere\"\n{GOOD}"));
    refuse(&setup, "nowhere of ");
    let elsewhere = refused(&setup, &["check", "--config", "larder.toml", "--data", "elsewhere"]);
    assert!(elsewhere.contains("elsewhere of elsewhere/larder.db does not exist"), "{elsewhere}");
    assert!(!setup.path("nowhere").exists());
}

#[test]
fn the_command_line_is_read_as_strictly_as_the_file() {
    let setup = Setup::new("reactors").config(GOOD).sql(ITEMS);
    fs::write(setup.path("latin1.toml"), b"# caf\xe9").unwrap();
    for (args, message) in [
        (&["serve", "--listen", "0.0.0.0:7379"][..], "--listen: 0.0.0.0:7379 can be reached"),
        (&["serve", "--listen", "nonsense"], "--listen: expected an IP address and a port"),
        (&["serve", "--model", "reactor"], "--model: \"reactor\" is not known"),
        (&["serve", "--modle", "tasks"], "unexpected argument '--modle'"),
        (&["serve", "--config", "none.toml"], "cannot read none.toml: "),
        (&["serve", "--config", "latin1.toml"], "cannot read latin1.toml: "),
        (&["serve", "--config", "."], "cannot read .: "),
        (&["check"], "--config"),
        (&["srve"], "unrecognized subcommand 'srve'"),
        (&[], "Usage:"),
    ] {
        let stderr = refused(&setup, args);
        assert!(stderr.contains(message), "{args:?}: {stderr}");
    }
    assert_eq!(files(&setup), ["larder.db", "larder.toml", "latin1.toml"]);
}

#[test]
fn an_occupied_port_is_told_before_anything_is_made() {
    let setup = Setup::new("reactors");
    let occupant = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = occupant.local_addr().unwrap().to_string();
    let stderr = refused(&setup, &["serve", "--listen", &address]);
    let message = format!("cannot listen at {address}: ");
    assert!(stderr.contains(&message) && stderr.contains("another program listens there"));
    assert!(files(&setup).is_empty());
}

#[test]
fn a_port_is_free_again_after_a_refusal() {
    let setup = Setup::new("reactors").config(GOOD);
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    refused(&setup, &["serve", "--config", "larder.toml", "--listen", &address.to_string()]);
    TcpListener::bind(address).unwrap();
}

#[test]
fn what_is_right_is_checked_without_making_anything() {
    let setup = Setup::new("reactors").config(GOOD).sql(ITEMS);
    let output = Process::output(&mut setup.larder(&["check", "--config", "larder.toml"]));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "larder.toml: 2 keyspaces, all good\n");
    assert_eq!(output.status.code(), Some(0));
    let own = "SELECT count(*) FROM sqlite_schema WHERE name = 'own'";
    let own: i64 = setup.database().query_row(own, [], |row| row.get(0)).unwrap();
    assert_eq!(own, 0);
    setup.start().wire().talk(&[("SET own:a 1", "OK"), ("SET item:a tea", "OK")]);
}
