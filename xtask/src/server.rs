//! A server of a run: started in a folder of its own, ended with the run.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::failure::{Failure, Result, read};
use crate::step::{cargo, output, run};

const START_TIMEOUT: Duration = Duration::from_secs(20);
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// A running server. It ends when this is dropped.
pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
    folder: TempDir,
    ticks_per_second: f64,
}

impl Server {
    /// redis-server without persistence, with further options.
    pub(crate) fn redis(options: &[&str]) -> Result<Self> {
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]).args(options);
        Self::start(|_, address| {
            command.args(["--port", &address.port().to_string()]);
            Ok(command)
        })
    }

    /// `larder serve`, of which only the default keyspace is of interest.
    pub(crate) fn larder(binary: &Path, model: &str) -> Result<Self> {
        Self::larder_with(binary, &format!("model = \"{model}\"\n"))
    }

    /// `larder serve` with this configuration, to which its address and a large default keyspace are
    /// added.
    pub(crate) fn larder_with(binary: &Path, configuration: &str) -> Result<Self> {
        Self::start(|folder, address| {
            let config = folder.join("larder.toml");
            let text = format!(
                "listen = \"{address}\"\n{configuration}\n[default_keyspace]\nmax_bytes = \"1GB\"\n"
            );
            fs::write(&config, text).map_err(|error| Failure::io(config.display(), error))?;
            let mut command = Command::new(binary);
            command.arg("serve").arg("--config").arg(config);
            Ok(command)
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The processor time that all its threads have used so far, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        let stat = read(Path::new(&format!("/proc/{}/stat", self.process.id())))?;
        let ticks = cpu_ticks(&stat);
        let ticks = ticks.ok_or_else(|| Failure::new("/proc/PID/stat is not as expected"))?;
        Ok(ticks as f64 / self.ticks_per_second)
    }

    pub(crate) fn start(
        command: impl FnOnce(&Path, SocketAddr) -> Result<Command>,
    ) -> Result<Self> {
        let folder = TempDir::new().map_err(|error| Failure::io("a temporary folder", error))?;
        let address = free_address()?;
        let ticks_per_second = ticks_per_second()?;
        let mut command = command(folder.path(), address)?;
        let log = File::create(folder.path().join("log"));
        let log = log.map_err(|error| Failure::io("the server's log", error))?;
        let errors = log.try_clone().map_err(|error| Failure::io("the server's log", error))?;
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(log).stderr(errors);
        let program = command.get_program().to_string_lossy().into_owned();
        let process = command.spawn().map_err(|error| Failure::io(program, error))?;
        let mut server = Self { process, address, folder, ticks_per_second };
        server.wait()?;
        Ok(server)
    }

    /// Until it can be connected to.
    fn wait(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(self.address).is_err() {
            let ended = self.process.try_wait().ok().flatten();
            if ended.is_some() || Instant::now() > deadline {
                let log = read(&self.folder.path().join("log"))?;
                return Err(Failure::new(format!("a server did not start; it said:\n{log}")));
            }
            thread::sleep(RETRY_INTERVAL);
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Either it has ended by itself, or it does so now: both are fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A build of larder.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build.
    Debug,
    /// Quick to run.
    Release,
}

/// Builds the binary; where it is.
pub(crate) fn build(root: &Path, profile: Profile) -> Result<PathBuf> {
    let mut command = cargo();
    command.current_dir(root).args(["build", "--package", "larder-cli"]);
    let folder = match profile {
        Profile::Debug => "debug",
        Profile::Release => {
            command.arg("--release");
            "release"
        }
    };
    run(&mut command)?;
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root.join("target"), PathBuf::from);
    Ok(root.join(target).join(folder).join("larder"))
}

/// A port that was free a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0");
    let address = listener.and_then(|listener| listener.local_addr());
    address.map_err(|error| Failure::io("a free port", error))
}

fn ticks_per_second() -> Result<f64> {
    let ticks = output(Command::new("getconf").arg("CLK_TCK"))?;
    ticks.trim().parse().map_err(|_| Failure::new("getconf CLK_TCK printed no number"))
}

/// `utime` and `stime` of a process, which follow its parenthesised name; see proc_pid_stat(5).
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 2 3 4 150 25 7 8 20 0 5 0 100";
        assert_eq!(cpu_ticks(stat), Some(175));
        assert_eq!(cpu_ticks("42 (a) S 1"), None);
    }
}
