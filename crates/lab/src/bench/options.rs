//! What the command line says.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::request::Requests;
use crate::failure::{Failure, Result};
use crate::generator::{Dialogue, Load, Pace};
use crate::workload::{self, Operation, Ready, Setting, Workload};

/// Says the password where the command line does not.
const PASSWORD_VARIABLE: &str = "LARDER_PASSWORD";

/// How long it takes at most to find out which of several addresses is served.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// No run is longer, in seconds.
const DAY: f64 = 86_400.0;

/// The options of the run.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Where the server listens, without TLS
    #[arg(value_name = "HOST:PORT", default_value = "127.0.0.1:7379")]
    server: String,
    /// Whom to connect as
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// The password; if none is given, the environment variable LARDER_PASSWORD
    #[arg(long)]
    password: Option<String>,
    /// The version of the protocol
    #[arg(long, value_name = "VERSION", default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=3))]
    resp: u8,

    /// How many connections ask
    #[arg(long, value_name = "N", default_value_t = 50)]
    connections: usize,
    /// How many threads drive them
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,
    /// How many requests of a connection may be in flight
    #[arg(long, value_name = "N", default_value_t = 1)]
    pipeline: usize,
    /// Open loop: ask so many times a second, whatever the server does. A request that is late counts from
    /// when it was due. Without a rate each connection asks again when it is answered (closed loop)
    #[arg(long, value_name = "PER_SECOND")]
    rate: Option<f64>,
    /// Space the requests of an open loop evenly, rather than at random as independent users would
    #[arg(long, requires = "rate")]
    even: bool,
    /// How long a round is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    duration: f64,
    /// What is thrown away before that
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    warm_up: f64,
    /// How many rounds there are
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = rounds())]
    pub(super) rounds: usize,

    /// Which keys are asked for, and what for
    #[arg(long, value_name = "NAME", default_value = "read-mostly", value_parser = workloads())]
    workload: String,
    /// The share of requests that are reads, from 0 to 1, instead of the workload's
    #[arg(long, value_name = "SHARE")]
    read_share: Option<f64>,
    /// How many keys there are
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    keys: u64,
    /// How uneven a Zipf distribution is; 0 is even
    #[arg(long, value_name = "EXPONENT", default_value_t = 0.99)]
    zipf: f64,
    /// The share of the requests that are for the hot key, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.8)]
    hot_share: f64,
    /// The trace that the workload `trace` replays: ARC's `.lis`, or a key a line; plain or zstd
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Another seed asks for other keys
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// What keys begin with; a number follows
    #[arg(long, value_name = "TEXT", default_value = "key:")]
    prefix: String,
    /// How long values are
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(..=67_108_864))]
    value_bytes: u32,
    /// Write every key before the first round
    #[arg(long)]
    pub(super) fill: bool,
    /// Write the numbers of every round to this file
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
}

fn workloads() -> impl TypedValueParser<Value = String> {
    let value = |workload: &Workload| PossibleValue::new(workload.name).help(workload.purpose);
    PossibleValuesParser::new(workload::ALL.iter().map(value))
}

fn rounds() -> impl TypedValueParser<Value = usize> {
    clap::value_parser!(u16).range(1..).map(usize::from)
}

/// What a run does, checked.
pub(super) struct Plan {
    pub(super) load: Load,
    pub(super) workload: Ready,
    pub(super) requests: Requests,
}

impl Options {
    /// What they come to.
    ///
    /// # Errors
    ///
    /// When they do not fit together.
    pub(super) fn plan(&self) -> Result<Plan> {
        let duration = seconds("--duration", self.duration, f64::MIN_POSITIVE..=DAY)?;
        let warm_up = seconds("--warm-up", self.warm_up, 0.0..=DAY)?;
        let load = Load {
            connections: self.connections,
            threads: self.threads,
            pipeline: self.pipeline,
            pace: self.pace(),
            warm_up,
            lasting: duration,
            ..Load::on(address(&self.server)?)
        };
        load.check()?;
        Ok(Plan { load, workload: self.workload()?, requests: self.requests()? })
    }

    fn pace(&self) -> Pace {
        match (self.rate, self.even) {
            (None, _) => Pace::Closed,
            (Some(per_second), true) => Pace::Open { per_second },
            (Some(per_second), false) => Pace::Poisson { per_second },
        }
    }

    fn workload(&self) -> Result<Ready> {
        let mut ready = Workload::named(&self.workload)?.prepare(&Setting {
            keys: self.keys,
            exponent: self.zipf,
            hot_share: self.hot_share,
            trace: self.trace.clone(),
            seed: self.seed,
            ..Setting::default()
        })?;
        if let Some(share) = self.read_share {
            if !(0.0..=1.0).contains(&share) {
                return Err(Failure::misuse("--read-share is from 0 to 1"));
            }
            ready.read_share = share;
        }
        Ok(ready)
    }

    fn requests(&self) -> Result<Requests> {
        let in_environment = || std::env::var(PASSWORD_VARIABLE).ok();
        let password = self.password.clone().or_else(in_environment);
        let password = password.filter(|password| !password.is_empty());
        if self.user.is_some() && password.is_none() {
            return Err(Failure::misuse(format!(
                "a --user needs a --password, or the variable {PASSWORD_VARIABLE}"
            )));
        }
        let requests = Requests::new(&self.prefix, self.value_bytes as usize);
        Ok(requests.greeting_with(self.resp, self.user.as_deref(), password.as_deref()))
    }
}

impl Plan {
    /// Asks once of each kind, so that what cannot work fails at once and in one line.
    ///
    /// # Errors
    ///
    /// When the server is not there, or refuses the user, a read or a write.
    pub(super) fn probe(&self) -> Result<()> {
        let mut dialogue = self.dialogue()?;
        let share = self.workload.read_share;
        for (is_asked, operation) in
            [(share > 0.0, Operation::Read(0)), (share < 1.0, Operation::Write(0))]
        {
            if is_asked {
                let mut request = Vec::new();
                self.requests.encode(operation, &mut request);
                dialogue.demand(&request, 1)?;
            }
        }
        Ok(())
    }

    /// A connection that is let in.
    pub(super) fn dialogue(&self) -> Result<Dialogue> {
        let mut dialogue = Dialogue::open(self.load.target)?;
        let (greeting, count) = self.requests.greeting();
        dialogue.demand(greeting, count)?;
        Ok(dialogue)
    }
}

fn seconds(option: &str, value: f64, range: RangeInclusive<f64>) -> Result<Duration> {
    match range.contains(&value) {
        true => Ok(Duration::from_secs_f64(value)),
        false => Err(Failure::misuse(format!("{option} is a number of seconds, up to a day"))),
    }
}

/// The address of a server: of several that a name has, the first that is served.
fn address(server: &str) -> Result<SocketAddr> {
    let found = server.to_socket_addrs();
    let no_address = |why: String| {
        Failure::misuse(format!("{server:?} is no address such as 127.0.0.1:7379: {why}"))
    };
    let found: Vec<_> = found.map_err(|error| no_address(error.to_string()))?.collect();
    let is_served = |address: &SocketAddr| {
        found.len() == 1 || TcpStream::connect_timeout(address, CONNECT_TIMEOUT).is_ok()
    };
    let served = found.iter().copied().find(is_served);
    let first = served.or_else(|| found.first().copied());
    first.ok_or_else(|| no_address("nobody has that name".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port() {
        assert_eq!(address("127.0.0.1:7379").unwrap().port(), 7379);
        let refused = address("127.0.0.1").unwrap_err().to_string();
        assert!(refused.contains("no address such as"), "{refused}");
    }
}
