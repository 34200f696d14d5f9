//! `larder serve`

use std::io::{self, Write};
use std::thread;

use larder_server::config::ConfigText;
use larder_server::{Server, Stopped, Stopper};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{Failure, ServeOptions, overrides, read_config};

/// Serves until SIGTERM or SIGINT.
pub(crate) fn run(options: &ServeOptions) -> Result<(), Failure> {
    log_to_stderr();
    let text = match &options.config {
        Some(path) => read_config(path)?,
        None => ConfigText::built_in(),
    };
    let wrong = |report| Failure::misconfigured(text.render(&report));
    let config = text.parse(&overrides(options)).map_err(wrong)?;
    let server = Server::bind(config).map_err(wrong)?;
    stop_on_signal(server.stopper())
        .map_err(|error| Failure::failed(format!("cannot listen for signals: {error}")))?;
    // A start whose lines nobody reads is a start all the same.
    greet(&server, options.config.is_none()).ok();
    let stopped =
        server.run().map_err(|error| Failure::failed(format!("cannot serve: {error}")))?;
    say_goodbye(&stopped)
}

fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
}

fn greet(server: &Server, built_in: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let (address, port) = (server.address(), server.address().port());
    for notice in server.notices() {
        writeln!(out, "{notice}")?;
    }
    writeln!(out, "larder {} listening on {address}", env!("CARGO_PKG_VERSION"))?;
    for line in server.status().keyspace_summary() {
        writeln!(out, "  {line}")?;
    }
    if built_in {
        writeln!(out, "Try, in another terminal:")?;
        writeln!(out, "  redis-cli -p {port} GET airport:LSZH")?;
        writeln!(out, "  redis-cli -p {port} SET through:a 1")?;
        writeln!(out, "  redis-cli -p {port} CACHE.EXPLAIN SET behind:a 1")?;
    }
    out.flush()
}

/// Stops the server at the first SIGTERM or SIGINT. A second one ends the process at once.
fn stop_on_signal(stopper: Stopper) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let context = runtime.enter();
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    drop(context);
    thread::Builder::new().name("larder-signals".to_owned()).spawn(move || {
        for first in [true, false] {
            runtime.block_on(async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            });
            match first {
                true => stopper.stop(),
                false => std::process::exit(i32::from(crate::FAILED)),
            }
        }
    })?;
    Ok(())
}

fn say_goodbye(stopped: &Stopped) -> Result<(), Failure> {
    let left: Vec<String> = stopped
        .unflushed
        .iter()
        .map(|(keyspace, writes)| {
            format!("keyspace {keyspace}: {writes} acknowledged writes did not reach the source and are lost")
        })
        .collect();
    match left.is_empty() {
        true => Ok(()),
        false => Err(Failure::failed(left.join("\n"))),
    }
}
