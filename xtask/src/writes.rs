//! Acknowledged writes per second: write-behind beside the same number of clients that write the
//! database themselves, in turns.

mod direct;

use std::path::Path;
use std::time::Duration;

use clap::Parser;
use larder_kit::postgres;

use crate::crash::clients::flush;
use crate::failure::Result;
use crate::load::client::{Drive, VALUE};
use crate::load::figures::Spread;
use crate::load::{KEYS, machine};
use crate::server::{Profile, Server, build};

use direct::Direct;

/// Longer than any backlog takes to drain.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(300);

/// Where writes go, by prefix: what is measured, and what it stands for.
const SUBJECTS: [(&str, &str); 3] = [
    ("always:", "write-behind, sync = \"always\""),
    ("interval:", "write-behind, sync = \"interval:50ms\""),
    ("plain:", "SET without a source"),
];

#[derive(Parser)]
pub(crate) struct Arguments {
    /// How long each subject is driven in each round, about
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// How often each subject takes its turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How many clients there are
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// How many commands a client of larder sends at once
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16])]
    depths: Vec<usize>,
}

/// The rates of one round: of the database itself, then of each subject at each depth.
struct Round {
    direct: f64,
    subjects: Vec<f64>,
}

/// Drives everything in turns and prints the figures as a Markdown table.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    let binary = build(root, Profile::Release)?;
    let postgres = postgres::Server::start()?;
    let database = postgres.database()?;
    let direct = Direct::new(&database)?;
    let server = Server::larder_with(&binary, &configuration(&database.url()))?;
    let mut rounds = Vec::new();
    for number in 1..=arguments.rounds {
        let round = measure(&server, &direct, arguments)?;
        eprintln!("round {number}: direct {:.0} /s, {:.0?} /s", round.direct, round.subjects);
        rounds.push(round);
    }
    println!("{}\n", machine());
    print!("{}", table(&rounds, arguments));
    Ok(())
}

fn configuration(url: &str) -> String {
    let keyspace = |name: &str, sync: &str| {
        format!(
            "[keyspaces.{name}]\nprefix = \"{name}:\"\nsource = \"main\"\n\
             strategy = \"write-behind\"\nmax_entries = 200000\n\
             [keyspaces.{name}.write_behind]\nsync = \"{sync}\"\nqueue_max = 1000000\n\
             queue_bytes_max = \"1GB\"\nbatch_max = 1000\n"
        )
    };
    let keyspaces = [keyspace("always", "always"), keyspace("interval", "interval:50ms")];
    format!("[sources.main]\nurl = \"{url}\"\n{}", keyspaces.concat())
}

fn measure(server: &Server, direct: &Direct, arguments: &Arguments) -> Result<Round> {
    let rate = direct.run(arguments.clients, arguments.seconds)?;
    let mut subjects = Vec::new();
    for (prefix, _) in SUBJECTS {
        for &depth in &arguments.depths {
            subjects.push(drive(server, prefix, depth, arguments)?);
            // What is still queued would burden the one whose turn is next.
            flush(server.address(), DRAIN_TIMEOUT)?;
        }
    }
    Ok(Round { direct: rate, subjects })
}

fn drive(server: &Server, prefix: &str, depth: usize, arguments: &Arguments) -> Result<f64> {
    let key = format!("{prefix}key:__rand_int__");
    let command = ["SET", &key, VALUE];
    let trial = Drive { command: &command, requests: KEYS, depth, connections: arguments.clients };
    let rate = trial.run(server.address())?;
    let requests = ((rate * arguments.seconds) as usize).max(KEYS);
    Drive { requests, ..trial }.run(server.address())
}

fn table(rounds: &[Round], arguments: &Arguments) -> String {
    let mut table =
        "| what is written to | pipeline | acknowledged writes/s | ratio to PostgreSQL |\n\
                     |---|---|---|---|\n"
            .to_owned();
    let line = |name: &str, depth: usize, rate: &dyn Fn(&Round) -> f64| {
        let rates = Spread::of(rounds.iter().map(rate));
        let ratios = Spread::of(rounds.iter().map(|round| rate(round) / round.direct));
        let rates = rates.map_or("-".to_owned(), |rates| format!("{rates:.0}"));
        let ratios = ratios.map_or("-".to_owned(), |ratios| format!("{ratios:.1}"));
        format!("| {name} | {depth} | {rates} | {ratios} |\n")
    };
    table += &line("PostgreSQL itself, single-row upserts", 1, &|round| round.direct);
    let combinations = SUBJECTS
        .iter()
        .flat_map(|(_, name)| arguments.depths.iter().map(move |depth| (*name, *depth)));
    for (place, (name, depth)) in combinations.enumerate() {
        table += &line(name, depth, &|round| round.subjects[place]);
    }
    table
}
