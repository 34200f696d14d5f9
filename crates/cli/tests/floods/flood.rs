//! A flood, and what must not come of it.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use crate::kit::{Larder, Setup, on_each_of};
use crate::wire::{PATIENCE, Wire};

/// The password of every flood that has one.
pub const PASSWORD: &str = "s3cret";

/// What the process takes without any client, in a build that is not optimised.
const BASE_MIB: u64 = 40;

/// The models whose memory is that of their clients and of little else: each thread and each process
/// takes memory of its own, whatever its client does.
const MODELS: [&str; 2] = ["reactors", "tasks"];

/// A configuration to be flooded.
pub struct Flood<'a> {
    /// What larder is told.
    pub config: &'a str,
    /// How much memory more than usual it may ever take.
    pub mib_max: u64,
}

impl Flood<'_> {
    /// Plays `scenario` on every model. While it does, a client that keeps to itself has every one
    /// of its requests answered. The memory stays below the bound, and the server ends well.
    pub fn with(&self, scenario: impl Fn(&Larder)) {
        self.furnished_with(|_| {}, scenario);
    }

    /// As [`with`](Self::with), in a folder that `furnish` has put files into.
    pub fn furnished_with(&self, furnish: impl Fn(&Setup), scenario: impl Fn(&Larder)) {
        on_each_of(&MODELS, |setup| {
            furnish(&setup);
            let larder = setup.config(self.config).start();
            let mut witness = self.wire(&larder);
            let process = process_of(&mut witness);
            let is_over = AtomicBool::new(false);
            let served = thread::scope(|scope| {
                let witness = scope.spawn(|| served(&mut witness, &is_over));
                let _end = End(&is_over);
                scenario(&larder);
                is_over.store(true, Ordering::Relaxed);
                witness.join().unwrap()
            });
            let peak = memory_mib(process, "VmHWM:");
            eprintln!("{served} requests of the witness; at most {peak} MiB");
            assert!(peak <= BASE_MIB + self.mib_max, "{peak} MiB");
            drop(witness);
            larder.stop();
        });
    }

    /// A client that may do everything.
    pub fn wire(&self, larder: &Larder) -> Wire {
        let mut wire = larder.wire();
        if self.config.contains(PASSWORD) {
            wire.talk(&[(&format!("AUTH {PASSWORD}"), "OK")]);
        }
        wire
    }
}

/// Ends the witness however the scenario ends.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks until `is_over`, at least once after that, and answers how often.
fn served(witness: &mut Wire, is_over: &AtomicBool) -> usize {
    let (mut rounds, mut is_last) = (0, false);
    while !is_last {
        is_last = is_over.load(Ordering::Relaxed);
        rounds += 1;
        witness.talk(&[
            (&format!("SET witness {rounds}"), "OK"),
            ("GET witness", &rounds.to_string()),
            ("PING", "PONG"),
        ]);
        thread::yield_now();
    }
    3 * rounds
}

fn process_of(wire: &mut Wire) -> u32 {
    figure(&wire.ask("INFO server"), "process_id:").try_into().unwrap()
}

/// A figure of `INFO`, or of any lines like that.
pub fn figure(lines: &str, name: &str) -> u64 {
    let line = lines.lines().find_map(|line| line.trim().strip_prefix(name));
    line.unwrap().split_whitespace().next().unwrap().parse().unwrap()
}

fn memory_mib(process: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    figure(&status, name) / 1024
}

/// Waits until it holds.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        thread::yield_now();
    }
}

/// Whether the server has closed the connection, whatever it has said before.
pub fn is_gone(wire: &mut Wire) -> bool {
    loop {
        match wire.read() {
            Ok(_) => {}
            Err(error) => return !is_timeout(&error),
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// The next bytes, when nothing was read ahead.
pub fn exactly(wire: &mut Wire, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    wire.stream().read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Sends bytes to a server that may close the connection meanwhile.
pub fn pour(wire: &mut Wire, bytes: &[u8]) -> bool {
    wire.stream().write_all(bytes).is_ok()
}
