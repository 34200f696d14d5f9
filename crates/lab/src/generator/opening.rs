//! Opening the connections of a thread.

use super::connection::Connection;
use super::dialogue::Dialogue;
use super::{Load, Script};
use crate::failure::Result;
use crate::interruption;

/// How many connections the threads of a load open together. A server that takes a while for each wait is
/// waited for once for all of them. The next ones follow when these are answered, since a listener has room
/// for about so many and lets those who come then wait for a second.
const BATCH: usize = 64;

/// Connects and greets those of these numbers.
///
/// # Errors
///
/// The first that cannot be opened, or whose greeting is answered with an error, ends it; and so does a run
/// that is broken off.
pub(super) fn open<S: Script>(
    load: &Load,
    numbers: impl Iterator<Item = usize>,
    script: &impl Fn(usize) -> S,
) -> Result<Vec<Connection<S>>> {
    let together = (BATCH / load.threads.clamp(1, BATCH)).max(1);
    let (mut numbers, mut opened) = (numbers.peekable(), Vec::new());
    while numbers.peek().is_some() {
        interruption::check()?;
        let batch = numbers.by_ref().take(together);
        let mut batch: Vec<_> = batch
            .map(|number| Greeting::connect(load, number, script(number)))
            .collect::<Result<_>>()?;
        batch.iter_mut().try_for_each(Greeting::send)?;
        for greeting in batch {
            opened.push(greeting.answered(load)?);
        }
    }
    Ok(opened)
}

/// A connection that is about to be let in.
struct Greeting<S> {
    number: usize,
    script: S,
    dialogue: Dialogue,
    requests: Vec<u8>,
    count: usize,
}

impl<S: Script> Greeting<S> {
    fn connect(load: &Load, number: usize, mut script: S) -> Result<Self> {
        let dialogue = Dialogue::open(load.target)?;
        let mut requests = Vec::new();
        let count = script.greeting(&mut requests);
        Ok(Self { number, script, dialogue, requests, count })
    }

    fn send(&mut self) -> Result<()> {
        self.dialogue.send(&self.requests)
    }

    fn answered(mut self, load: &Load) -> Result<Connection<S>> {
        self.dialogue.approve(self.count)?;
        Connection::new(load, self.number, self.script, self.dialogue.into_stream())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::thread;

    use super::*;
    use crate::generator::Kind;

    const HELLO: &[u8] = b"*1\r\n$5\r\nHELLO\r\n";

    struct Polite;

    impl Script for Polite {
        fn greeting(&mut self, out: &mut Vec<u8>) -> usize {
            out.extend_from_slice(HELLO);
            1
        }

        fn request(&mut self, _: &mut Vec<u8>) -> Kind {
            Kind::Read
        }
    }

    /// A server that runs `serve` with its listener.
    fn server(serve: impl FnOnce(TcpListener) + Send + 'static) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || serve(listener));
        address
    }

    fn opened(target: SocketAddr, connections: usize) -> Result<Vec<Connection<Polite>>> {
        let load = Load { connections, ..Load::on(target) };
        open(&load, 0..connections, &|_| Polite)
    }

    /// Takes so many clients, and answers the first when all have greeted.
    fn answer_together(listener: &TcpListener, count: usize) -> Vec<TcpStream> {
        let mut clients: Vec<_> = (0..count).map(|_| listener.accept().unwrap().0).collect();
        for client in &mut clients {
            client.read_exact(&mut [0; HELLO.len()]).unwrap();
        }
        listener.set_nonblocking(true).unwrap();
        assert_eq!(
            listener.accept().unwrap_err().kind(),
            ErrorKind::WouldBlock,
            "nobody else came"
        );
        listener.set_nonblocking(false).unwrap();
        clients.iter_mut().for_each(|client| client.write_all(b"+OK\r\n").unwrap());
        clients
    }

    #[test]
    fn connections_are_greeted_together_and_the_next_ones_when_these_are_answered() {
        let address = server(|listener| {
            let _clients = [BATCH, 3].map(|count| answer_together(&listener, count));
            thread::park();
        });
        assert_eq!(opened(address, BATCH + 3).unwrap().len(), BATCH + 3);
    }

    #[test]
    fn one_that_is_refused_ends_it_with_the_words_of_the_server_even_if_it_has_closed() {
        let address = server(|listener| {
            for (stream, reply) in listener.incoming().zip(["+OK\r\n", "-ERR too many\r\n"]) {
                stream.unwrap().write_all(reply.as_bytes()).unwrap();
            }
            thread::park();
        });
        let refused = opened(address, 2).err().unwrap().to_string();
        assert!(refused.ends_with("refuses: ERR too many"), "{refused}");
    }
}
