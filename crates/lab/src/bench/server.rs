//! The process of a server, where it runs on this machine.

use std::fs;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use super::options::Plan;
use super::request::command;
use crate::measure::process;

/// A process of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process(u32);

impl Process {
    /// What it and those that it started have used of the processor.
    pub(super) fn cpu(self) -> Option<Duration> {
        process::cpu(self.0).ok()
    }
}

/// The process that serves, if that can be told: the server says its number, and the process of that number
/// listens there. In a container a server has another number than outside.
pub(super) fn process(plan: &Plan) -> Option<Process> {
    let target = plan.load.target;
    if !is_here(target.ip()) {
        return None;
    }
    let mut request = Vec::new();
    command(&[b"INFO", b"server"], &mut request);
    let reply = plan.dialogue().ok()?.ask(&request).ok()?;
    let number = number(&String::from_utf8_lossy(&reply))?;
    listens(number, target).then_some(Process(number))
}

/// Whether it is an address of this machine: on any other nothing can be bound.
fn is_here(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

fn number(info: &str) -> Option<u32> {
    let line = info.lines().find_map(|line| line.strip_prefix("process_id:"))?;
    line.trim().parse().ok()
}

/// Whether one of the process' descriptors is a socket that listens on the port of `target`.
fn listens(process: u32, target: SocketAddr) -> bool {
    let sockets = listening(target.port());
    let descriptors = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    let mut links = descriptors.filter_map(|entry| fs::read_link(entry.path()).ok());
    links.any(|link| sockets.iter().any(|socket| link.to_str() == Some(socket)))
}

/// The sockets that listen on a port, as the links of descriptors name them.
fn listening(port: u16) -> Vec<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    let lines = tables.iter().flatten().flat_map(|table| table.lines());
    lines.filter_map(|line| socket(line, port)).collect()
}

/// Of a line such as `0: 0100007F:1CD3 00000000:0000 0A 0:0 0:0 0 0 0 12345`; see proc_net_tcp(5).
fn socket(line: &str, port: u16) -> Option<String> {
    const LISTENS: &str = "0A";
    let fields: Vec<_> = line.split_whitespace().collect();
    let (_, local) = fields.get(1)?.rsplit_once(':')?;
    let is_it = u16::from_str_radix(local, 16) == Ok(port) && fields.get(3) == Some(&LISTENS);
    is_it.then(|| Some(format!("socket:[{}]", fields.get(9)?)))?
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[test]
    fn a_process_listens_where_it_listens() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        assert!(listens(std::process::id(), address));
        assert!(!listens(1, address), "another process does not");
        drop(listener);
        assert!(!listens(std::process::id(), address));
    }

    #[test]
    fn the_number_is_found_among_what_a_server_says_of_itself() {
        assert_eq!(number("$44\r\n# Server\r\nprocess_id:4711\r\ntcp_port:1\r\n"), Some(4711));
        assert_eq!(number("-NOPERM no\r\n"), None);
    }

    #[test]
    fn addresses_of_other_machines_are_not_here() {
        assert!(is_here(Ipv4Addr::LOCALHOST.into()));
        assert!(!is_here(Ipv4Addr::new(192, 0, 2, 1).into()), "it is for documentation");
    }
}
