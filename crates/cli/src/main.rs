//! The binary `larder`.

mod check;
mod journal;
mod lab;
mod serve;
mod tour;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use larder_server::config::{ConfigText, Overrides, Secret};

/// A caching tier between your application and its database.
#[derive(Parser)]
#[command(name = "larder", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the Redis protocol.
    ///
    /// The environment variable LARDER_PASSWORD sets the password of the user "default".
    Serve(ServeOptions),
    /// Serve clients for the larder that has started this process, and knows no other use.
    #[command(hide = true)]
    Worker(worker::WorkerOptions),
    /// Check a configuration, and that its databases and tables bear it out.
    Check(CheckOptions),
    /// Look into the queues of writes, and order them about.
    #[command(subcommand)]
    Journal(journal::JournalCommand),
    /// Play each caching strategy against a real database, and draw what passes between the parts.
    Tour(tour::TourOptions),
    /// Measure connection models and caching strategies on this machine.
    #[command(subcommand)]
    Lab(lab::LabCommand),
    /// Load a server that speaks the Redis protocol, and measure what it answers.
    Bench(larder_lab::bench::Options),
}

#[derive(Args)]
struct ServeOptions {
    /// The configuration; without one, a keyspace for each strategy over ./larder.db.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where clients connect, such as 127.0.0.1:7379; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The folder that relative names of database files and journals start from.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How connections are driven: reactors, process, prefork, thread, pool, select, poll, epoll, uring, local
    /// or tasks.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
}

#[derive(Args)]
struct CheckOptions {
    /// The configuration.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The folder that relative names of database files start from.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// A mistake in what larder was told: the command line, the configuration, its databases.
const MISCONFIGURED: u8 = 2;

/// Goes before the password in the configuration.
const PASSWORD_VARIABLE: &str = "LARDER_PASSWORD";

/// Everything else that ends the program early.
const FAILED: u8 = 1;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(options) => serve::run(&options),
        Command::Worker(options) => worker::run(&options),
        Command::Check(options) => check::run(&options),
        Command::Journal(command) => journal::run(&command),
        Command::Tour(options) => tour::run(&options),
        Command::Lab(command) => lab::run(&command),
        Command::Bench(options) => lab::bench(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("larder: {}", failure.message.trim_end());
            ExitCode::from(failure.code)
        }
    }
}

/// Why the program ends early.
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    fn misconfigured(message: impl Into<String>) -> Self {
        Self { code: MISCONFIGURED, message: message.into() }
    }

    fn failed(message: impl Into<String>) -> Self {
        Self { code: FAILED, message: message.into() }
    }
}

/// The text of a configuration file.
fn read_config(path: &std::path::Path) -> Result<ConfigText, Failure> {
    ConfigText::read(path)
        .map_err(|error| Failure::misconfigured(format!("cannot read {}: {error}", path.display())))
}

/// What the environment says is the password. One that is empty is none.
fn password() -> Option<Secret> {
    let password = std::env::var(PASSWORD_VARIABLE).ok().filter(|text| !text.is_empty());
    password.map(Secret::from)
}

/// What the command line says instead of the file.
fn overrides(options: &ServeOptions) -> Overrides {
    Overrides {
        listen: options.listen.clone(),
        data: options.data.clone(),
        model: options.model.clone(),
        password: password(),
    }
}
