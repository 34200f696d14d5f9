//! A client: its session and its store.

use std::sync::Arc;
use std::task::Waker;

use larder_protocol::settings::place;
use larder_protocol::{Session, hub};

use crate::census::Census;
use crate::model::{Arrival, Connection, Mandate, Service};
use crate::status::Status;
use crate::store::ClientStore;

/// Opens clients: what a model serves.
pub struct Clients {
    status: Arc<Status>,
    census: Arc<Census>,
}

/// One client.
pub struct Client {
    session: Session,
    store: ClientStore,
    census: Arc<Census>,
}

impl Clients {
    /// Clients of the keyspaces behind `status`, at most as many at a time as `maxclients` says.
    pub fn new(status: Arc<Status>) -> Self {
        let census = status.census.clone();
        Self { status, census }
    }
}

impl Service for Clients {
    type Connection = Client;

    fn connect(&self, waker: Waker, arrival: Arrival) -> Result<Client, Vec<u8>> {
        let clients_max = self.status.settings().number(place::MAXCLIENTS);
        let clients_max = usize::try_from(clients_max).unwrap_or(usize::MAX);
        let Some(id) = self.census.admit(clients_max) else {
            return Err(b"-ERR max number of clients reached\r\n".to_vec());
        };
        let arrival = hub::Arrival {
            address: arrival.peer.to_string().into(),
            local: arrival.local.to_string().into(),
            waker: waker.clone(),
            now_unix_ms: self.status.unix_ms(),
        };
        Ok(Client {
            session: self.status.keyspaces.hub().join(id, arrival),
            store: ClientStore::new(id, self.status.clone(), waker),
            census: self.census.clone(),
        })
    }

    fn refusal(&self, _: Arrival, reason: &str) -> Vec<u8> {
        format!("-ERR {reason}\r\n").into_bytes()
    }
}

impl Client {
    /// Lets the session do something, then starts what it could not have at once.
    fn act(&mut self, act: impl FnOnce(&mut Session, &mut ClientStore)) {
        self.store.begin();
        act(&mut self.session, &mut self.store);
        self.store.dispatch();
        if let Some(shared) = self.store.shared() {
            // Before anybody is told what this has brought about.
            shared.follow(self.store.revision());
        }
    }
}

impl Connection for Client {
    fn receive(&mut self, bytes: &[u8]) {
        self.act(|session, store| session.receive(bytes, store.unix_ms(), store));
    }

    fn resume(&mut self) {
        self.act(|session, store| {
            for (ticket, answer) in store.arrived() {
                session.answer(ticket, answer);
            }
            session.advance(store.unix_ms(), store);
        });
    }

    fn output(&self) -> &[u8] {
        self.session.output()
    }

    fn sent(&mut self, count: usize) {
        self.session.sent(count);
        if self.session.is_held_up() {
            self.act(|session, store| session.advance(store.unix_ms(), store));
        }
    }

    fn wants_input(&self) -> bool {
        self.session.wants_input()
    }

    fn end_of_input(&mut self) {
        self.session.end_of_input();
    }

    fn drain(&mut self) {
        self.session.drain();
    }

    fn is_finished(&self) -> bool {
        self.session.is_finished()
    }

    fn mandate(&self) -> Option<Mandate> {
        self.store.shared().and_then(|_| self.session.representable()).map(Mandate)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.census.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use larder::runtime::Simulated;
    use larder_protocol::Limits;
    use larder_protocol::hub::Hub;

    use super::*;
    use crate::keyspace::tests::plain_on;
    use crate::keyspaces::Keyspaces;

    fn says(client: &mut Client, command: &str) -> String {
        client.receive(format!("{command}\r\n").as_bytes());
        let text = String::from_utf8_lossy(client.output()).into_owned();
        client.sent(text.len());
        text
    }

    #[test]
    fn an_expiry_given_as_a_time_of_day_is_told_as_it_was_given() {
        let (world, hub) = (Simulated::new(1), Hub::new(Limits::default()));
        let default = plain_on(Arc::new(world.clone()), &hub, "default", "");
        let keyspaces = Keyspaces::new(Vec::new(), Some(default), 100, hub);
        let status = Arc::new(Status::new(keyspaces, "tasks".to_owned(), 7379));
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 7379));
        let arrival = Arrival { listener: 0, peer: anywhere, local: anywhere };
        let clients = Clients::new(status.clone());
        let mut client = clients.connect(Waker::noop().clone(), arrival).ok().unwrap();

        world.advance(Duration::from_micros(300));
        let day = status.unix_ms() + 100_000;
        assert_eq!(says(&mut client, &format!("SET a 1 PXAT {day}")), "+OK\r\n");
        for wait in [400, 400, 3_100] {
            world.advance(Duration::from_micros(wait));
            assert_eq!(says(&mut client, "PEXPIRETIME a"), format!(":{day}\r\n"));
        }
        assert_eq!(says(&mut client, "PTTL a"), ":99996\r\n");
    }
}
