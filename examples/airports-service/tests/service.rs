//! The service over real HTTP, on a free port and a fresh file.

#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers, like the test itself, stop where they stand when something fails"
)]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use airports_service::{Airport, Airports, Failure, open, serve};
use larder::Strategy;
use larder::journal::Limits;
use larder::strategy::WriteBehind;
use serde_json::Value as Json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running service.
struct Service {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), Failure>>,
}

/// A status and a body.
type Reply = (u16, String);

impl Service {
    async fn start(database: &Path) -> Self {
        Self::over(open(database, Strategy::write_through()).await.unwrap()).await
    }

    async fn over(airports: Airports) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move { drop(stopped.await) };
        let served = tokio::spawn(serve(listener, airports, stopped));
        Self { address, stop, served }
    }

    async fn stop(self) {
        drop(self.stop);
        self.served.await.unwrap().unwrap();
    }

    async fn ask(&self, request: &str, body: &str) -> Reply {
        let (address, length) = (self.address, body.len());
        let head = "Host: airports\r\nConnection: close\r\nContent-Type: application/json";
        let text =
            format!("{request} HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}");
        tokio::task::spawn_blocking(move || exchange(address, &text)).await.unwrap().unwrap()
    }

    async fn stats(&self) -> Json {
        let (_, body) = self.ask("GET /stats", "").await;
        serde_json::from_str(&body).unwrap()
    }
}

fn exchange(address: SocketAddr, request: &str) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request.as_bytes())?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    let (head, body) = reply.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.unwrap_or_default(), body.to_owned()))
}

fn bern() -> String {
    let airport = Airport {
        icao: "LSZB".into(),
        iata: Some("BRN".into()),
        name: "Bern Airport".into(),
        city: Some("Bern".into()),
        subd: None,
        country: "CH".into(),
        elevation: 1674.0,
        lat: 46.9122,
        lon: 7.49917,
        tz: "Europe/Zurich".into(),
        lid: None,
    };
    serde_json::to_string(&airport).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_read_is_a_hit() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&folder.path().join("a.db")).await;
    let first = service.ask("GET /airports/LSZH", "").await;
    assert_eq!(first.0, 200);
    assert!(first.1.contains(r#""name":"Zurich Airport""#), "{}", first.1);
    assert_eq!(service.ask("GET /airports/LSZH", "").await, first);
    let stats = service.stats().await;
    assert_eq!((&stats["load_queries"], &stats["hits"]), (&1.into(), &1.into()));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_airport_comes_changes_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&folder.path().join("a.db")).await;
    assert_eq!(service.ask("GET /airports/LSZB", "").await.0, 404);
    assert_eq!(service.ask("PUT /airports/LSZB", &bern()).await.0, 204);
    assert_eq!(service.ask("GET /airports/LSZB", "").await, (200, bern()));
    let renamed = bern().replace("Bern Airport", "Belp");
    assert_eq!(service.ask("PUT /airports/LSZB", &renamed).await.0, 204);
    assert_eq!(service.ask("GET /airports/LSZB", "").await, (200, renamed));
    assert_eq!(service.ask("DELETE /airports/LSZB", "").await.0, 204);
    assert_eq!(service.ask("DELETE /airports/LSZB", "").await.0, 404);
    assert_eq!(service.ask("GET /airports/LSZB", "").await.0, 404);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&folder.path().join("a.db")).await;
    assert_eq!(service.ask("PUT /airports/LSZH", &bern()).await.0, 422);
    assert_eq!(service.ask("PUT /airports/LSZH", "{}").await.0, 422);
    assert_eq!(service.ask("GET /airports/LSZB", "").await.0, 404);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_brings_queued_writes_to_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("a.db");
    // Nothing but the stop makes the queue hurry.
    let limits = Limits { flush_interval: Duration::from_secs(3600), ..Limits::default() };
    let strategy = WriteBehind { limits, ..WriteBehind::default() };
    let airports = open(&database, strategy.into()).await.unwrap();
    let service = Service::over(airports.clone()).await;
    assert_eq!(service.ask("PUT /airports/LSZB", &bern()).await.0, 204);
    assert_eq!(service.stats().await["queued"], 1);
    service.stop().await;
    let again = Service::start(&database).await;
    assert_eq!(again.ask("GET /airports/LSZB", "").await, (200, bern()));
    again.stop().await;
}
