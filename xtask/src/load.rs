//! The load run: the same requests to larder and to redis-server, in turns.
//!
//! All servers are up during the whole run, filled with the same entries, and one is driven at a
//! time. Requests per second depend on the client, which takes its share of the machine; requests
//! per CPU-second of the server do not, so that is the figure to compare.

pub(crate) mod client;
pub(crate) mod figures;

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::failure::{Failure, Result};
use crate::server::{Profile, Server, build};
use crate::step::output;
use client::{Drive, GET};
use figures::{Figures, Run};

/// How many entries each server holds.
pub(crate) const KEYS: usize = 100_000;

/// The load of the run.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How long each server is driven at each depth in each round, about
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// How often each server takes its turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How many commands are sent at once on a connection
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64])]
    depths: Vec<usize>,
    /// How many connections there are
    #[arg(long, default_value_t = 50)]
    connections: usize,
    /// Which servers to drive
    #[arg(long, value_delimiter = ',', default_values = ["redis", "reactors", "tasks"])]
    subjects: Vec<Subject>,
}

/// A server that can be driven.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Subject {
    /// redis-server, in memory only
    Redis,
    /// larder with the model `reactors`
    Reactors,
    /// larder with the model `tasks`
    Tasks,
}

impl Subject {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis-server",
            Self::Reactors => "larder, reactors",
            Self::Tasks => "larder, tasks",
        }
    }

    fn start(self, larder: &Path) -> Result<Server> {
        match self {
            Self::Redis => Server::redis(&[]),
            Self::Reactors => Server::larder(larder, "reactors"),
            Self::Tasks => Server::larder(larder, "tasks"),
        }
    }
}

/// Drives every subject and prints the figures as a Markdown table.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    check(arguments)?;
    let larder = match arguments.subjects.iter().any(|subject| *subject != Subject::Redis) {
        true => build(root, Profile::Release)?,
        false => PathBuf::new(),
    };
    let mut servers = Vec::new();
    for subject in &arguments.subjects {
        let server = subject.start(&larder)?;
        client::fill(server.address(), KEYS)?;
        servers.push((*subject, server));
    }
    let mut figures = Figures::default();
    for &depth in &arguments.depths {
        measure(&servers, depth, arguments, &mut figures)?;
    }
    println!("{}; GET of {KEYS} keys with 64-byte values\n", machine());
    print!("{}", figures.table(&arguments.subjects));
    Ok(())
}

fn check(arguments: &Arguments) -> Result<()> {
    let Arguments { seconds, rounds, depths, connections, subjects } = arguments;
    let some = *rounds > 0 && *connections > 0 && !depths.is_empty() && !subjects.is_empty();
    if !some || depths.contains(&0) || !(0.1..=3_600.0).contains(seconds) {
        return Err(Failure::new("every number of a load run is above zero, seconds up to 3600"));
    }
    Ok(())
}

/// Every round of one depth, the subjects in turns.
fn measure(
    servers: &[(Subject, Server)],
    depth: usize,
    arguments: &Arguments,
    figures: &mut Figures,
) -> Result<()> {
    let connections = arguments.connections;
    let mut drives = Vec::new();
    for (_, server) in servers {
        let trial = Drive { command: GET, requests: KEYS, depth, connections };
        let rate = trial.run(server.address())?;
        let requests = ((rate * arguments.seconds) as usize).max(KEYS);
        drives.push(Drive { requests, ..trial });
    }
    for round in 0..arguments.rounds {
        for ((subject, server), drive) in servers.iter().zip(&drives) {
            let before = server.cpu_seconds()?;
            let rate = drive.run(server.address())?;
            let cpu = server.cpu_seconds()? - before;
            let run = Run { rate, per_cpu_second: drive.requests as f64 / cpu.max(0.01) };
            eprintln!("depth {depth}, round {}, {}: {run}", round + 1, subject.name());
            figures.add(depth, *subject, run);
        }
    }
    Ok(())
}

/// What the figures were made on.
pub(crate) fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let redis = output(std::process::Command::new("redis-server").arg("--version"));
    let redis = redis.unwrap_or_default();
    let version = redis.split_whitespace().find_map(|word| word.strip_prefix("v="));
    format!(
        "{model}, {cores} cores, Linux {}, redis-server {}",
        kernel.trim(),
        version.unwrap_or("of unknown version"),
    )
}
