//! TLS, with real clients: who is served, and what a reload changes.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Instant;

use rcgen::{CertificateParams, date_time_ymd};
use rustls::{ClientConnection, StreamOwned};

use crate::certificates::Authority;
use crate::kit::{Larder, Setup, on_every_model};
use crate::process::Process;
use crate::wire::PATIENCE;

/// TLS, with more lines in its section.
pub fn config(more: &str) -> String {
    format!("[tls]\nlisten = \"127.0.0.1:0\"\ncert = \"server.crt\"\nkey = \"server.key\"\n{more}")
}

/// Gives `setup` an authority, with a certificate for the server and one for a client.
pub fn furnish(setup: &Setup) -> Authority {
    let authority = Authority::new("authority");
    fs::write(setup.path("ca.crt"), authority.certificate()).unwrap();
    authority.issue("server").write(&setup.path(""), "server");
    authority.issue("client").write(&setup.path(""), "client");
    authority
}

/// Starts larder in `setup` with these lines in its section.
fn start(setup: Setup, more: &str) -> (Larder, Authority) {
    let authority = furnish(&setup);
    (setup.config(&config(more)).start(), authority)
}

fn tls_address(larder: &Larder) -> SocketAddr {
    let (_, address) = larder.greeting.trim_end().rsplit_once(", with TLS on ").unwrap();
    address.parse().unwrap()
}

/// redis-cli by TLS, with more arguments.
fn redis_cli(larder: &Larder, args: &[&str]) -> Output {
    let port = tls_address(larder).port().to_string();
    let mut command = Command::new("redis-cli");
    command.current_dir(larder.setup().path("")).stdin(Stdio::null());
    Process::output(command.args(["-p", &port, "--tls"]).args(args))
}

const AUTHORITY: [&str; 2] = ["--cacert", "ca.crt"];
const CLIENT: [&str; 4] = ["--cert", "client.crt", "--key", "client.key"];

/// What redis-cli prints for one command.
fn answer(larder: &Larder, options: &[&str], command: &[&str]) -> String {
    let output = redis_cli(larder, &[&AUTHORITY, options, command].concat());
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Whether redis-cli is let in, with these options.
fn is_served(larder: &Larder, options: &[&str]) -> bool {
    redis_cli(larder, &[options, &["PING"]].concat()).stdout == b"PONG\n"
}

/// Asks again and again until it holds.
fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        thread::yield_now();
    }
}

/// A connection that stays open.
struct Session(BufReader<StreamOwned<ClientConnection, TcpStream>>);

impl Session {
    fn new(larder: &Larder, client: ClientConnection) -> Self {
        let socket = TcpStream::connect(tls_address(larder)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(StreamOwned::new(client, socket)))
    }

    fn ask(&mut self, command: &str) -> String {
        self.0.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

#[test]
fn the_same_is_served_with_tls_and_without() {
    on_every_model(|setup| {
        let (larder, _) = start(setup, "");
        assert_eq!(answer(&larder, &[], &["SET", "a", "1"]), "OK");
        assert_eq!(larder.redis_cli(&["GET", "a"]), "1");
        for version in ["1.2", "1.3"] {
            let suites = match version {
                "1.2" => ["--tls-ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384"],
                _ => ["--tls-ciphersuites", "TLS_AES_256_GCM_SHA384"],
            };
            assert_eq!(answer(&larder, &suites, &["GET", "a"]), "1");
        }
        let large = "x".repeat(100_000);
        assert_eq!(answer(&larder, &[], &["SET", "large", &large]), "OK");
        assert_eq!(answer(&larder, &[], &["GET", "large"]), large);
        larder.stop();
    });
}

#[test]
fn a_client_that_does_not_know_the_authority_does_not_stay() {
    on_every_model(|setup| {
        let (larder, _) = start(setup, "");
        let other = Authority::new("other").certificate();
        fs::write(larder.setup().path("other.crt"), other).unwrap();
        assert!(!is_served(&larder, &["--cacert", "other.crt"]));
        assert!(is_served(&larder, &AUTHORITY));
        larder.stop();
    });
}

#[test]
fn certificates_of_clients_are_required() {
    on_every_model(|setup| {
        let (larder, authority) = start(setup, "client_ca = \"ca.crt\"\n");
        let folder = larder.setup().path("");
        let expired = |params: &mut CertificateParams| params.not_after = date_time_ymd(2002, 1, 1);
        authority.issue_with("old", expired).write(&folder, "old");
        Authority::new("other").issue("client").write(&folder, "foreign");
        assert!(is_served(&larder, &[&AUTHORITY[..], &CLIENT].concat()));
        assert!(!is_served(&larder, &AUTHORITY));
        for name in ["old", "foreign"] {
            let (certificate, key) = (format!("{name}.crt"), format!("{name}.key"));
            let shown = ["--cert", &certificate, "--key", &key];
            assert!(!is_served(&larder, &[&AUTHORITY[..], &shown].concat()), "{name}");
        }
        assert_eq!(larder.redis_cli(&["PING"]), "PONG");
        larder.stop();
    });
}

#[test]
fn certificates_of_clients_may_be_optional() {
    on_every_model(|setup| {
        let lines = "client_ca = \"ca.crt\"\nclient_auth = \"optional\"\n";
        let (larder, _) = start(setup, lines);
        Authority::new("other").issue("client").write(&larder.setup().path(""), "client2");
        assert!(is_served(&larder, &AUTHORITY));
        assert!(is_served(&larder, &[&AUTHORITY[..], &CLIENT].concat()));
        let foreign = ["--cert", "client2.crt", "--key", "client2.key"];
        assert!(!is_served(&larder, &[&AUTHORITY[..], &foreign].concat()));
        larder.stop();
    });
}

#[test]
fn a_client_without_tls_is_told_what_the_port_is_for() {
    on_every_model(|setup| {
        let (larder, _) = start(setup, "");
        let port = tls_address(&larder).port().to_string();
        let output = Process::output(Command::new("redis-cli").args(["-p", &port, "PING"]));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("ERR this port is for TLS: connect with TLS"), "{said}");
        larder.stop();
    });
}

#[test]
fn a_hangup_brings_a_new_certificate_and_leaves_connections_open() {
    on_every_model(|setup| {
        let (larder, authority) = start(setup, "client_ca = \"ca.crt\"\n");
        let client = authority.issue("client");
        let mut open = Session::new(&larder, authority.client(Some(&client)));
        assert_eq!(open.ask("SET a 1"), "+OK");
        let old = [&["--cacert", "old.crt"], &CLIENT[..]].concat();
        fs::copy(larder.setup().path("ca.crt"), larder.setup().path("old.crt")).unwrap();
        furnish(larder.setup());
        assert!(!is_served(&larder, &[&AUTHORITY[..], &CLIENT].concat()), "nobody has asked yet");
        larder.hang_up();
        wait_until("the new certificate", || {
            is_served(&larder, &[&AUTHORITY[..], &CLIENT].concat())
        });
        assert!(!is_served(&larder, &old));
        assert_eq!(open.ask("INCR a"), ":2");
        assert_eq!(open.ask("PING"), "+PONG");
        larder.stop();
    });
}

#[test]
fn a_reload_of_wrong_files_changes_nothing_and_says_why() {
    on_every_model(|setup| {
        let (larder, authority) = start(setup, "");
        let log = |words: &str| larder.setup().log().contains(words);
        authority.issue("other").write(&larder.setup().path(""), "other");
        let key = larder.setup().path("server.key");
        fs::copy(larder.setup().path("other.key"), &key).unwrap();
        larder.hang_up();
        wait_until("the reason", || log("is not the key of the certificate in server.crt"));
        assert!(log("not everything is reloaded") && log("larder.toml:4:7: key: server.key"));
        assert!(is_served(&larder, &AUTHORITY));
        fs::remove_file(&key).unwrap();
        larder.hang_up();
        wait_until("the reason", || log("key: server.key cannot be read"));
        assert!(is_served(&larder, &AUTHORITY));
        larder.stop();
    });
}

#[test]
fn a_hangup_without_tls_is_no_reason_to_stop() {
    on_every_model(|setup| {
        let larder = setup.config("").start();
        let mut wire = larder.wire();
        larder.hang_up();
        wire.talk(&[("PING", "PONG"), ("SET a 1", "OK")]);
        larder.hang_up();
        larder.wire().talk(&[("GET a", "1")]);
        larder.stop();
    });
}

#[test]
fn wrong_files_are_refused_before_anything_is_made() {
    let setup = Setup::new("reactors").config(&format!(
        "[sources.main]\nurl = \"sqlite:larder.db\"\nsample_data = true\n{}",
        config("")
    ));
    let authority = furnish(&setup);
    let expired = |params: &mut CertificateParams| params.not_after = date_time_ymd(2002, 1, 1);
    authority.issue_with("server", expired).write(&setup.path(""), "server");
    for args in [&["serve", "--listen", "127.0.0.1:0"][..], &["check"]] {
        let output =
            Process::output(&mut setup.larder(&[args, &["--config", "larder.toml"]].concat()));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        let message = "larder.toml:6:8: cert: server.crt has a certificate that has expired";
        assert!(stderr.contains(message), "{stderr}");
        assert!(!setup.path("larder.db").exists());
    }
}
