//! Certificates of a server: an authority and whom it vouches for, valid for a day or two.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::product::Home;
use crate::program::output;

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
";

/// The certificates of a server that speaks TLS. It is called `localhost` and `127.0.0.1`.
#[derive(Debug)]
pub struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes `authority`, `server` and `stranger`, each a `.pem` and a `.key`.
    pub(crate) fn make(home: &Home) -> Result<Self> {
        let made = Self { folder: home.folder.clone() };
        let uses = made.file("openssl.cnf");
        fs::write(&uses, USES).map_err(|error| Failure::io(uses.display(), error))?;
        made.issue("authority", "authority", &[])?;
        made.issue("stranger", "authority", &[])?;
        made.issue("server", "server", &["-CA", "authority.pem", "-CAkey", "authority.key"])?;
        let key = made.file("server.key");
        let secret = fs::set_permissions(&key, fs::Permissions::from_mode(0o600));
        secret.map_err(|error| Failure::io(key.display(), error))?;
        ["server.key", "server.pem"].iter().try_for_each(|name| home.user.own(&made.file(name)))?;
        Ok(made)
    }

    /// The certificate of the authority that vouches for the server.
    pub fn authority(&self) -> PathBuf {
        self.file("authority.pem")
    }

    /// The certificate of an authority that does not.
    pub fn stranger(&self) -> PathBuf {
        self.file("stranger.pem")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn issue(&self, name: &str, usage: &str, issuer: &[&str]) -> Result<()> {
        let mut command = Command::new("openssl");
        command.current_dir::<&Path>(&self.folder);
        command.args(["req", "-x509", "-config", "openssl.cnf", "-extensions", usage]);
        command.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        command.args(["-days", "2", "-subj", &format!("/CN={name}")]).args(issuer);
        command.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")]);
        output(&mut command).map(drop)
    }
}
