//! Many connections, and such as do not come to the point.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::certificates::Authority;
use crate::flood::{Flood, is_gone, pour, wait_until};
use crate::kit::Setup;
use crate::wire::{PATIENCE, Wire};

/// Lets this process, and those that it starts, open as many files as the system allows.
fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}

/// Nobody reads from them or hears of them again before all are closed.
fn all_are_closed(sockets: &mut [TcpStream]) {
    for socket in sockets {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut rest = Vec::new();
        let ended = socket.read_to_end(&mut rest);
        let is_timeout = ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!is_timeout, "one is still open");
    }
}

#[test]
fn who_is_one_too_many_is_told_so() {
    Flood { config: "limits.maxclients = 50", mib_max: 10 }.with(|larder| {
        let mut clients: Vec<Wire> = (0..49).map(|_| larder.wire()).collect();
        clients.iter_mut().for_each(|client| client.talk(&[("PING", "PONG")]));
        for _ in 0..500 {
            let mut refused = larder.wire();
            assert_eq!(refused.reply(), "-ERR max number of clients reached");
            assert!(refused.ends());
        }
        clients.iter_mut().for_each(|client| client.talk(&[("PING", "PONG")]));
        drop(clients);
        wait_until("a place", || {
            let mut next = larder.wire();
            next.try_send("PING").is_ok() && next.read().is_ok_and(|reply| reply == "PONG")
        });
    });
}

#[test]
fn five_thousand_clients_are_served() {
    allow_many_files();
    Flood { config: "", mib_max: 100 }.with(|larder| {
        let mut clients: Vec<Wire> = (0..5000).map(|_| larder.wire()).collect();
        for round in ["PING", "ECHO PONG"] {
            clients.iter_mut().for_each(|client| client.send(round));
            for client in &mut clients {
                assert_eq!(client.reply(), "PONG");
            }
        }
    });
}

#[test]
fn clients_that_come_and_go_leave_nothing_behind() {
    Flood { config: "", mib_max: 30 }.with(|larder| {
        let before = larder.descriptors();
        thread::scope(|scope| {
            for turn in 0..2 {
                scope.spawn(move || {
                    (0..5000).for_each(|_| visit(larder.address(), turn == 0));
                });
            }
        });
        wait_until("the descriptors", || larder.descriptors() <= before);
    });
}

/// Comes and goes, with a word or without.
fn visit(address: SocketAddr, says_something: bool) {
    let mut wire = Wire::connect(address);
    if says_something {
        assert_eq!(wire.ask("PING"), "PONG");
    } else {
        wire.send_bytes(b"*1\r\n$4\r\nPI");
    }
}

#[test]
fn who_sends_a_byte_now_and_then_is_let_go() {
    Flood { config: "limits.request_timeout = \"1s\"", mib_max: 10 }.with(|larder| {
        let mut slow: Vec<Wire> = (0..200).map(|_| larder.wire()).collect();
        slow.iter_mut().for_each(|wire| wire.send_bytes(b"*2\r\n$4\r\nECHO\r\n$1000\r\n"));
        let started = Instant::now();
        while !slow.is_empty() {
            assert!(started.elapsed() < PATIENCE, "{} are still there", slow.len());
            slow.retain_mut(|wire| pour(wire, b"x"));
            thread::sleep(Duration::from_millis(20));
        }
    });
}

#[test]
fn who_says_nothing_is_let_go() {
    Flood { config: "limits.idle_timeout = \"1s\"", mib_max: 10 }.with(|larder| {
        let mut listener = larder.wire();
        listener.talk(&[("SUBSCRIBE news", "[subscribe, news, :1]")]);
        let mut idle: Vec<Wire> = (0..200).map(|_| larder.wire()).collect();
        idle[0].talk(&[("PING", "PONG")]);
        assert!(idle.iter_mut().all(is_gone));
        larder.wire().talk(&[("PUBLISH news hello", ":1")]);
        assert_eq!(listener.reply(), "[message, news, hello]");
    });
}

#[test]
fn a_handshake_that_never_ends_is_ended() {
    allow_many_files();
    let config = "[tls]\nlisten = \"127.0.0.1:0\"\ncert = \"server.crt\"\nkey = \"server.key\"\n\
                  handshake_timeout = \"1s\"";
    let furnish = |setup: &Setup| {
        let authority = Authority::new("authority");
        fs::write(setup.path("ca.crt"), authority.certificate()).unwrap();
        authority.issue("server").write(&setup.path(""), "server");
    };
    Flood { config, mib_max: 100 }.furnished_with(furnish, |larder| {
        let (_, address) = larder.greeting.trim_end().rsplit_once(", with TLS on ").unwrap();
        let address: SocketAddr = address.parse().unwrap();
        let mut silent: Vec<TcpStream> = (0..1000)
            .map(|number| {
                let mut socket = TcpStream::connect(address).unwrap();
                let hello = [22, 3, 1, 2, 0, 1, 0, 1];
                socket.write_all(&hello[..number % 9]).unwrap();
                socket
            })
            .collect();
        all_are_closed(&mut silent);
    });
}
