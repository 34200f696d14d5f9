//! What clients and configurations say is never taken for SQL: each payload is tried in each place
//! where a name, a key or a value may stand, and the database is looked at afterwards.
//!
//! A payload is stored and read back byte for byte, or refused by one clear error. The schema stays
//! as it was, and so do the rows that nobody named.

mod names;
mod payloads;

use redis::Connection as Client;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};

use crate::kit::{Larder, on_every_model};
use crate::wire::Wire;
use payloads::payloads;

const CONFIG: &str = r#"
[sources.main]
url = "sqlite:larder.db"
synchronous = "normal"
[keyspaces.own]
prefix = "own:"
source = "main"
strategy = "write-through"
[keyspaces.pair]
prefix = "pair:"
source = "main"
strategy = "write-through"
table = "pairs"
key = ["a", "b"]
value = "value"
[keyspaces.row]
prefix = "row:"
source = "main"
strategy = "write-through"
table = "the \"rows\"; --"
key = "key"
"#;

const TABLES: &str = r#"
CREATE TABLE kept (id INTEGER PRIMARY KEY, text TEXT);
CREATE TABLE pairs (a TEXT NOT NULL, b TEXT NOT NULL, value, PRIMARY KEY (a, b));
CREATE TABLE "the ""rows""; --" (
    key TEXT PRIMARY KEY NOT NULL, note, number INTEGER, text TEXT, bytes BLOB
);
INSERT INTO kept VALUES (1, 'kept');
INSERT INTO pairs VALUES ('kept', 'kept', 'kept');
INSERT INTO "the ""rows""; --" VALUES ('kept', 'kept', 1, 'kept', x'00ff');
"#;

/// The rows that nobody names.
const KEPT: &str = r#"
SELECT (SELECT group_concat(id || text) FROM kept)
    || (SELECT group_concat(a || b || value) FROM pairs WHERE a = 'kept')
    || (SELECT group_concat(key || note || number || text || hex(bytes)) FROM "the ""rows""; --"
        WHERE key = 'kept')
"#;

/// What only SQL would say of what it was given.
const SQL_SAYS: [&str; 5] =
    ["syntax error", "unrecognized token", "no such", "near \"", "malformed"];

/// A server, a client of it, and how its database was before.
pub struct Trial {
    larder: Larder,
    client: Client,
    /// For replies that the client could not read: an error may have bytes that are no UTF-8.
    wire: Wire,
    before: String,
}

/// What became of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Taken,
    Refused,
}

impl Trial {
    fn new(larder: Larder) -> Self {
        let client = larder.redis("");
        let wire = larder.wire();
        let before = state(&larder.database());
        Self { larder, client, wire, before }
    }

    /// Asks, and is given an answer or one clear error.
    pub fn ask<T: redis::FromRedisValue>(&mut self, words: &[&[u8]]) -> Result<T, String> {
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        command.query(&mut self.client).map_err(|error| {
            let text = error.to_string();
            assert!(!error.is_io_error(), "{text}");
            check_error(words, &text);
            text
        })
    }

    /// Asks what may be answered in any way.
    fn try_out(&mut self, words: &[&[u8]]) {
        let reply = self.wire.ask_with(words);
        if reply.starts_with('-') {
            check_error(words, &reply);
        }
    }

    /// Writes; says whether it was taken.
    fn write(&mut self, words: &[&[u8]]) -> Fate {
        self.ask::<redis::Value>(words).map_or(Fate::Refused, |_| Fate::Taken)
    }

    /// What is under a key, first as it is cached, then as the database has it.
    fn read(&mut self, words: &[&[u8]]) -> Option<Vec<u8>> {
        let cached: Option<Vec<u8>> = self.ask(words).unwrap();
        self.ask::<i64>(&[b"CACHE.DROP", words[1]]).unwrap();
        let loaded = self.ask(words).unwrap();
        assert_eq!(cached, loaded, "{words:?}");
        loaded
    }

    /// The bytes of one cell, whatever SQLite takes them for.
    fn cell(&self, query: &str, parameters: &[&[u8]]) -> Option<Vec<u8>> {
        let database = self.larder.database();
        let parameters = rusqlite::params_from_iter(parameters);
        let bytes = |row: &rusqlite::Row<'_>| {
            Ok(match row.get_ref(0)? {
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_vec(),
                other => format!("{other:?}").into_bytes(),
            })
        };
        database.query_row(query, parameters, bytes).optional().unwrap()
    }

    /// Ends it, and looks whether anything has changed that nobody named.
    fn end(self) {
        let setup = self.larder.stop();
        assert_eq!(state(&setup.database()), self.before);
        let mut files: Vec<_> = std::fs::read_dir(setup.path(".")).unwrap().collect();
        files.retain(|file| file.as_ref().unwrap().file_name() == "stolen.db");
        assert!(files.is_empty(), "a file was made");
    }
}

/// An error is one sentence, and not one of SQL's. It may repeat what it is about.
fn check_error(words: &[&[u8]], text: &str) {
    let shown = String::from_utf8_lossy(&words.join(&b' ')).into_owned();
    assert!(!text.contains('\n'), "{shown}: {text}");
    assert!(text.len() < 150_000, "an error of {} bytes", text.len());
    let says = |sql: &&str| text.contains(*sql) && !shown.contains(*sql);
    assert!(!SQL_SAYS.iter().any(says), "{shown}: {text}");
}

fn state(database: &Connection) -> String {
    let schema = "SELECT group_concat(type || name || coalesce(sql, ''), '|') FROM sqlite_schema";
    let text = |query| database.query_row(query, [], |row| row.get::<_, String>(0)).unwrap();
    let intact = text("PRAGMA integrity_check");
    [text(schema), text(KEPT), intact].join("\n")
}

/// Tries every payload, each with its number, on every model.
fn try_each(attempt: impl Fn(&mut Trial, &[u8], &str)) {
    on_every_model(|setup| {
        let mut trial = Trial::new(setup.config(CONFIG).sql(TABLES).start());
        for (number, payload) in payloads().iter().enumerate() {
            attempt(&mut trial, payload, &number.to_string());
        }
        trial.end();
    });
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[test]
fn a_key_is_but_a_key() {
    try_each(|trial, payload, number| {
        let key = joined(&[b"own:", payload]);
        if trial.write(&[b"SET", &key, number.as_bytes()]) == Fate::Refused {
            assert!(payload.len() > 10_000, "{payload:?} is refused");
            return;
        }
        assert_eq!(trial.read(&[b"GET", &key]).unwrap(), number.as_bytes());
        let query = "SELECT value FROM own WHERE CAST(key AS BLOB) = ?1";
        assert_eq!(trial.cell(query, &[payload]).unwrap(), number.as_bytes());
        assert_eq!(trial.ask::<i64>(&[b"DEL", &key]), Ok(1));
        assert_eq!(trial.cell(query, &[payload]), None);
    });
}

#[test]
fn a_value_is_but_a_value() {
    try_each(|trial, payload, number| {
        let key = joined(&[b"own:", number.as_bytes()]);
        assert_eq!(trial.write(&[b"SET", &key, payload]), Fate::Taken);
        assert_eq!(trial.read(&[b"GET", &key]).unwrap(), payload);
        let query = "SELECT value FROM own WHERE CAST(key AS BLOB) = ?1";
        assert_eq!(trial.cell(query, &[number.as_bytes()]).unwrap(), payload);
    });
}

#[test]
fn parts_of_a_key_are_but_parts_of_a_key() {
    try_each(|trial, payload, number| {
        let key = joined(&[b"pair:", payload, b":", payload]);
        if trial.write(&[b"SET", &key, number.as_bytes()]) == Fate::Refused {
            assert!(payload.len() > 5_000, "{payload:?} is refused");
            return;
        }
        assert_eq!(trial.read(&[b"GET", &key]).unwrap(), number.as_bytes());
        let mut parts = key[b"pair:".len()..].splitn(2, |byte| *byte == b':');
        let (a, b) = (parts.next().unwrap(), parts.next().unwrap());
        let query = "SELECT value FROM pairs WHERE CAST(a AS BLOB) = ?1 AND CAST(b AS BLOB) = ?2";
        assert_eq!(trial.cell(query, &[a, b]).unwrap(), number.as_bytes());
    });
}

#[test]
fn a_field_is_but_the_value_of_its_column() {
    try_each(|trial, payload, number| {
        let key = joined(&[b"row:", number.as_bytes()]);
        for column in ["note", "text", "bytes", "number"] {
            let fate = trial.write(&[b"HSET", &key, column.as_bytes(), payload]);
            let is_text = std::str::from_utf8(payload).is_ok();
            let is_number =
                std::str::from_utf8(payload).is_ok_and(|text| text.parse::<i64>().is_ok());
            let fits = match column {
                "text" => is_text,
                "number" => is_number,
                _ => true,
            };
            assert_eq!(fate == Fate::Taken, fits, "{column}: {payload:?}");
            if !fits || column == "number" {
                continue;
            }
            assert_eq!(trial.read(&[b"HGET", &key, column.as_bytes()]).unwrap(), payload);
            let query = format!(
                "SELECT {column} FROM \"the \"\"rows\"\"; --\" WHERE key = CAST(?1 AS TEXT)"
            );
            assert_eq!(trial.cell(&query, &[number.as_bytes()]).unwrap(), payload, "{column}");
        }
    });
}

#[test]
fn a_fields_name_is_a_column_or_nothing() {
    try_each(|trial, payload, _| {
        assert_eq!(trial.write(&[b"HSET", b"row:kept", payload, b"1"]), Fate::Refused);
        assert_eq!(trial.ask::<Option<Vec<u8>>>(&[b"HGET", b"row:kept", payload]), Ok(None));
        assert_eq!(trial.ask::<i64>(&[b"HDEL", b"row:kept", payload]), Ok(0));
        assert_eq!(trial.ask::<i64>(&[b"HEXISTS", b"row:kept", payload]), Ok(0));
        assert_eq!(trial.write(&[b"HINCRBY", b"row:kept", payload, b"1"]), Fate::Refused);
    });
}

#[test]
fn a_document_names_columns_and_nothing_else() {
    try_each(|trial, payload, number| {
        let key = joined(&[b"row:", number.as_bytes()]);
        if trial.write(&[b"SET", &key, payload]) == Fate::Taken {
            let is_object = payload.starts_with(b"{");
            assert!(is_object, "{payload:?} is no row");
            trial.read(&[b"GET", &key]).unwrap();
        }
        let member = joined(&[b"{\"", &escaped(payload), b"\":1}"]);
        assert_eq!(trial.write(&[b"SET", &key, &member]), Fate::Refused, "{member:?}");
    });
}

#[test]
fn a_string_in_a_document_is_but_a_value() {
    try_each(|trial, payload, number| {
        let key = joined(&[b"row:", number.as_bytes()]);
        let document = joined(&[b"{\"text\":\"", &escaped(payload), b"\"}"]);
        let fate = trial.write(&[b"SET", &key, &document]);
        assert_eq!(fate == Fate::Taken, std::str::from_utf8(payload).is_ok(), "{payload:?}");
        if fate == Fate::Taken {
            assert_eq!(trial.read(&[b"HGET", &key, b"text"]).unwrap(), payload);
            let query = "SELECT text FROM \"the \"\"rows\"\"; --\" WHERE key = CAST(?1 AS TEXT)";
            assert_eq!(trial.cell(query, &[number.as_bytes()]).unwrap(), payload);
        }
    });
}

#[test]
fn many_keys_in_one_query_are_but_keys() {
    on_every_model(|setup| {
        let mut trial = Trial::new(setup.config(CONFIG).sql(TABLES).start());
        let keys: Vec<_> = payloads()
            .iter()
            .filter(|payload| payload.len() < 10_000)
            .map(|payload| joined(&[b"own:", payload]))
            .collect();
        let pairs = keys.iter().flat_map(|key| [key.as_slice(), &key[4..]]);
        let words: Vec<&[u8]> = [b"MSET".as_slice()].into_iter().chain(pairs).collect();
        assert_eq!(trial.write(&words), Fate::Taken);
        let named = |name: &'static [u8]| -> Vec<&[u8]> {
            [name].into_iter().chain(keys.iter().map(Vec::as_slice)).collect()
        };
        trial.ask::<i64>(&named(b"CACHE.DROP")).unwrap();
        let values: Vec<Option<Vec<u8>>> = trial.ask(&named(b"MGET")).unwrap();
        for (key, value) in keys.iter().zip(values) {
            assert_eq!(value.as_deref(), Some(&key[4..]));
        }
        assert_eq!(trial.ask::<usize>(&named(b"DEL")), Ok(keys.len()));
        assert_eq!(trial.cell("SELECT key FROM own", &[]), None);
        trial.end();
    });
}

#[test]
fn an_argument_of_any_command_is_but_an_argument() {
    const COMMANDS: [&[&str]; 16] = [
        &["KEYS"],
        &["SCAN", "0", "MATCH"],
        &["SCAN", "0", "TYPE"],
        &["SCAN"],
        &["INFO"],
        &["SELECT"],
        &["CACHE.STATS"],
        &["CACHE.LEASE"],
        &["CACHE.FILL", "own:x", "1"],
        &["CACHE.FILL", "own:x"],
        &["CACHE.EXPLAIN"],
        &["CONFIG", "GET"],
        &["CONFIG", "SET", "maxmemory"],
        &["CLIENT", "SETNAME"],
        &["HSCAN", "row:kept", "0", "MATCH"],
        &["OBJECT", "ENCODING"],
    ];
    try_each(|trial, payload, _| {
        for command in COMMANDS {
            let words = command.iter().map(|word| word.as_bytes()).chain([payload]);
            let words: Vec<&[u8]> = words.collect();
            trial.try_out(&words);
        }
    });
}

/// As JSON has it in a string; what is no text stays as it is.
fn escaped(payload: &[u8]) -> Vec<u8> {
    let escape = |byte: &u8| match byte {
        b'"' | b'\\' => vec![b'\\', *byte],
        0..=0x1f => format!("\\u{byte:04x}").into_bytes(),
        other => vec![*other],
    };
    payload.iter().flat_map(escape).collect()
}
