//! Where the binary listens, by its configuration alone.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use rustls::StreamOwned;

use crate::kit::Setup;
use crate::process::Process;
use crate::tls::{config, furnish};

/// Starts larder, and answers where it says that it listens.
fn start(setup: &Setup) -> (Process, String) {
    let mut command = setup.larder(&["serve", "--config", "larder.toml"]);
    let mut process = Process::spawn(command.stdout(Stdio::piped()));
    let mut greeting = String::new();
    BufReader::new(process.stdout()).read_line(&mut greeting).unwrap();
    let (_, places) = greeting.trim_end().split_once(" listening ").unwrap();
    (process, places.to_owned())
}

fn stop(mut process: Process) {
    process.terminate();
    assert_eq!(process.wait().code(), Some(0));
}

/// Asks for a sign of life.
fn ping(mut stream: impl Read + Write) {
    stream.write_all(b"PING\r\n").unwrap();
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"+PONG\r\n");
}

#[test]
fn several_addresses_are_served() {
    let setup = Setup::new("reactors").config("listen = [\"127.0.0.1:0\", \"127.0.0.2:0\"]\n");
    let (process, places) = start(&setup);
    let addresses: Vec<_> = places.strip_prefix("on ").unwrap().split(" and ").collect();
    assert_eq!(addresses.len(), 2);
    for (address, host) in addresses.iter().zip(["127.0.0.1:", "127.0.0.2:"]) {
        assert!(address.starts_with(host), "{places}");
        ping(TcpStream::connect(address).unwrap());
    }
    stop(process);
}

#[test]
fn tls_may_be_all_that_is_served() {
    let setup = Setup::new("reactors").config(&format!("listen = []\n{}", config("")));
    let authority = furnish(&setup);
    let (process, places) = start(&setup);
    let address = places.strip_prefix("with TLS on ").unwrap();
    let socket = TcpStream::connect(address).unwrap();
    ping(StreamOwned::new(authority.client(None), socket));
    stop(process);
}
