//! The programs of the servers: where they are, and as whom they run.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::failure::{Failure, Result};

/// Where the programs of one package are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Package {
    /// Debian's name of it.
    pub(crate) name: &'static str,
    /// Folders beside those of `PATH`. A `*` stands for the name of one folder, the latest first.
    pub(crate) folders: &'static [&'static str],
    /// The user that it makes for its server, which refuses to run as root.
    pub(crate) account: &'static str,
}

impl Package {
    /// Where a program is.
    pub(crate) fn find(&self, program: &str) -> Result<PathBuf> {
        let own = self.folders.iter().flat_map(|pattern| expand(pattern));
        let path = env::var_os("PATH").unwrap_or_default();
        let mut folders = own.chain(env::split_paths(&path));
        let found = folders.find(|folder| folder.join(program).is_file());
        found.map(|folder| folder.join(program)).ok_or_else(|| {
            let name = self.name;
            Failure::new(format!(
                "there is no {program}; install it (Debian: apt-get install {name}), then run this again"
            ))
        })
    }

    /// Whom to run the programs as.
    pub(crate) fn user(&self) -> Result<User> {
        if !rustix::process::geteuid().is_root() {
            return Ok(User::Oneself);
        }
        let accounts = fs::read_to_string("/etc/passwd");
        let accounts = accounts.map_err(|error| Failure::io("/etc/passwd", error))?;
        account(&accounts, self.account).ok_or_else(|| {
            let Self { account, name, .. } = self;
            Failure::new(format!("there is no user {account}, whom the package {name} makes"))
        })
    }
}

/// Whom a program runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User {
    Oneself,
    /// Somebody else, which root may choose.
    Other {
        user: u32,
        group: u32,
    },
}

impl User {
    /// Makes `command` run as this user.
    pub(crate) fn put_on(self, command: &mut Command) {
        use std::os::unix::process::CommandExt;
        if let Self::Other { user, group } = self {
            command.uid(user).gid(group);
        }
    }

    /// Makes this user the owner of a file or folder.
    pub(crate) fn own(self, path: &Path) -> Result<()> {
        let Self::Other { user, group } = self else { return Ok(()) };
        let owned = std::os::unix::fs::chown(path, Some(user), Some(group));
        owned.map_err(|error| Failure::io(path.display(), error))
    }
}

/// Runs `command` to its end. What it prints is in the failure, or is the answer.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let ran = command.output().map_err(|error| Failure::io(&program, error))?;
    let Output { status, stdout, stderr } = ran;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if status.success() {
        return Ok(said(&stdout));
    }
    Err(Failure::new(format!("{program}: {status}\n{}{}", said(&stdout), said(&stderr))))
}

fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((parent, rest)) = pattern.split_once("/*/") else { return vec![pattern.into()] };
    let folders = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.path().join(rest)).collect();
    folders.sort();
    folders.reverse();
    folders
}

/// The user and the group of an account; see passwd(5).
fn account(accounts: &str, name: &str) -> Option<User> {
    let fields = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let fields = fields.into_iter().find(|fields| fields.first() == Some(&name))?;
    Some(User::Other { user: fields.get(2)?.parse().ok()?, group: fields.get(3)?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHELLS: Package =
        Package { name: "dash", folders: &["/usr/*/no-such-folder"], account: "x" };

    #[test]
    fn a_program_that_is_missing_is_named_with_its_package() {
        assert!(SHELLS.find("sh").is_ok());
        let error = SHELLS.find("no-such-program").unwrap_err().to_string();
        assert!(error.contains("no-such-program") && error.contains("install dash"), "{error}");
    }

    #[test]
    fn an_account_has_a_user_and_a_group() {
        let accounts =
            "root:x:0:0:root:/root:/bin/sh\nmysql:x:103:106:,,,:/nonexistent:/bin/false\n";
        assert_eq!(account(accounts, "mysql"), Some(User::Other { user: 103, group: 106 }));
        assert_eq!(account(accounts, "my"), None);
    }

    #[test]
    fn the_latest_version_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["14", "15"] {
            fs::create_dir_all(folder.path().join(version).join("bin")).unwrap();
        }
        let pattern = format!("{}/*/bin", folder.path().display());
        assert_eq!(expand(&pattern)[0], folder.path().join("15/bin"));
    }

    #[test]
    fn what_a_program_said_is_in_its_failure() {
        let mut command = Command::new("sh");
        let error = output(command.args(["-c", "echo why >&2; exit 3"])).unwrap_err().to_string();
        assert!(error.contains("why") && error.contains('3'), "{error}");
    }
}
