//! Several listeners, and what TLS brings about between a socket and its connection.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use crate::harness::{PATIENCE, Server, on_every_model, on_every_model_with_tls};

/// The first bytes of a handshake whose rest never comes.
const HANDSHAKE: &[u8] = &[22, 3, 1, 2, 0, 1, 0, 1];

/// A socket that has begun a handshake, and does not go on.
fn stalled(server: &Server) -> TcpStream {
    let mut socket = TcpStream::connect(server.tls_address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(HANDSHAKE).unwrap();
    socket
}

/// What comes until the end.
fn rest(mut socket: &TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_connection_knows_which_way_its_client_came() {
    on_every_model(|way| {
        let server = Server::start(way);
        for _ in 0..3 {
            let clients = [server.plain_client(server.address), server.tls_client()];
            let addresses = [server.address, server.tls_address];
            for (listener, mut client) in clients.into_iter().enumerate() {
                let peer = client.stream().local_addr().unwrap();
                client.send("whence\n");
                assert_eq!(client.line(), format!("{listener} {peer} {}\n", addresses[listener]));
            }
        }
        server.stop();
    });
}

#[test]
fn a_connection_knows_the_name_that_its_client_has_proven() {
    on_every_model_with_tls(|way| {
        let server = Server::start(way);
        for name in ["billing", "reports"] {
            let mut client = server.named_client(name);
            client.send("who\n");
            assert_eq!(client.line(), format!("{name}\n"));
        }
        let mut nameless = server.client();
        nameless.send("who\n");
        assert_eq!(nameless.line(), "\n");
        server.stop();
    });
}

#[test]
fn a_crowd_at_one_listener_keeps_nobody_from_the_other() {
    on_every_model(|way| {
        let server = Server::start(way);
        let others = way.model.capabilities().connections_max.map_or(200, |max| max - 1);
        let crowd: Vec<_> = (0..others).map(|_| server.plain_client(server.address)).collect();
        server.tls_client().echo("not kept waiting\n");
        server.gate.wait(|counts| counts.open >= crowd.len());
        drop(crowd);
        server.stop();
    });
}

#[test]
fn a_client_without_tls_is_told_what_the_port_is_for() {
    on_every_model_with_tls(|way| {
        let server = Server::start(way);
        let mut client = server.plain_client(server.tls_address);
        client.send("hello\n");
        assert!(client.line().starts_with("-ERR this port is for TLS: connect with TLS"));
        assert!(client.ends());
        server.gate.wait(|counts| counts.open == 0);
        server.stop();
    });
}

#[test]
fn a_handshake_that_stalls_holds_up_nobody_and_has_an_end() {
    on_every_model_with_tls(|way| {
        let server = Server::start(way);
        let stalled: Vec<_> = (0..8).map(|_| stalled(&server)).collect();
        let silent = TcpStream::connect(server.tls_address).unwrap();
        server.gate.wait(|counts| counts.open == 9);
        for _ in 0..8 {
            server.client().echo("served\n");
        }
        for socket in stalled.iter().chain([&silent]) {
            assert!(rest(socket).is_empty());
        }
        server.gate.wait(|counts| counts.open == 0);
        server.stop();
    });
}

#[test]
fn a_shutdown_waits_for_no_handshake() {
    on_every_model_with_tls(|way| {
        let server = Server::start(way);
        let stalled = stalled(&server);
        server.gate.wait(|counts| counts.open == 1);
        server.stop();
        assert!(rest(&stalled).is_empty());
    });
}

#[test]
fn a_client_that_leaves_in_its_handshake_leaves_nothing_behind() {
    on_every_model_with_tls(|way| {
        let server = Server::start(way);
        let half = stalled(&server);
        drop(stalled(&server));
        server.gate.wait(|counts| counts.open == 1);
        half.shutdown(Shutdown::Write).unwrap();
        assert!(rest(&half).is_empty());
        server.gate.wait(|counts| counts.open == 0);
        server.stop();
    });
}

#[test]
fn a_client_beyond_the_limit_is_refused_in_its_handshake() {
    on_every_model_with_tls(|way| {
        let server = Server::with_limit(way, 1);
        let mut first = server.client();
        first.echo("first\n");
        let refused = TcpStream::connect(server.tls_address).unwrap();
        assert_eq!(rest(&refused), [21, 3, 3, 0, 2, 2, 80]);
        first.echo("still here\n");
        server.stop();
    });
}
