//! Real servers of every product, through everything that a test may do to them.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

use std::io::Read;
use std::net::TcpStream;
use std::process::{Command, Stdio};

use larder_kit::mariadb::MariaDb;
use larder_kit::postgres::Postgres;
use larder_kit::{Options, Product, Server, mariadb, postgres};

/// Set for a child that this test starts as a user of a shared server.
const AS_USER: &str = "LARDER_KIT_USER";

fn runs(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with('Z'))
}

/// A server's whole life.
fn survives<P: Product>() {
    let server = Server::<P>::start().unwrap();
    let first = server.pid().unwrap();
    let shop = server.database().unwrap();
    shop.run("CREATE TABLE stock (name varchar(20) PRIMARY KEY, count bigint)").unwrap();
    shop.run("INSERT INTO stock VALUES ('tea', 3), ('milk', 5)").unwrap();
    server.kill().unwrap();
    assert!(server.pid().is_none() && !runs(first));
    assert!(shop.run("SELECT 1").is_err());
    server.restart().unwrap();
    let rows = shop.run("SELECT name, count FROM stock ORDER BY name").unwrap();
    assert_eq!(rows, "milk\t5\ntea\t3", "what was committed is there after a crash");
    server.stop().unwrap();
    server.restart().unwrap();
    let last = server.pid().unwrap();
    server.pause().unwrap();
    // The kernel still accepts; nobody answers.
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_nonblocking(true).unwrap();
    assert!(stream.read(&mut [0]).is_err());
    server.resume().unwrap();
    assert_eq!(shop.run("SELECT count(*) FROM stock").unwrap(), "2");
    drop(server);
    assert!(!runs(last));
}

#[test]
fn postgres_survives_what_a_test_does_to_it() {
    survives::<Postgres>();
}

#[test]
fn mariadb_survives_what_a_test_does_to_it() {
    survives::<MariaDb>();
}

#[test]
fn a_server_with_tls_has_certificates() {
    let options = Options::default().durable(false).tls(true);
    let postgres = postgres::Server::start_with(options).unwrap();
    assert!(postgres.certificates().unwrap().authority().exists());
    assert_eq!(postgres.run("SHOW ssl").unwrap().trim(), "on");
    let mariadb = mariadb::Server::start_with(options).unwrap();
    assert!(mariadb.certificates().unwrap().authority().exists());
    assert_eq!(mariadb.run("SELECT @@have_ssl").unwrap().trim(), "YES");
}

#[test]
fn a_shared_server_ends_though_its_process_is_killed() {
    if std::env::var_os(AS_USER).is_some() {
        println!("servers {} {}", pid_of(postgres::shared()), pid_of(mariadb::shared()));
        std::thread::park();
    }
    let this = std::env::current_exe().unwrap();
    let mut user = Command::new(this);
    user.args(["--exact", "a_shared_server_ends_though_its_process_is_killed", "--nocapture"]);
    let mut user = user.env(AS_USER, "1").stdout(Stdio::piped()).spawn().unwrap();
    let servers = announced(user.stdout.take().unwrap());
    assert!(servers.iter().all(|server| runs(*server)));
    user.kill().unwrap();
    user.wait().unwrap();
    while servers.iter().any(|server| runs(*server)) {
        std::thread::yield_now();
    }
}

fn pid_of<P: Product>(server: &Server<P>) -> u32 {
    server.pid().unwrap()
}

fn announced(output: impl Read) -> Vec<u32> {
    use std::io::{BufRead, BufReader};
    let lines = BufReader::new(output).lines().map(Result::unwrap);
    let line = lines.into_iter().find_map(|line| {
        let (_, servers) = line.split_once("servers ")?;
        Some(servers.to_owned())
    });
    line.unwrap().split_whitespace().map(|server| server.parse().unwrap()).collect()
}
