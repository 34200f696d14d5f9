use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread;

use socket2::{Domain, SockRef, Socket, Type};

use super::*;
use crate::model::line::frame_output;

/// Less than a line holds, and more than the buffers of [`client`].
const OUTPUT: usize = 120_000;

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(20);

/// Both ends of a client's connection, which holds little: its own, and the worker's.
fn client() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    SockRef::from(&listener).set_send_buffer_size(0).unwrap();
    let near = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    near.set_recv_buffer_size(0).unwrap();
    near.connect(&listener.local_addr().unwrap().into()).unwrap();
    near.set_read_timeout(Some(PATIENCE)).unwrap();
    let (far, _) = listener.accept().unwrap();
    far.set_nonblocking(true).unwrap();
    (near.into(), far)
}

/// Has a worker say farewell to a client whose session is over.
fn say_farewell(far: TcpStream) {
    let (mut parent, line) = UnixStream::pair().unwrap();
    line.set_nonblocking(true).unwrap();
    let (_, input) = orders::channel().unwrap();
    let orders = Orders::Client { client: far, line: line.into() };
    let mut worker = Worker::new(input, orders, ()).unwrap();
    worker.farewells = Farewells::within(Duration::from_millis(20));
    let mut frames = Vec::new();
    frame_output(&[b'x'; OUTPUT], &mut frames);
    parent.write_all(&frames).unwrap();
    drop(parent);
    worker.run().unwrap();
}

#[test]
fn a_client_that_never_reads_its_last_output_is_cut() {
    let (mut near, far) = client();
    say_farewell(far);
    assert!(near.read_to_end(&mut Vec::new()).is_err(), "it was sent everything");
}

#[test]
fn a_client_that_reads_its_last_output_too_slowly_is_cut() {
    let (mut near, far) = client();
    let reading = thread::spawn(move || {
        loop {
            match near.read(&mut [0]) {
                Ok(1) => thread::sleep(Duration::from_millis(1)),
                end => return end,
            }
        }
    });
    say_farewell(far);
    assert!(reading.join().unwrap().is_err(), "it was sent everything");
}

#[test]
fn a_line_that_cannot_be_watched_leaves_nothing_of_its_client() {
    let (_, input) = orders::channel().unwrap();
    let listeners = vec![TcpListener::bind("127.0.0.1:0").unwrap()];
    let orders = Orders::Doors { listeners, lines: "/no/such/line".into() };
    let mut worker = Worker::new(input, orders, ()).unwrap();
    let (mut near, far) = client();
    // epoll takes no regular file.
    let line = File::open("/proc/self/exe").unwrap().into();
    let error = worker.admit(Relay::new(far, line, "").unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(worker.seats.is_empty());
    assert_eq!(near.read(&mut [0]).unwrap(), 0);
}
