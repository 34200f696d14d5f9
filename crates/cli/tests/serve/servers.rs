//! Keyspaces over PostgreSQL and MariaDB: the real servers, killed and started again.

use std::fs;
use std::path::PathBuf;

use larder_kit::{Database, Options, Product, Server, mariadb, postgres};

use crate::kit::{Larder, Setup};
use crate::process::Process;

/// A keyspace of each strategy that writes, over tables of a server.
fn config(url: &str) -> String {
    format!(
        r#"
[sources.main]
url = "{url}"
connect_timeout = "2s"
statement_timeout = "5s"
breaker = {{ failures = 3, wait = "50ms", wait_max = "100ms" }}
[keyspaces.item]
prefix = "item:"
source = "main"
strategy = "write-through"
table = "items"
key = "id"
[keyspaces.through]
prefix = "through:"
source = "main"
strategy = "write-through"
[keyspaces.behind]
prefix = "behind:"
source = "main"
strategy = "write-behind"
write_behind = {{ flush_interval = "5ms", workers = 2, segment_size = "1MiB" }}
[keyspaces.read]
prefix = "read:"
source = "main"
strategy = "read-through"
table = "items"
key = "id"
value = "name"
stale_if_error = "1m"
ttl = "1ms"
"#
    )
}

const ITEMS: &str =
    "CREATE TABLE items (id integer PRIMARY KEY, name varchar(20) NOT NULL, price decimal(10, 2))";

fn started(url: &str) -> Larder {
    Setup::new("reactors").config(&config(url)).start()
}

fn serves_rows<P: Product>(database: &Database<P>) {
    database.run(ITEMS).unwrap();
    let larder = started(&database.url());
    let mut wire = larder.wire();
    wire.talk(&[
        (r#"SET item:7 {"name":"tea","price":1.50}"#, "OK"),
        ("HGET item:7 name", "tea"),
        ("HGET item:7 price", "1.50"),
        ("HSET item:7 name coffee", ":0"),
        ("GET read:7", "coffee"),
        ("CACHE.DROP item:7", ":1"),
        ("HMGET item:7 id name price", "[7, coffee, 1.50]"),
        ("SET item:x {}", "-ERR*"),
        (r#"SET item:8 {"price":1}"#, "-ERR*"),
        (r#"SET item:8 {"name":"a-name-of-more-than-twenty-letters"}"#, "-*"),
        ("EXISTS item:7 item:8", ":1"),
        ("SET through:a 1", "OK"),
        ("INCR through:a", ":2"),
        ("DEL item:7 through:a", ":2"),
        ("EXISTS item:7 through:a", ":0"),
    ]);
    assert_eq!(database.run("SELECT count(*) FROM items").unwrap().trim(), "0");
    let keyspaces = wire.ask("CACHE.KEYSPACES");
    assert!(!keyspaces.contains("://"), "{keyspaces}");
    larder.stop();
}

fn writes_transactions<P: Product>(database: &Database<P>) {
    database.run(ITEMS).unwrap();
    let larder = started(&database.url());
    let mut wire = larder.wire();
    let made = r#"SET item:1 {"name":"a","price":"1.25"}"#;
    let replies =
        wire.pipeline(&format!("MULTI\n{made}\nHSET item:1 name b\nHGET item:1 price\nEXEC"));
    assert_eq!(replies[4], "[OK, :0, 1.25]");
    assert_eq!(database.run("SELECT name, price FROM items").unwrap().trim(), "b\t1.25");
    // The second write is refused by the database, so the first has not happened either.
    let poison = format!(
        "MULTI\nHSET item:1 name c\nSET item:2 {}\nEXEC",
        r#"{"name":"a-name-of-more-than-twenty-letters"}"#
    );
    let replies = wire.pipeline(&poison);
    assert!(replies[3].starts_with('-'), "{replies:?}");
    wire.talk(&[("HGET item:1 name", "b"), ("EXISTS item:2", ":0")]);
    assert_eq!(database.run("SELECT name FROM items").unwrap().trim(), "b");
    larder.stop();
}

fn outlives_its_database<P: Product>() {
    let server = Server::<P>::start_with(Options::default()).unwrap();
    server.run(ITEMS).unwrap();
    server.run("INSERT INTO items VALUES (7, 'tea', 1)").unwrap();
    let larder = started(&server.url());
    let mut wire = larder.wire();
    let set = |from: i32| {
        let sets = (from..from + 100).map(|number| format!("SET behind:{number} {number}"));
        sets.collect::<Vec<_>>().join("\n")
    };
    wire.talk(&[("GET read:7", "tea"), ("SET through:a 1", "OK")]);
    assert!(wire.pipeline(&set(0)).iter().all(|reply| reply == "OK"));
    server.kill().unwrap();
    assert!(wire.pipeline(&set(50)).iter().all(|reply| reply == "OK"));
    let refused = wire.ask("SET through:b 1");
    assert!(refused.starts_with("-TRYAGAIN") || refused.starts_with("-UNKNOWN"), "{refused}");
    wire.talk(&[
        ("GET read:7", "tea"),
        ("MGET behind:0 behind:149", "[0, 149]"),
        ("GET through:a", "1"),
        ("GET through:c", "-TRYAGAIN*"),
        ("CACHE.FLUSH 10", ":0"),
    ]);
    wire.until("CACHE.JOURNAL FLUSH behind 1", ":0");
    server.restart().unwrap();
    wire.talk(&[("CACHE.FLUSH 0", ":1")]);
    wire.until("SET through:b 1", "OK");
    assert_eq!(server.run("SELECT count(*) FROM behind").unwrap().trim(), "150");
    larder.stop();
}

fn refuses_a_start_without_its_database<P: Product>() {
    let server = Server::<P>::start_with(Options::default()).unwrap();
    server.run(ITEMS).unwrap();
    let url = server.url();
    server.kill().unwrap();
    let setup = Setup::new("reactors").config(&config(&url.replace('@', ":geheim@")));
    let output = Process::output(&mut setup.command(&[]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("larder.toml:3:7: url: "), "{said}");
    assert!(!said.contains("geheim"), "{said}");
}

fn encrypts_if_told<P: Product>() {
    let server = Server::<P>::start_with(Options::default().durable(false).tls(true)).unwrap();
    server.run(ITEMS).unwrap();
    let certificates = server.certificates().unwrap();
    let verified_by = |authority: PathBuf| {
        let tls = format!("tls = \"verify-full\"\ntls_ca = {authority:?}\nconnect_timeout");
        Setup::new("reactors").config(&config(&server.url()).replace("connect_timeout", &tls))
    };
    let larder = verified_by(certificates.authority()).start();
    larder.wire().talk(&[("SET through:a 1", "OK"), ("GET through:a", "1")]);
    larder.stop();
    let output = Process::output(&mut verified_by(certificates.stranger()).command(&[]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("certificate"), "{said}");
}

#[test]
fn postgresql_is_talked_to_in_secret() {
    encrypts_if_told::<postgres::Postgres>();
}

#[test]
fn mariadb_is_talked_to_in_secret() {
    encrypts_if_told::<mariadb::MariaDb>();
}

#[test]
fn a_password_comes_from_the_environment_or_from_a_file() {
    let database = mariadb::shared().database().unwrap();
    database.run(ITEMS).unwrap();
    let url = database.url();
    let (user, place) = url.split_once('@').unwrap();
    let (user, password) = user.rsplit_once(':').unwrap();
    let without = config(&format!("{user}@{place}"));
    let from =
        |option: &str| without.replace("connect_timeout", &format!("{option}\nconnect_timeout"));
    let variable = from("password_variable = \"DATABASE_PASSWORD\"");
    let file = from("password_file = \"password\"");

    let setup = Setup::new("reactors").config(&variable);
    let output = Process::output(&mut setup.command(&[]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the environment has no DATABASE_PASSWORD"), "{said}");
    let password: &'static str = password.to_owned().leak();
    let larder = setup.environment("DATABASE_PASSWORD", password).start();
    larder.wire().talk(&[("SET through:a 1", "OK")]);
    larder.stop();

    let setup = Setup::new("reactors").config(&file);
    fs::write(setup.path("password"), format!("{password}\nand more")).unwrap();
    let larder = setup.start();
    larder.wire().talk(&[("GET through:a", "1")]);
    larder.stop();
}

#[test]
fn postgresql_serves_rows() {
    serves_rows(&postgres::shared().database().unwrap());
}

#[test]
fn mariadb_serves_rows() {
    serves_rows(&mariadb::shared().database().unwrap());
}

#[test]
fn postgresql_has_transactions() {
    writes_transactions(&postgres::shared().database().unwrap());
}

#[test]
fn mariadb_has_transactions() {
    writes_transactions(&mariadb::shared().database().unwrap());
}

#[test]
fn writes_go_on_while_postgresql_is_killed_and_restarted() {
    outlives_its_database::<postgres::Postgres>();
}

#[test]
fn writes_go_on_while_mariadb_is_killed_and_restarted() {
    outlives_its_database::<mariadb::MariaDb>();
}

#[test]
fn a_start_without_postgresql_is_refused() {
    refuses_a_start_without_its_database::<postgres::Postgres>();
}

#[test]
fn a_start_without_mariadb_is_refused() {
    refuses_a_start_without_its_database::<mariadb::MariaDb>();
}
