//! `cargo run -p airports-service`

use std::net::SocketAddr;
use std::path::PathBuf;

use airports_service::{Failure, open, serve};
use clap::{Parser, ValueEnum};
use larder::Strategy;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Airports over HTTP: a table of SQLite behind a typed cache.
#[derive(Parser)]
struct Options {
    /// Where clients connect.
    #[arg(long, default_value = "127.0.0.1:7380")]
    listen: SocketAddr,
    /// The SQLite file; the one that `larder serve` makes has 28,298 airports.
    #[arg(long, default_value = "airports.db")]
    database: PathBuf,
    /// How writes reach the database.
    #[arg(long, value_enum, default_value = "write-through")]
    strategy: Writes,
}

/// The strategies that make sense for a service that writes its own table.
#[derive(Clone, Copy, ValueEnum)]
enum Writes {
    /// Before the client is answered.
    WriteThrough,
    /// After it; what is queued is lost if the process dies.
    WriteBehind,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let options = Options::parse();
    let strategy = match options.strategy {
        Writes::WriteThrough => Strategy::write_through(),
        Writes::WriteBehind => Strategy::write_behind(),
    };
    let airports = open(&options.database, strategy).await?;
    let listener = TcpListener::bind(options.listen).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    println!("try: curl http://{}/airports/LSZH", listener.local_addr()?);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    serve(listener, airports, stop).await
}
