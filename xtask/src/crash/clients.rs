//! Clients that write, and remember what they were told.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use redis::{Client, Cmd, Connection, RedisError, RedisResult};

use super::ledger::{Ledger, Value};
use crate::failure::{Failure, Result};
use crate::random::Random;

/// The prefix of the keyspace.
const PREFIX: &str = "crash:";
/// Longer than any answer takes, so that a hang becomes a failure.
const PATIENCE: Duration = Duration::from_secs(30);
/// One in so many writes is a delete.
const DELETES: usize = 8;
/// The most writes of a pipeline.
const PIPELINE_MAX: usize = 8;

/// A client with keys of its own.
pub(crate) struct Writer {
    ledger: Ledger,
}

impl Writer {
    /// The client of that number, with so many keys.
    pub(crate) fn new(number: usize, keys: usize) -> Self {
        Self { ledger: Ledger::new((0..keys).map(|key| format!("{number}-{key}"))) }
    }

    /// What it knows.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Reads all its keys.
    pub(crate) fn look(&mut self, address: SocketAddr) -> Result<()> {
        let mut connection = connect(address).map_err(told)?;
        self.read_all(&mut connection)?.map_err(told)
    }

    fn read_all(&mut self, connection: &mut Connection) -> Result<RedisResult<()>> {
        let keys = self.keys();
        self.read(connection, &keys)
    }

    /// Reads `keys`. The outer error is a promise that was broken, the inner one larder's answer, or
    /// the lack of one.
    pub(crate) fn read(
        &mut self,
        connection: &mut Connection,
        keys: &[String],
    ) -> Result<RedisResult<()>> {
        let read: RedisResult<Vec<Value>> = on_all("MGET", keys).query(connection);
        let values = match read {
            Ok(values) => values,
            Err(error) => return Ok(Err(error)),
        };
        for (key, value) in keys.iter().zip(values) {
            self.ledger.seen(key, value)?;
        }
        Ok(Ok(()))
    }

    /// Has the cached copies of `keys` dropped.
    pub(crate) fn drop_copies(
        &self,
        connection: &mut Connection,
        keys: &[String],
    ) -> RedisResult<()> {
        on_all("CACHE.DROP", keys).query(connection)
    }

    /// Sends a few writes together, and takes their answers. The keys that were written, each once.
    pub(crate) fn write(
        &mut self,
        connection: &mut Connection,
        random: &mut Random,
    ) -> RedisResult<Vec<String>> {
        let keys = self.keys();
        let mut pipeline = redis::pipe();
        let mut writes = Vec::new();
        for _ in 0..=random.below(PIPELINE_MAX) {
            let key = random.pick(&keys).clone();
            let number = self.ledger.number();
            let value = (!random.once_in(DELETES)).then_some(number);
            let name = format!("{PREFIX}{key}");
            match value {
                Some(number) => pipeline.cmd("SET").arg(name).arg(number),
                None => pipeline.cmd("DEL").arg(name),
            };
            self.ledger.sent(&key, value);
            writes.push((key, value));
        }
        pipeline.query::<Vec<redis::Value>>(connection)?;
        for (key, value) in &writes {
            self.ledger.acknowledged(key, *value);
        }
        let written: BTreeSet<String> = writes.into_iter().map(|(key, _)| key).collect();
        Ok(written.into_iter().collect())
    }

    fn keys(&self) -> Vec<String> {
        self.ledger.keys().map(str::to_owned).collect()
    }
}

fn on_all(command: &str, keys: &[String]) -> Cmd {
    let mut command = redis::cmd(command);
    for key in keys {
        command.arg(format!("{PREFIX}{key}"));
    }
    command
}

/// Looks at every key, then writes until the connection breaks.
pub(crate) fn write_until_killed(
    writer: &mut Writer,
    address: SocketAddr,
    seed: u64,
) -> Result<()> {
    let mut random = Random::new(seed, 0);
    let written = connect(address).and_then(|mut connection| {
        match writer.read_all(&mut connection) {
            Ok(read) => read?,
            Err(failure) => return Ok(Err(failure)),
        }
        loop {
            writer.write(&mut connection, &mut random)?;
        }
    });
    match written {
        Ok(outcome) => outcome,
        Err(error) if is_broken(&error) => Ok(()),
        Err(error) => Err(told(error)),
    }
}

/// Waits until the source has every write.
pub(crate) fn flush(address: SocketAddr, timeout: Duration) -> Result<()> {
    let mut connection = connect(address).map_err(told)?;
    connection.set_read_timeout(Some(timeout + PATIENCE)).map_err(told)?;
    let milliseconds = timeout.as_millis().to_string();
    let done: bool =
        redis::cmd("CACHE.FLUSH").arg(milliseconds).query(&mut connection).map_err(told)?;
    match done {
        true => Ok(()),
        false => Err(Failure::new(format!("the source lacks writes after {timeout:?}"))),
    }
}

/// Whether commands are answered.
pub(crate) fn is_served(address: SocketAddr) -> bool {
    let ping = |mut connection| redis::cmd("PING").query::<String>(&mut connection);
    connect(address).and_then(ping).is_ok()
}

/// A connection whose answers are not waited for without end.
pub(crate) fn connect(address: SocketAddr) -> RedisResult<Connection> {
    let connection = Client::open(format!("redis://{address}"))?.get_connection()?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    Ok(connection)
}

fn is_broken(error: &RedisError) -> bool {
    let is_reset = |kind| matches!(kind, ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof);
    error.is_connection_dropped()
        || error.is_connection_refusal()
        || std::error::Error::source(error)
            .and_then(|source| source.downcast_ref::<std::io::Error>())
            .is_some_and(|error| is_reset(error.kind()))
}

/// What a client was told, as a failure.
pub(crate) fn told(error: RedisError) -> Failure {
    Failure::new(format!("a client was told: {error}"))
}
