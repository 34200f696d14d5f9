//! What it costs to open a connection, to ask once, and to close it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::Visit;
use crate::failure::{Failure, Result};
use crate::interruption;
use crate::models::figures::Arrival;
use crate::models::gets::{VALUE_BYTES, get};

/// Each takes a port for a while after its end.
const ARRIVALS_MAX: usize = 5_000;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

impl Visit<'_> {
    /// Opens, asks and closes again and again, one after the other.
    pub(super) fn arrivals(&mut self) -> Result<()> {
        let before = self.larder.cpu()?;
        let begun = Instant::now();
        let mut arrivals = 0;
        while arrivals < ARRIVALS_MAX && begun.elapsed() < self.plan.lasting {
            interruption::check()?;
            arrive(self.larder.address())?;
            arrivals += 1;
        }
        let elapsed = begun.elapsed();
        // What an end costs comes after it.
        self.settle()?;
        let used = self.larder.cpu()?.saturating_sub(before);
        let each_us = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(arrivals.max(1) as u32);
        let arrival = Arrival { elapsed_us: each_us(elapsed), cpu_us: each_us(used) };
        self.figures.of_mut(self.model).arrivals.insert(self.round, arrival);
        Ok(())
    }
}

fn arrive(server: SocketAddr) -> Result<()> {
    let arrive = || {
        let mut stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(&get(0))?;
        stream.read_exact(&mut [0; VALUE_LENGTH])
    };
    arrive().map_err(|error| Failure::io("a connection that asks once", error))
}

/// Of a value as it comes: its length in two digits, itself, and the ends of two lines.
const VALUE_LENGTH: usize = 1 + 2 + 2 + VALUE_BYTES + 2;
