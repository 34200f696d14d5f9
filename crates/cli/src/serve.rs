//! `larder serve`

use std::io::{self, Write};
use std::net::SocketAddr;
use std::thread;

use larder_server::config::ConfigText;
use larder_server::{Reloader, Server, Stopped, Stopper, Unflushed};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{Failure, ServeOptions, overrides, read_config};

/// Serves until SIGTERM or SIGINT; reloads at SIGHUP.
pub(crate) fn run(options: &ServeOptions) -> Result<(), Failure> {
    log_to_stderr();
    let text = match &options.config {
        Some(path) => read_config(path)?,
        None => ConfigText::built_in(),
    };
    let wrong = |report| Failure::misconfigured(text.render(&report));
    let config = text.parse(&overrides(options)).map_err(wrong)?;
    let server = Server::bind(config).map_err(wrong)?;
    let built_in = options.config.is_none();
    if let Some(path) = &options.config {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        server.status().configured_in(path);
    }
    heed_signals(Signals { stopper: server.stopper(), reloader: server.reloader(), text })
        .map_err(|error| Failure::failed(format!("cannot listen for signals: {error}")))?;
    // A start whose lines nobody reads is a start all the same.
    greet(&server, built_in).ok();
    let stopped =
        server.run().map_err(|error| Failure::failed(format!("cannot serve: {error}")))?;
    say_goodbye(&stopped)
}

pub(crate) fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
}

fn greet(server: &Server, built_in: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for notice in server.notices() {
        writeln!(out, "{notice}")?;
    }
    writeln!(out, "larder {} listening {}", env!("CARGO_PKG_VERSION"), places(server))?;
    for line in server.status().keyspace_summary() {
        writeln!(out, "  {line}")?;
    }
    if let (true, [address, ..]) = (built_in, server.addresses()) {
        let port = address.port();
        writeln!(out, "Try, in another terminal:")?;
        writeln!(out, "  redis-cli -p {port} GET airport:LSZH")?;
        writeln!(out, "  redis-cli -p {port} SET through:a 1")?;
        writeln!(out, "  redis-cli -p {port} CACHE.EXPLAIN SET behind:a 1")?;
    }
    out.flush()
}

/// Where clients connect, to go on after "listening".
fn places(server: &Server) -> String {
    let list = |addresses: &[SocketAddr]| {
        let texts: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
        texts.join(" and ")
    };
    match (list(server.addresses()), list(server.tls_addresses())) {
        (plain, tls) if tls.is_empty() => format!("on {plain}"),
        (plain, tls) if plain.is_empty() => format!("with TLS on {tls}"),
        (plain, tls) => format!("on {plain}, with TLS on {tls}"),
    }
}

/// What signals act on.
struct Signals {
    stopper: Stopper,
    reloader: Reloader,
    /// The configuration, in whose text problems are shown.
    text: ConfigText,
}

/// Reloads at each SIGHUP, and stops the server at the first SIGTERM or SIGINT. A second one ends
/// the process at once.
fn heed_signals(signals: Signals) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let context = runtime.enter();
    let mut hangup = signal(SignalKind::hangup())?;
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    drop(context);
    let heed = async move {
        let mut is_stopping = false;
        loop {
            let is_stop = tokio::select! {
                _ = hangup.recv() => false,
                _ = terminate.recv() => true,
                _ = interrupt.recv() => true,
            };
            match (is_stop, is_stopping) {
                (false, _) => signals.reload(),
                (true, false) => signals.stopper.stop(),
                (true, true) => std::process::exit(i32::from(crate::FAILED)),
            }
            is_stopping |= is_stop;
        }
    };
    let thread = thread::Builder::new().name("larder-signals".to_owned());
    thread.spawn(move || runtime.block_on(heed)).map(drop)
}

impl Signals {
    fn reload(&self) {
        match self.reloader.reload() {
            Ok(()) => tracing::info!("reloaded"),
            Err(report) => {
                let problems = self.text.render(&report);
                tracing::error!("not everything is reloaded:\n{}", problems.trim_end());
            }
        }
    }
}

/// Says what is left. What a journal keeps is no failure: the next start goes on with it.
fn say_goodbye(stopped: &Stopped) -> Result<(), Failure> {
    let mut lost = Vec::new();
    for Unflushed { keyspace, writes, journal_folder } in &stopped.unflushed {
        let left =
            format!("keyspace {keyspace}: {writes} acknowledged writes did not reach the source");
        match journal_folder {
            Some(folder) => eprintln!(
                "larder: {left} and stay in the journal {} for the next start",
                folder.display()
            ),
            None => lost.push(format!("{left} and are lost")),
        }
    }
    match lost.is_empty() {
        true => Ok(()),
        false => Err(Failure::failed(lost.join("\n"))),
    }
}
