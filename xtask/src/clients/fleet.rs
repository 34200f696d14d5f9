//! The servers that the suites are run against: an open one, a guarded one that has users and speaks
//! TLS as well, and a mutual one that speaks only TLS and asks for certificates.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;

use super::certificates::Certificates;
use crate::failure::{Failure, Result};
use crate::server::{Server, free_address};

/// The password of every user of the guarded server.
const PASSWORD: &str = "open-sesame";

/// Three servers. They end when this is dropped.
pub(super) struct Fleet {
    open: Server,
    guarded: Server,
    guarded_tls: SocketAddr,
    mutual: Server,
    certificates: Certificates,
}

/// Where a server has to listen. The mutual one has no plain address.
struct Listen {
    plain: Option<SocketAddr>,
    tls: Option<SocketAddr>,
}

impl Fleet {
    /// redis-server, three times.
    pub(super) fn redis() -> Result<Self> {
        Self::start(redis)
    }

    /// larder by a model, three times.
    pub(super) fn larder(binary: &Path, model: &str) -> Result<Self> {
        Self::start(|folder, listen, certificates| {
            larder(binary, model, folder, listen, certificates)
        })
    }

    fn start(command: impl Fn(&Path, &Listen, &Certificates) -> Result<Command>) -> Result<Self> {
        let certificates = Certificates::make()?;
        let guarded_tls = free_address()?;
        let server = |listen: &dyn Fn(SocketAddr) -> Listen| {
            Server::start(|folder, address| command(folder, &listen(address), &certificates))
        };
        let open = server(&|address| Listen { plain: Some(address), tls: None })?;
        let guarded = server(&|address| Listen { plain: Some(address), tls: Some(guarded_tls) })?;
        let mutual = server(&|address| Listen { plain: None, tls: Some(address) })?;
        guard(guarded.address())?;
        Ok(Self { open, guarded, guarded_tls, mutual, certificates })
    }

    /// What a suite has to know, as environment variables.
    pub(super) fn variables(&self) -> [(&'static str, OsString); 7] {
        let port = |address: SocketAddr| address.port().to_string().into();
        [
            ("CLIENTS_HOST", self.open.address().ip().to_string().into()),
            ("CLIENTS_PORT", port(self.open.address())),
            ("CLIENTS_GUARDED_PORT", port(self.guarded.address())),
            ("CLIENTS_GUARDED_TLS_PORT", port(self.guarded_tls)),
            ("CLIENTS_MUTUAL_TLS_PORT", port(self.mutual.address())),
            ("CLIENTS_PASSWORD", PASSWORD.into()),
            ("CLIENTS_CERTIFICATES", self.certificates.folder().into()),
        ]
    }
}

fn redis(_: &Path, listen: &Listen, certificates: &Certificates) -> Result<Command> {
    let port = |address: Option<SocketAddr>| {
        address.map_or_else(|| "0".to_owned(), |address| address.port().to_string())
    };
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    command.args(["--port", &port(listen.plain), "--tls-port", &port(listen.tls)]);
    if listen.tls.is_some() {
        let files = [
            ("--tls-cert-file", "server.pem"),
            ("--tls-key-file", "server.key"),
            ("--tls-ca-cert-file", "authority.pem"),
        ];
        for (option, file) in files {
            command.arg(option).arg(certificates.file(file));
        }
        let asks = if listen.plain.is_none() { "yes" } else { "no" };
        command.args(["--tls-auth-clients", asks]);
    }
    Ok(command)
}

fn larder(
    binary: &Path,
    model: &str,
    folder: &Path,
    listen: &Listen,
    certificates: &Certificates,
) -> Result<Command> {
    let config = folder.join("larder.toml");
    let text = configuration(model, listen, certificates);
    fs::write(&config, text).map_err(|error| Failure::io(config.display(), error))?;
    let mut command = Command::new(binary);
    command.arg("serve").arg("--config").arg(config);
    Ok(command)
}

fn configuration(model: &str, listen: &Listen, certificates: &Certificates) -> String {
    let plain = listen.plain.map_or_else(|| "[]".to_owned(), |address| format!("\"{address}\""));
    let mut text = format!(
        "listen = {plain}\nmodel = \"{model}\"\n[default_keyspace]\nmax_bytes = \"256MB\"\n"
    );
    if let Some(address) = listen.tls {
        let file = |name: &str| format!("\"{}\"", certificates.file(name).display());
        let (cert, key) = (file("server.pem"), file("server.key"));
        text += &format!("[tls]\nlisten = \"{address}\"\ncert = {cert}\nkey = {key}\n");
        if listen.plain.is_none() {
            text += &format!("client_ca = {}\n", file("authority.pem"));
        }
    }
    text
}

/// Gives a server its users, as an administrator would. The default user's password is the last that
/// it is told, since nothing is answered without it from then on.
fn guard(address: SocketAddr) -> Result<()> {
    let commands = [
        format!("ACL SETUSER application on >{PASSWORD} ~* &* +@all"),
        format!("ACL SETUSER reader on >{PASSWORD} ~shared:* +@read +@connection +info"),
        format!("ACL SETUSER default resetpass >{PASSWORD}"),
    ];
    let failed = |error| Failure::io("the guarded server", error);
    let stream = TcpStream::connect(address).map_err(failed)?;
    let mut reader = BufReader::new(stream);
    for command in commands {
        reader.get_mut().write_all(format!("{command}\r\n").as_bytes()).map_err(failed)?;
        let mut reply = String::new();
        reader.read_line(&mut reply).map_err(failed)?;
        if reply.trim_end() != "+OK" {
            return Err(Failure::new(format!("{command}: {}", reply.trim_end())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_mutual_server_asks_for_certificates() {
        let certificates = Certificates::make().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let text = |plain, tls| configuration("tasks", &Listen { plain, tls }, &certificates);
        let (open, guarded, mutual) = (
            text(Some(address), None),
            text(Some(address), Some(address)),
            text(None, Some(address)),
        );
        assert!(!open.contains("[tls]"));
        assert!(guarded.contains("[tls]") && !guarded.contains("client_ca"));
        assert!(mutual.contains("listen = []") && mutual.contains("client_ca"));
    }
}
