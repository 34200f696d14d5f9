use std::io::{Read, Write};
use std::net::TcpStream;

use parking_lot::Mutex;

use super::*;
use crate::model::poller::epoll::Epoll;
use crate::model::{Arrival, Connection};

/// Sends back what it receives, and `late` when it is resumed. To `bye` it answers at great length, and
/// has finished then.
#[derive(Default)]
struct Parrot {
    words: Vec<u8>,
    is_leaving: bool,
}

/// More than the buffers of a connection hold, if its client reads nothing.
const LARGE: usize = 32 << 20;

impl Connection for Parrot {
    fn receive(&mut self, bytes: &[u8]) {
        self.is_leaving = bytes == b"bye";
        match self.is_leaving {
            true => self.words.extend(vec![b'x'; LARGE]),
            false => self.words.extend(bytes),
        }
    }

    fn resume(&mut self) {
        self.words.extend(b"late");
    }

    fn output(&self) -> &[u8] {
        &self.words
    }

    fn sent(&mut self, count: usize) {
        self.words.drain(..count);
    }

    fn wants_input(&self) -> bool {
        !self.is_leaving
    }

    fn end_of_input(&mut self) {}

    fn drain(&mut self) {}

    fn is_finished(&self) -> bool {
        self.is_leaving
    }

    fn is_saying_farewell(&self) -> bool {
        self.is_leaving && !self.words.is_empty()
    }
}

/// Keeps the waker of its latest connection.
struct Aviary(Mutex<Waker>);

impl Service for Aviary {
    type Connection = Parrot;

    fn connect(&self, waker: Waker, _: Arrival) -> Result<Parrot, Vec<u8>> {
        *self.0.lock() = waker;
        Ok(Parrot::default())
    }

    fn refusal(&self, _: Arrival, reason: &str) -> Vec<u8> {
        reason.into()
    }
}

struct Scene {
    service: Arc<Aviary>,
    loops: [EventLoop<Epoll, Aviary>; 2],
    client: TcpStream,
}

/// Two loops, and a client whose connection is with the first.
fn scene() -> Scene {
    let service = Arc::new(Aviary(Mutex::new(Waker::noop().clone())));
    let (shutdown, peers) = (Shutdown::new().unwrap(), Arc::new(Loops::new(2).unwrap()));
    let mut loops = [0, 1].map(|index| {
        let (service, shutdown, loops) = (service.clone(), shutdown.clone(), peers.clone());
        EventLoop::new(Setup { service, shutdown, loops, index, listeners: Vec::new() }).unwrap()
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (socket, peer) = listener.accept().unwrap();
    socket.set_nonblocking(true).unwrap();
    let arrival = Arrival { listener: 0, peer, local: socket.local_addr().unwrap() };
    loops[0].adopt(Arrived { socket, arrival });
    Scene { service, loops, client }
}

impl Scene {
    fn round(&mut self, index: usize) {
        self.loops[index].round(&mut Vec::new(), &mut Vec::new()).unwrap();
    }

    fn hand_over(&mut self) {
        let token = self.loops[0].links.tokens()[0];
        self.loops[0].hand_over(token, 1);
    }

    fn expect(&mut self, expected: &[u8]) {
        let mut answer = vec![0; expected.len()];
        self.client.read_exact(&mut answer).unwrap();
        assert_eq!(answer, expected);
    }
}

#[test]
fn a_connection_that_was_handed_over_goes_on() {
    let mut scene = scene();
    scene.client.write_all(b"first").unwrap();
    scene.round(0);
    scene.expect(b"first");
    scene.hand_over();
    scene.round(1);
    scene.expect(b"late");
    scene.client.write_all(b"second").unwrap();
    scene.round(1);
    scene.expect(b"second");
}

#[test]
fn a_wake_reaches_a_connection_in_its_new_loop() {
    let mut scene = scene();
    scene.hand_over();
    scene.round(1);
    scene.expect(b"late");
    scene.service.0.lock().wake_by_ref();
    scene.round(1);
    scene.expect(b"late");
}

#[test]
fn a_wake_between_two_loops_is_not_lost() {
    let mut scene = scene();
    scene.service.0.lock().wake_by_ref();
    scene.hand_over();
    scene.round(0);
    scene.round(1);
    scene.expect(b"late");
    assert!(scene.loops[0].links.is_empty());
}

#[test]
fn a_connection_stays_when_the_other_loop_is_over() {
    let mut scene = scene();
    scene.loops[1].mailbox.close();
    scene.hand_over();
    scene.client.write_all(b"r than never").unwrap();
    scene.round(0);
    scene.expect(b"later than never");
}

#[test]
fn a_client_that_does_not_take_a_farewell_is_cut() {
    let mut scene = scene();
    scene.loops[0].farewells = Farewells::within(Duration::ZERO);
    scene.client.write_all(b"bye").unwrap();
    scene.round(0);
    assert!(!scene.loops[0].links.is_empty());
    scene.round(0);
    assert!(scene.loops[0].links.is_empty());
}

#[test]
fn a_farewell_has_a_bound_in_the_loop_to_which_it_is_handed_over() {
    let mut scene = scene();
    scene.loops[1].farewells = Farewells::within(Duration::ZERO);
    scene.client.write_all(b"bye").unwrap();
    scene.round(0);
    scene.hand_over();
    scene.round(1);
    assert!(!scene.loops[1].links.is_empty());
    scene.round(1);
    assert!(scene.loops[1].links.is_empty());
}
