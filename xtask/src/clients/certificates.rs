//! Certificates of a run: an authority, a server and a client, valid for a day or two.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::failure::{Failure, Result};
use crate::step::output;

/// What each may be used for. The names of the sections are those of the files.
const USES: &str = "\
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[server]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
[client]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = clientAuth
";

/// Files in a folder of their own, which ends with this.
pub(super) struct Certificates(TempDir);

impl Certificates {
    /// Makes `authority`, `server` and `client`, each a `.pem` and a `.key`.
    pub(super) fn make() -> Result<Self> {
        let folder = TempDir::new().map_err(|error| Failure::io("a temporary folder", error))?;
        let made = Self(folder);
        let uses = made.file("openssl.cnf");
        fs::write(&uses, USES).map_err(|error| Failure::io(uses.display(), error))?;
        made.issue("authority", &[])?;
        for name in ["server", "client"] {
            made.issue(name, &["-CA", "authority.pem", "-CAkey", "authority.key"])?;
        }
        Ok(made)
    }

    /// The folder that they are in.
    pub(super) fn folder(&self) -> &Path {
        self.0.path()
    }

    /// One of the files.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn issue(&self, name: &str, issuer: &[&str]) -> Result<()> {
        let mut command = Command::new("openssl");
        command.current_dir(self.folder());
        command.args(["req", "-x509", "-config", "openssl.cnf", "-extensions", name]);
        command.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        command.args(["-days", "2", "-subj", &format!("/CN={name}")]).args(issuer);
        command.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")]);
        output(&mut command).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_vouches_for_the_others() {
        let made = Certificates::make().unwrap();
        let mut command = Command::new("openssl");
        command.current_dir(made.folder()).args(["verify", "-CAfile", "authority.pem"]);
        let verified = output(command.args(["server.pem", "client.pem"])).unwrap();
        assert_eq!(verified, "server.pem: OK\nclient.pem: OK\n");
    }
}
