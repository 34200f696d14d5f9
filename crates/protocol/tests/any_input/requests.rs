//! Requests drawn from the table, right ones and wrong ones, as arrays and as lines.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::script::encoded;
use crate::table::Shape;

/// Arguments of a request beyond those that the table asks for, at most.
const MORE_MAX: usize = 4;

/// What keys are called: a few, so that requests meet. The store knows some of them at once.
const KEYS: [&str; 6] = ["a", "b", "h", "n", "near:a", "near:h"];

/// What else an argument may be: the words that options are made of, numbers, and oddities.
const WORDS: [&str; 64] = [
    "1",
    "0",
    "-1",
    "2",
    "100",
    "1.5",
    "-0",
    "9223372036854775807",
    "9223372036854775808",
    "1e400",
    "nan",
    "inf",
    "x",
    "hello world",
    "",
    "\0",
    "\r\n",
    "\u{e9}",
    "'",
    "\"",
    "*",
    "a*",
    "[a-",
    "{",
    "nx",
    "XX",
    "gt",
    "LT",
    "EX",
    "px",
    "EXAT",
    "KEEPTTL",
    "persist",
    "GET",
    "MATCH",
    "count",
    "TYPE",
    "string",
    "hash",
    "WITHVALUES",
    "REPLACE",
    "db",
    "ON",
    "off",
    "YES",
    "no",
    "BCAST",
    "prefix",
    "OPTIN",
    "NOLOOP",
    "redirect",
    "ID",
    "USER",
    "default",
    "SKIPME",
    "IDX",
    "LEN",
    "MINMATCHLEN",
    "ASYNC",
    "WRITE",
    "all",
    "SETNAME",
    "channel",
    "maxclients",
];

/// A pipeline of requests of these commands.
pub fn pipeline(shapes: Vec<Shape>) -> impl Strategy<Value = Vec<u8>> {
    let opening = select(vec!["", "HELLO 2\r\n", "HELLO 3\r\n", "MULTI\r\n", "SELECT 3\r\n"]);
    let requests = prop::collection::vec(request(shapes), 0..12);
    (opening, requests).prop_map(|(opening, requests)| [opening.into(), requests.concat()].concat())
}

fn request(shapes: Vec<Shape>) -> impl Strategy<Value = Vec<u8>> {
    let words = prop::collection::vec(any::<Index>(), 24);
    let form = prop_oneof![4 => Just(Form::Array), 3 => Just(Form::Line), 1 => Just(Form::Broken)];
    (select(shapes), -1..=MORE_MAX as i64, words, form).prop_map(|(shape, more, words, form)| {
        let words = arguments(&shape, more, &words);
        match form {
            Form::Array => encoded(&words),
            Form::Line => line(&words),
            Form::Broken => broken(&words),
        }
    })
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Array,
    Line,
    /// An array that does not say how long its last argument is.
    Broken,
}

/// The words of a request with so many arguments more than the least; a key where a key belongs.
fn arguments(shape: &Shape, more: i64, draws: &[Index]) -> Vec<Vec<u8>> {
    let least = shape.arity.abs();
    let count = usize::try_from(least + more).unwrap_or(0).max(shape.words.len());
    let mut words = shape.words.clone();
    for place in words.len()..count {
        let draw = &draws[place % draws.len()];
        let word = if is_key(shape, place) { draw.get(&KEYS) } else { draw.get(&WORDS) };
        words.push(word.as_bytes().to_vec());
    }
    words
}

fn is_key(shape: &Shape, place: usize) -> bool {
    let behind = place as i64 - shape.first_key;
    shape.first_key > 0 && behind >= 0 && behind % shape.key_step.max(1) == 0
}

/// A request as a person types it.
fn line(words: &[Vec<u8>]) -> Vec<u8> {
    let quoted = |word: &Vec<u8>| {
        let bytes: String = word.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        match word.iter().all(u8::is_ascii_alphanumeric) && !word.is_empty() {
            true => String::from_utf8_lossy(word).into_owned(),
            false => format!("\"{bytes}\""),
        }
    };
    let words: Vec<String> = words.iter().map(quoted).collect();
    format!("{}\r\n", words.join(" ")).into_bytes()
}

fn broken(words: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = encoded(words);
    if let Some(place) = bytes.iter().rposition(|byte| *byte == b'$') {
        bytes[place + 1] = b'x';
    }
    bytes
}
