//! Clients that write PostgreSQL themselves, one row a statement: pgbench.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use larder_kit::postgres::Database;
use tempfile::TempDir;

use crate::failure::{Failure, Result};
use crate::load::KEYS;
use crate::load::client::VALUE;
use crate::step::output;

/// Where Debian puts the programs of a version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// A table to write, and the script that writes it.
pub(super) struct Direct {
    url: String,
    program: PathBuf,
    folder: TempDir,
}

impl Direct {
    /// Makes the table in `database`.
    pub(super) fn new(database: &Database) -> Result<Self> {
        database.run("CREATE TABLE direct (key text PRIMARY KEY, value text NOT NULL)")?;
        let folder = TempDir::new().map_err(|error| Failure::io("a temporary folder", error))?;
        let script = format!(
            "\\set number random(0, {})\n\
             INSERT INTO direct VALUES ('key:' || CAST(:number AS text), '{VALUE}') \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value;\n",
            KEYS - 1
        );
        let file = folder.path().join("upsert.sql");
        fs::write(&file, script).map_err(|error| Failure::io(file.display(), error))?;
        Ok(Self { url: database.url(), program: pgbench()?, folder })
    }

    /// Writes with so many clients for so long; acknowledged writes per second.
    pub(super) fn run(&self, clients: usize, seconds: f64) -> Result<f64> {
        let mut command = Command::new(&self.program);
        command.current_dir(self.folder.path()).args(["--no-vacuum", "--protocol=prepared"]);
        command.args(["--client", &clients.to_string(), "--jobs", "1"]);
        command.args(["--time", &format!("{:.0}", seconds.max(1.0))]);
        command.args(["--file", "upsert.sql", &self.url]);
        let printed = output(&mut command)?;
        rate(&printed).ok_or_else(|| Failure::new(format!("pgbench printed\n{printed}")))
    }
}

fn pgbench() -> Result<PathBuf> {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let programs = versions.map(|version| version.path().join("bin/pgbench"));
    let newest = programs.filter(|program| program.is_file()).max();
    newest.ok_or_else(|| Failure::new("there is no pgbench (Debian: apt-get install postgresql)"))
}

/// The number of `tps = 123.4 (without initial connection time)`.
fn rate(printed: &str) -> Option<f64> {
    let line = printed.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read() {
        let printed = "latency average = 1 ms\ntps = 8152.4 (without initial connection time)\n";
        assert_eq!(rate(printed), Some(8152.4));
        assert_eq!(rate("nothing"), None);
    }
}
