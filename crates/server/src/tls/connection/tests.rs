//! Both ends in memory: what passes, what is held back, and how it ends.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::time::Duration;

use rustls::ClientConnection;
use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::config::{ConfigText, Overrides};
use crate::model::Identity;
use crate::tls::Acceptor;
use crate::tls::testing::{Authority, Issued};

/// Notes what it is told, and says what it was given to say.
#[derive(Default)]
struct Notes {
    received: Vec<u8>,
    output: Vec<u8>,
    identity: Option<Identity>,
    resumed: usize,
    ends: usize,
    is_busy: bool,
    is_finished: bool,
}

impl Connection for Notes {
    fn receive(&mut self, bytes: &[u8]) {
        assert!(self.wants_input() && self.ends == 0 && !bytes.is_empty());
        self.received.extend_from_slice(bytes);
    }

    fn resume(&mut self) {
        self.resumed += 1;
    }

    fn output(&self) -> &[u8] {
        &self.output
    }

    fn sent(&mut self, count: usize) {
        self.output.drain(..count);
    }

    fn wants_input(&self) -> bool {
        !self.is_busy && !self.is_finished
    }

    fn identify(&mut self, identity: Identity) {
        assert!(self.received.is_empty());
        self.identity = Some(identity);
    }

    fn end_of_input(&mut self) {
        self.ends += 1;
    }

    fn drain(&mut self) {
        self.is_finished = true;
    }

    fn is_finished(&self) -> bool {
        self.is_finished
    }
}

/// A client and a server that have yet to say something.
struct Scene {
    client: ClientConnection,
    server: TlsConnection<Notes>,
    /// Holds the timers.
    _runtime: Runtime,
}

/// By these versions, with this certificate of the client.
fn scene_of(versions: &str, shown: impl FnOnce(&Authority) -> Option<Issued>) -> Scene {
    let (authority, folder) = (Authority::new("authority"), tempfile::tempdir().unwrap());
    authority.issue("server").write(folder.path(), "server");
    fs::write(folder.path().join("ca.crt"), authority.certificate()).unwrap();
    let path = folder.path().display();
    let config = ConfigText::new(
        "f",
        format!(
            "[tls]\nlisten = '127.0.0.1:1'\ncert = '{path}/server.crt'\nkey = '{path}/server.key'\n\
             client_ca = '{path}/ca.crt'\nclient_auth = 'optional'\nversions = {versions}\n"
        ),
    );
    let config = config.parse(&Overrides::default()).unwrap().tls.unwrap();
    let runtime = timers();
    let acceptor = Acceptor::load(&config, runtime.handle().clone()).unwrap();
    let peer = "127.0.0.1:1".parse().unwrap();
    let server = acceptor.begin(Notes::default(), Waker::noop().clone(), peer).unwrap();
    let client = authority.client(shown(&authority).as_ref());
    Scene { client, server, _runtime: runtime }
}

fn timers() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap()
}

fn scene() -> Scene {
    scene_of("['1.2', '1.3']", |_| None)
}

impl Scene {
    /// Until the handshake is over.
    fn connected(mut self) -> Self {
        self.exchange();
        assert!(!self.client.is_handshaking() && matches!(self.server.phase, Phase::Open));
        self
    }

    /// Carries bytes to and fro until both are silent, `step` of the client's at a time; answers
    /// what the client can read.
    fn exchange_by(&mut self, step: usize) -> Vec<u8> {
        let mut read = Vec::new();
        loop {
            let said = self.said();
            for piece in said.chunks(step) {
                assert!(self.server.wants_input());
                self.server.receive(piece);
            }
            let heard = self.heard(&mut read);
            if said.is_empty() && !heard {
                return read;
            }
        }
    }

    fn exchange(&mut self) -> Vec<u8> {
        self.exchange_by(usize::MAX)
    }

    /// What the client wants to send.
    fn said(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.client.wants_write() {
            self.client.write_tls(&mut bytes).unwrap();
        }
        bytes
    }

    /// Carries the server's output to the client; whether there was any.
    fn heard(&mut self, read: &mut Vec<u8>) -> bool {
        let mut output = self.server.output();
        let length = output.len();
        while !output.is_empty() {
            self.client.read_tls(&mut output).unwrap();
            self.client.process_new_packets().unwrap();
            let mut reader = self.client.reader();
            while let Ok(bytes @ [_, ..]) = reader.fill_buf() {
                read.extend_from_slice(bytes);
                let count = bytes.len();
                reader.consume(count);
            }
        }
        self.server.sent(length);
        length > 0
    }

    fn say(&mut self, text: &[u8]) {
        self.client.writer().write_all(text).unwrap();
    }

    fn notes(&mut self) -> &mut Notes {
        &mut self.server.inner
    }

    /// The inner connection has had this, and then heard of the end.
    #[track_caller]
    fn has_heard_out(&mut self, text: &[u8]) {
        let notes = self.notes();
        assert_eq!((&*notes.received, notes.ends), (text, 1));
    }

    /// Whether the server has taken its leave in order.
    fn has_farewell(&mut self) -> bool {
        matches!(self.client.reader().fill_buf(), Ok([]))
    }
}

#[test]
fn plaintext_goes_through_in_every_version() {
    for (versions, expected) in [
        ("'1.2'", rustls::ProtocolVersion::TLSv1_2),
        ("'1.3'", rustls::ProtocolVersion::TLSv1_3),
        ("['1.2', '1.3']", rustls::ProtocolVersion::TLSv1_3),
    ] {
        let mut scene = scene_of(versions, |_| None).connected();
        assert_eq!(scene.client.protocol_version(), Some(expected));
        scene.say(b"question");
        scene.exchange();
        assert_eq!(scene.notes().received, b"question");
        assert_eq!(scene.notes().identity, None);
        scene.notes().output = b"answer".to_vec();
        scene.server.resume();
        assert_eq!(scene.exchange(), b"answer");
    }
}

#[test]
fn records_may_come_byte_by_byte() {
    let mut scene = scene();
    scene.say(b"question");
    scene.exchange_by(1);
    assert_eq!(scene.notes().received, b"question");
}

#[test]
fn what_comes_before_it_is_welcome_waits() {
    let mut scene = scene().connected();
    scene.notes().is_busy = true;
    let text = vec![b'x'; 60_000];
    scene.say(&text);
    let records = scene.said();
    scene.server.receive(&records);
    assert!(!scene.server.wants_input() && scene.notes().received.is_empty());
    scene.notes().is_busy = false;
    scene.server.resume();
    assert!(scene.server.wants_input());
    assert_eq!(scene.notes().received, text);
    assert_eq!(scene.server.backlog.capacity(), 0);
}

#[test]
fn output_that_is_not_sent_stays_where_it_is() {
    let mut scene = scene().connected();
    let text: Vec<u8> = (0..10_000_000u32).map(|at| (at % 251) as u8).collect();
    scene.notes().output = text.clone();
    scene.server.resume();
    assert!((OUTPUT_MAX..OUTPUT_MAX + 1024).contains(&scene.server.output().len()));
    assert!(scene.notes().output.len() >= text.len() - OUTPUT_MAX);
    assert!(!scene.server.wants_input(), "the peer has to read first");
    let mut read = Vec::new();
    while scene.heard(&mut read) {}
    assert!(read == text && scene.server.wants_input());
}

#[test]
fn a_farewell_of_the_client_leaves_the_answers_their_way() {
    let mut scene = scene().connected();
    scene.say(b"last");
    scene.client.send_close_notify();
    scene.exchange();
    scene.has_heard_out(b"last");
    assert!(!scene.server.wants_input() && !scene.server.is_finished());
    scene.server.end_of_input();
    assert_eq!(scene.notes().ends, 1);
    scene.notes().output = b"answer".to_vec();
    scene.notes().is_finished = true;
    scene.server.resume();
    assert!(scene.server.is_finished());
    assert_eq!(scene.exchange(), b"answer");
    assert!(scene.has_farewell());
}

#[test]
fn a_farewell_is_told_after_all_that_came_before() {
    let mut scene = scene().connected();
    scene.notes().is_busy = true;
    scene.say(b"last");
    scene.client.send_close_notify();
    let mut records = scene.said();
    records.extend_from_slice(b"void");
    scene.server.receive(&records);
    scene.server.end_of_input();
    assert_eq!(scene.notes().ends, 0);
    scene.notes().is_busy = false;
    scene.server.resume();
    scene.has_heard_out(b"last");
}

#[test]
fn a_stream_that_ends_without_a_farewell_ends_as_well() {
    let mut scene = scene().connected();
    scene.say(b"last");
    let records = scene.said();
    scene.server.receive(&records);
    scene.server.end_of_input();
    scene.has_heard_out(b"last");
    assert!(!scene.server.is_finished());
}

#[test]
fn a_stream_that_ends_in_the_handshake_leaves_nothing_to_do() {
    let mut scene = scene();
    let records = scene.said();
    scene.server.receive(&records[..50]);
    scene.server.end_of_input();
    assert!(scene.server.is_finished());
    assert_eq!(scene.notes().ends, 0);
}

#[test]
fn a_shutdown_ends_handshakes_and_conversations() {
    let mut early = scene();
    early.server.drain();
    assert!(early.server.is_finished() && early.server.output().is_empty());
    let mut late = scene().connected();
    late.notes().output = b"answer".to_vec();
    late.server.drain();
    assert!(late.server.is_finished());
    assert_eq!(late.exchange(), b"answer");
    assert!(late.has_farewell());
}

#[test]
fn a_record_that_was_tampered_with_ends_the_connection() {
    let mut scene = scene().connected();
    scene.say(b"transfer 1");
    let mut records = scene.said();
    *records.last_mut().unwrap() ^= 1;
    scene.server.receive(&records);
    assert!(scene.server.is_finished() && !scene.server.wants_input());
    assert!(scene.notes().received.is_empty());
    let mut alert = scene.server.output();
    scene.client.read_tls(&mut alert).unwrap();
    let error = scene.client.process_new_packets().unwrap_err();
    assert_eq!(error, Error::AlertReceived(rustls::AlertDescription::BadRecordMac));
}

#[test]
fn a_peer_without_tls_is_told_so() {
    for request in [&b"*1\r\n$4\r\nPING\r\n"[..], b"PING\r\n", b"get /\r\n"] {
        let mut scene = scene();
        scene.server.receive(request);
        assert_eq!(scene.server.output(), SPEAK_TLS);
        assert!(scene.server.is_finished() && scene.notes().received.is_empty());
    }
}

#[test]
fn what_is_no_handshake_at_all_is_refused() {
    for bytes in [&[0; 9][..], &[0xff; 100_000], &[22, 3, 1, 0xff, 0xff, 1]] {
        let mut scene = scene();
        scene.server.receive(bytes);
        assert!(scene.server.is_finished(), "{:?}", &bytes[..6]);
    }
}

#[test]
fn a_handshake_that_never_ends_is_refused_before_it_takes_much_memory() {
    let mut scene = scene();
    // A message of 16 MB, which comes in records of 16 kB.
    let mut record = vec![22, 3, 1, 0x40, 0];
    record.extend([1, 0xff, 0xff, 0xff]);
    record.resize(5 + 0x4000, 0);
    let count = (0..100).take_while(|_| {
        scene.server.receive(&record);
        !scene.server.is_finished()
    });
    assert!(count.count() < 10);
}

#[test]
fn the_name_of_a_client_is_told_before_its_words() {
    for versions in ["'1.2'", "'1.3'"] {
        let mut scene = scene_of(versions, |authority| Some(authority.issue("billing")));
        scene.say(b"question");
        scene.exchange();
        let identity = scene.notes().identity.take().unwrap();
        assert_eq!(identity.common_name.as_deref(), Some("billing"));
        assert_eq!(&*identity.subject, "CN=billing");
        assert_eq!(scene.notes().received, b"question");
    }
}

#[test]
fn a_client_of_another_authority_gets_no_word_through() {
    let mut scene = scene_of("'1.3'", |_| Some(Authority::new("other").issue("billing")));
    scene.say(b"question");
    let (hello, mut read) = (scene.said(), Vec::new());
    scene.server.receive(&hello);
    scene.heard(&mut read);
    let rest = scene.said();
    scene.server.receive(&rest);
    assert!(scene.server.is_finished());
    assert!(scene.notes().received.is_empty() && scene.notes().identity.is_none());
}

#[test]
fn a_handshake_has_its_time() {
    struct Flag(AtomicBool);
    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Release);
        }
    }
    let runtime = timers();
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    let mut scene = scene();
    let deadline = |timeout| Deadline::begin(runtime.handle(), timeout, Waker::from(flag.clone()));
    scene.server.phase = Phase::Handshake { deadline: deadline(Duration::from_secs(3600)) };
    scene.server.resume();
    assert!(!scene.server.is_finished() && scene.notes().resumed == 1);
    scene.server.phase = Phase::Handshake { deadline: deadline(Duration::from_millis(1)) };
    while !flag.0.load(Ordering::Acquire) {
        std::thread::yield_now();
    }
    scene.server.resume();
    assert!(scene.server.is_finished());
}
