use std::io::Read;
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, SockRef, Socket, Type};

use super::*;
use crate::model::Connection;

/// Less than a turn sends, and more than the buffers of a connection that holds little.
const OUTPUT: usize = 60_000;

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(20);

/// Has its last output from the beginning.
struct Farewell {
    output: Vec<u8>,
    sent: usize,
}

impl Connection for Farewell {
    fn receive(&mut self, _: &[u8]) {}

    fn resume(&mut self) {}

    fn output(&self) -> &[u8] {
        &self.output[self.sent..]
    }

    fn sent(&mut self, count: usize) {
        self.sent += count;
    }

    fn wants_input(&self) -> bool {
        false
    }

    fn end_of_input(&mut self) {}

    fn drain(&mut self) {}

    fn is_finished(&self) -> bool {
        self.output().is_empty()
    }
}

/// Says nothing but farewell.
struct Leaving;

impl Service for Leaving {
    type Connection = Farewell;

    fn connect(&self, _: Waker, _: Arrival) -> Result<Farewell, Vec<u8>> {
        Ok(Farewell { output: vec![b'x'; OUTPUT], sent: 0 })
    }

    fn refusal(&self, _: Arrival, reason: &str) -> Vec<u8> {
        reason.into()
    }
}

/// Lets a client read as `reads` does until its connection ends, and answers how it ended.
fn say_farewell(reads: impl Fn(&mut TcpStream) -> io::Result<usize>) -> io::Result<usize> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    SockRef::from(&listener).set_send_buffer_size(0).unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::new().unwrap());
    let listeners: Arc<[TcpListener]> = vec![listener].into();
    let setup = Setup { service: Arc::new(Leaving), shutdown: shutdown.clone(), listeners };
    let mut serving = Serving::new(Ring::new().unwrap(), setup).unwrap();
    serving.farewells = Farewells::within(Duration::from_millis(20));
    let running = thread::spawn(|| serving.run());
    let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    client.set_recv_buffer_size(0).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.connect(&address.into()).unwrap();
    let ended = reads(&mut client.into());
    shutdown.begin(PATIENCE);
    running.join().unwrap().unwrap();
    ended
}

#[test]
fn a_client_that_never_reads_its_last_output_is_cut() {
    let ended = say_farewell(|client| {
        // Told without a read: the connection is broken.
        let mut watched = [PollFd::new(client, PollFlags::empty())];
        poll(&mut watched, Some(&Timespec::try_from(PATIENCE).unwrap())).unwrap();
        client.read_to_end(&mut Vec::new())
    });
    assert!(ended.is_err(), "it was sent everything");
}

#[test]
fn a_client_that_reads_its_last_output_too_slowly_is_cut() {
    let ended = say_farewell(|client| {
        loop {
            match client.read(&mut [0]) {
                Ok(1) => thread::sleep(Duration::from_millis(1)),
                end => return end,
            }
        }
    });
    assert!(ended.is_err(), "it was sent everything");
}
