//! `larder journal`: looks into the queues of writes, and orders them about.
//!
//! What only looks reads the files of a folder, which a larder may be using meanwhile. What changes
//! something asks the larder that serves: nobody else knows what is on its way.

mod files;
mod shown;
mod wire;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::Failure;
use wire::Wire;

/// What is done about a journal.
#[derive(Subcommand)]
pub(crate) enum JournalCommand {
    /// What a journal holds: one in a folder, or those of a larder that serves.
    Status(StatusOptions),
    /// Read every byte of the journal in a folder, and say what is wrong with it.
    ///
    /// Ends with 1 when something is.
    Verify(VerifyOptions),
    /// Print the writes that the journal in a folder holds, a line of JSON each.
    Dump(DumpOptions),
    /// The writes that the source refused.
    #[command(subcommand)]
    Dead(DeadCommand),
    /// Wait until the source has what a larder that serves has queued.
    ///
    /// Ends with 1 when the time has run out before.
    Flush(FlushOptions),
}

#[derive(Subcommand)]
pub(crate) enum DeadCommand {
    /// List them: those of the journal in a folder, or of a keyspace of a larder that serves.
    List(DeadListOptions),
    /// Queue them again.
    Replay(ReplayOptions),
    /// Drop them for good.
    Drop(LettersOptions),
}

#[derive(Args)]
pub(crate) struct StatusOptions {
    /// The folder of a journal; without one, a larder that serves is asked.
    #[arg(value_name = "DIR", conflicts_with = "keyspace")]
    folder: Option<PathBuf>,
    /// Only this keyspace.
    #[arg(long, value_name = "NAME")]
    keyspace: Option<String>,
    #[command(flatten)]
    server: ServerOptions,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct DumpOptions {
    /// The folder of the journal.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

#[derive(Args)]
pub(crate) struct VerifyOptions {
    /// The folder of the journal.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct DeadListOptions {
    /// The folder of a journal; without one, a larder that serves is asked.
    #[arg(value_name = "DIR", conflicts_with = "keyspace", required_unless_present = "keyspace")]
    folder: Option<PathBuf>,
    /// The keyspace that is asked for.
    #[arg(long, value_name = "NAME")]
    keyspace: Option<String>,
    #[command(flatten)]
    server: ServerOptions,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct ReplayOptions {
    #[command(flatten)]
    letters: LettersOptions,
    /// Those too whose key has been written since: an older value then replaces a newer one.
    #[arg(long)]
    force: bool,
}

#[derive(Args)]
pub(crate) struct LettersOptions {
    /// The keyspace.
    keyspace: String,
    /// Their numbers, as they are listed.
    #[arg(value_name = "NUMBER", required_unless_present = "all")]
    numbers: Vec<u64>,
    /// All that there are.
    #[arg(long, conflicts_with = "numbers")]
    all: bool,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Args)]
pub(crate) struct FlushOptions {
    /// Only this keyspace.
    keyspace: Option<String>,
    /// How many milliseconds to wait; 0 is for ever.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    timeout: u64,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Args)]
pub(crate) struct ServerOptions {
    /// Where it serves, without TLS. LARDER_PASSWORD is the password, if one is needed.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7379")]
    server: String,
}

pub(crate) fn run(command: &JournalCommand) -> Result<(), Failure> {
    match command {
        JournalCommand::Status(options) => status(options),
        JournalCommand::Verify(options) => files::verify(&options.folder, options.json),
        JournalCommand::Dump(options) => files::dump(&options.folder),
        JournalCommand::Dead(DeadCommand::List(options)) => list(options),
        JournalCommand::Dead(DeadCommand::Replay(options)) => replay(options),
        JournalCommand::Dead(DeadCommand::Drop(options)) => {
            let dropped = options.order(&["DROP", &options.keyspace])?;
            println!("{dropped} dropped");
            Ok(())
        }
        JournalCommand::Flush(options) => flush(options),
    }
}

fn status(options: &StatusOptions) -> Result<(), Failure> {
    if let Some(folder) = &options.folder {
        return files::status(folder, options.json);
    }
    let mut request = vec!["CACHE.JOURNAL", "STATUS"];
    request.extend(options.keyspace.as_deref());
    shown::print(&Wire::connect(&options.server)?.ask(&request)?, options.json)
}

fn list(options: &DeadListOptions) -> Result<(), Failure> {
    match (&options.folder, &options.keyspace) {
        (Some(folder), _) => files::list_dead(folder, options.json),
        (None, keyspace) => {
            let keyspace = keyspace.as_deref().unwrap_or_default();
            wire::each_letter(&mut Wire::connect(&options.server)?, keyspace, |letter| {
                shown::print(letter, options.json)
            })
        }
    }
}

fn replay(options: &ReplayOptions) -> Result<(), Failure> {
    let mut order = vec!["REPLAY", &options.letters.keyspace];
    order.extend(options.force.then_some("FORCE"));
    let replayed = options.letters.order(&order)?;
    println!("{replayed} queued again");
    Ok(())
}

fn flush(options: &FlushOptions) -> Result<(), Failure> {
    let timeout = options.timeout.to_string();
    let mut request = vec!["CACHE.JOURNAL", "FLUSH"];
    request.extend(options.keyspace.as_deref());
    request.push(&timeout);
    match Wire::connect(&options.server)?.count(&request)? {
        0 => Err(Failure::failed("the time has run out, and the source does not have all yet")),
        _ => Ok(()),
    }
}

impl LettersOptions {
    /// Gives an order about these letters; answers how many it concerned.
    fn order(&self, order: &[&str]) -> Result<i64, Failure> {
        let numbers: Vec<String> = self.numbers.iter().map(u64::to_string).collect();
        let mut request = vec!["CACHE.JOURNAL", "DEAD"];
        request.extend(order);
        request.extend(self.all.then_some("ALL"));
        request.extend(numbers.iter().map(String::as_str));
        Wire::connect(&self.server)?.count(&request)
    }
}
