//! Where the servers under test are, and connections to them. See `docs/clients.md`.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ClientTlsConfig, Connection, TlsCertificates};

/// Longer than any answer takes, so that a hang becomes a failure.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Both versions of the protocol, as a URL names them.
pub const PROTOCOLS: [&str; 2] = ["resp2", "resp3"];

/// The value of an environment variable that has to be there.
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// The URL of the server whose port is in a variable; `user` is empty or ends in `@`.
pub fn url(scheme: &str, user: &str, port_variable: &str, protocol: &str) -> String {
    let (host, port) = (variable("CLIENTS_HOST"), variable(port_variable));
    format!("{scheme}://{user}{host}:{port}/?protocol={protocol}")
}

/// A client of the server without a password.
pub fn client(protocol: &str) -> Client {
    Client::open(url("redis", "", "CLIENTS_PORT", protocol)).unwrap()
}

/// A blocking connection to that server.
pub fn connect(protocol: &str) -> Connection {
    let connection = client(protocol).get_connection().unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    connection
}

/// An asynchronous connection to that server.
pub async fn connect_async(protocol: &str) -> MultiplexedConnection {
    client(protocol).get_multiplexed_async_connection_with_config(&patient()).await.unwrap()
}

/// How to connect asynchronously with patience.
pub fn patient() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE))
}

/// The server without a password, empty, and for one test alone until this is dropped.
pub fn alone() -> MutexGuard<'static, ()> {
    static SERVER: Mutex<()> = Mutex::new(());
    let alone = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    redis::cmd("FLUSHALL").exec(&mut connect("resp2")).unwrap();
    alone
}

/// Plays an asynchronous scenario to its end.
pub fn play(scenario: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(3 * PATIENCE, scenario).await.unwrap();
    });
}

/// Waits until `condition` holds.
pub fn until(mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What a client needs to trust the server.
pub fn trusting() -> TlsCertificates {
    TlsCertificates { client_tls: None, root_cert: Some(certificate("authority.pem")) }
}

/// What it needs to be trusted by the server as well.
pub fn trusted() -> TlsCertificates {
    let (client_cert, client_key) = (certificate("client.pem"), certificate("client.key"));
    TlsCertificates { client_tls: Some(ClientTlsConfig { client_cert, client_key }), ..trusting() }
}

fn certificate(name: &str) -> Vec<u8> {
    fs::read(Path::new(&variable("CLIENTS_CERTIFICATES")).join(name)).unwrap()
}
