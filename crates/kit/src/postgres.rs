//! PostgreSQL.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::OnceLock;

use rustix::process::Signal;

use crate::failure::Result;
use crate::options::Options;
use crate::product::{Home, Product};
use crate::program::{Package, output};

/// A PostgreSQL server. Everybody may connect as `postgres`, without a password.
pub type Server = crate::server::Server<Postgres>;

/// A database of a PostgreSQL server.
pub type Database = crate::database::Database<Postgres>;

/// PostgreSQL, as a product.
#[derive(Debug)]
pub enum Postgres {}

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
    ["postgres", "initdb", "psql"].iter().all(|program| Postgres::PACKAGE.find(program).is_ok())
}

impl Product for Postgres {
    const PACKAGE: Package = Package {
        name: "postgresql",
        folders: &["/usr/lib/postgresql/*/bin"],
        account: "postgres",
    };
    const SERVER: &'static str = "postgres";
    const SCHEME: &'static str = "postgres";
    const LOGIN: &'static str = "postgres";
    const DATABASE: &'static str = "postgres";
    const CLEAN_END: Signal = Signal::INT;
    // Unlike KILL it lets the server give its shared memory back.
    const SUDDEN_END: &'static str = "QUIT";

    fn initialise(home: &Home) -> Result<()> {
        let mut command = home.command(&Self::PACKAGE.find("initdb")?);
        command.arg("--pgdata").arg(home.data());
        command.args(["--username=postgres", "--auth=trust", "--no-sync"]);
        output(command.args(["--encoding=UTF8", "--locale=C"])).map(drop)
    }

    fn arguments(home: &Home, port: u16, options: Options) -> Vec<String> {
        let folder = home.folder.display();
        let switch = |on| if on { "on" } else { "off" };
        let mut settings = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={folder}"),
            format!("fsync={}", switch(options.durable)),
            "max_connections=200".to_owned(),
            "shared_buffers=32MB".to_owned(),
        ];
        if options.tls {
            settings.extend([
                "ssl=on".to_owned(),
                format!("ssl_cert_file={folder}/server.pem"),
                format!("ssl_key_file={folder}/server.key"),
            ]);
        }
        let place = ["-D".to_owned(), home.data().display().to_string()];
        let port = ["-p".to_owned(), port.to_string()];
        let settings = settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]);
        place.into_iter().chain(port).chain(settings).collect()
    }

    /// Asks for a session as a client does. While it starts or recovers it answers with an error.
    fn is_ready(address: SocketAddr) -> io::Result<bool> {
        const VERSION: u32 = 3 << 16;
        let names = b"user\0postgres\0database\0postgres\0\0";
        let length = u32::try_from(names.len() + 8).unwrap_or(u32::MAX);
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(&[&length.to_be_bytes(), &VERSION.to_be_bytes(), &names[..]].concat())?;
        let mut kind = [0];
        stream.read_exact(&mut kind)?;
        // The end of the session, in good order.
        stream.write_all(b"X\0\0\0\x04")?;
        Ok(kind == *b"R")
    }

    fn client(address: SocketAddr, database: &str, sql: &str) -> Result<Command> {
        let mut command = Command::new(Self::PACKAGE.find("psql")?);
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        command.args(["--field-separator", "\t", "--set=ON_ERROR_STOP=1", "--username=postgres"]);
        command.arg(format!("--host={}", address.ip())).arg(format!("--port={}", address.port()));
        command.arg(format!("--dbname={database}")).args(["--command", sql]);
        Ok(command)
    }
}
