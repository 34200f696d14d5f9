//! MariaDB, which speaks MySQL's protocol.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use rustix::process::Signal;

use crate::failure::{Failure, Result};
use crate::options::Options;
use crate::product::{Home, Product};
use crate::program::{Package, output};

/// A MariaDB server. `larder` may connect with the password `larder`, and do everything.
pub type Server = crate::server::Server<MariaDb>;

/// A database of a MariaDB server.
pub type Database = crate::database::Database<MariaDb>;

/// MariaDB, as a product.
#[derive(Debug)]
pub enum MariaDb {}

/// The server that all tests of this process share; it does not sync what it writes. Panics when it
/// cannot be started, which is what a test does with a failure.
pub fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| match Server::start_with(Options::default().durable(false)) {
        Ok(server) => server,
        Err(failure) => panic!("{failure}"),
    })
}

/// Whether its programs are on this machine.
pub fn is_installed() -> bool {
    let programs = ["mariadbd", "mariadb-install-db", "mariadb"];
    programs.iter().all(|program| MariaDb::PACKAGE.find(program).is_ok())
}

/// Debian's own configuration serves this character set too.
const CHARACTERS: [&str; 2] =
    ["--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci"];

/// The size of the log that the template is made with: another size would be made at each start.
const LOG_SIZE: &str = "--innodb-log-file-size=32M";

impl Product for MariaDb {
    const PACKAGE: Package = Package {
        name: "mariadb-server",
        folders: &["/usr/sbin", "/usr/libexec", "/usr/local/sbin"],
        account: "mysql",
    };
    const SERVER: &'static str = "mariadbd";
    const SCHEME: &'static str = "mysql";
    const LOGIN: &'static str = "larder:larder";
    const DATABASE: &'static str = "larder";
    const CLEAN_END: Signal = Signal::TERM;
    const SUDDEN_END: &'static str = "KILL";

    fn initialise(home: &Home) -> Result<()> {
        let data = format!("--datadir={}", home.data().display());
        let temporary = format!("--tmpdir={}", home.folder.display());
        let mut command = home.command(&Self::PACKAGE.find("mariadb-install-db")?);
        command.args(["--no-defaults", &data, &temporary, LOG_SIZE]);
        command.arg("--innodb-flush-method=nosync");
        command.args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
        output(&mut command)?;
        let mut command = home.command(&Self::PACKAGE.find(Self::SERVER)?);
        command.args(["--no-defaults", &data, &temporary, LOG_SIZE, "--bootstrap"]);
        command.args(CHARACTERS);
        let statements = "FLUSH PRIVILEGES;\n\
             CREATE USER 'larder'@'%' IDENTIFIED BY 'larder';\n\
             GRANT ALL ON *.* TO 'larder'@'%' WITH GRANT OPTION;\n\
             CREATE DATABASE larder;\n";
        feed(&mut command, statements)
    }

    fn arguments(home: &Home, port: u16, options: Options) -> Vec<String> {
        let folder = home.folder.display();
        let sync = if options.durable { 1 } else { 2 };
        let mut arguments = vec![
            "--no-defaults".to_owned(),
            format!("--datadir={}", home.data().display()),
            format!("--port={port}"),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--socket={folder}/socket"),
            // A server that starts removes what others have in a folder that they share.
            format!("--tmpdir={folder}"),
            format!("--pid-file={folder}/pid"),
            format!("--innodb-flush-log-at-trx-commit={sync}"),
            LOG_SIZE.to_owned(),
            "--innodb-buffer-pool-size=64M".to_owned(),
            "--max-connections=200".to_owned(),
            "--skip-name-resolve".to_owned(),
        ];
        arguments.extend(CHARACTERS.map(str::to_owned));
        if options.tls {
            arguments.extend([
                format!("--ssl-cert={folder}/server.pem"),
                format!("--ssl-key={folder}/server.key"),
            ]);
        }
        arguments
    }

    /// It listens once it has recovered, and then greets with the version of its protocol.
    fn is_ready(address: SocketAddr) -> io::Result<bool> {
        const HEADER: usize = 4;
        const VERSION: u8 = 10;
        let mut greeting = [0; HEADER + 1];
        TcpStream::connect(address)?.read_exact(&mut greeting)?;
        Ok(greeting[HEADER] == VERSION)
    }

    fn client(address: SocketAddr, database: &str, sql: &str) -> Result<Command> {
        let mut command = Command::new(Self::PACKAGE.find("mariadb")?);
        command.args(["--no-defaults", "--batch", "--raw", "--skip-column-names"]);
        command.args(["--default-character-set=utf8mb4", "--user=larder"]);
        command.env("MYSQL_PWD", "larder");
        command.arg(format!("--host={}", address.ip())).arg(format!("--port={}", address.port()));
        command.args(["--execute", sql, database]);
        Ok(command)
    }
}

/// Runs a command that reads its work from the standard input.
fn feed(command: &mut Command, input: &str) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failure = |error| Failure::io(&program, error);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut process = command.spawn().map_err(failure)?;
    if let Some(mut pipe) = process.stdin.take() {
        pipe.write_all(input.as_bytes()).map_err(failure)?;
    }
    let ended = process.wait_with_output().map_err(failure)?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    Err(Failure::new(format!("{program}: {}\n{said}", ended.status)))
}
