//! Asks a larder that serves.

use std::io::{Read, Write};
use std::net::TcpStream;

use larder_protocol::Limits;
use larder_protocol::frame::{Frame, decode};
use serde_json::{Map, Value as Json};

use super::ServerOptions;
use crate::{Failure, password};

/// A connection.
pub(super) struct Wire {
    stream: TcpStream,
    address: String,
    input: Vec<u8>,
}

impl Wire {
    /// Connects, and says who it is if there is a password.
    pub(super) fn connect(options: &ServerOptions) -> Result<Self, Failure> {
        let address = options.server.clone();
        let stream = TcpStream::connect(&address).map_err(|error| {
            Failure::failed(format!("no larder serves at {address}: {error}; say --server ADDR"))
        })?;
        let mut wire = Self { stream, address, input: Vec::new() };
        match password() {
            Some(password) => wire.ask(&["HELLO", "3", "AUTH", "default", password.reveal()])?,
            None => wire.ask(&["HELLO", "3"])?,
        };
        Ok(wire)
    }

    /// The reply to a request, as JSON.
    pub(super) fn ask(&mut self, request: &[&str]) -> Result<Json, Failure> {
        match self.reply_to(request)? {
            Frame::Error(error) => Err(Failure::failed(error)),
            frame => Ok(json(&frame)),
        }
    }

    /// The reply to a request that is answered with a number.
    pub(super) fn count(&mut self, request: &[&str]) -> Result<i64, Failure> {
        let reply = self.ask(request)?;
        reply
            .as_i64()
            .ok_or_else(|| Failure::failed(format!("an answer that is no number: {reply}")))
    }

    fn reply_to(&mut self, request: &[&str]) -> Result<Frame, Failure> {
        let mut bytes = format!("*{}\r\n", request.len());
        for argument in request {
            bytes += &format!("${}\r\n{argument}\r\n", argument.len());
        }
        let Self { stream, address, input } = self;
        let lost =
            |reason: String| Failure::failed(format!("lost the larder at {address}: {reason}"));
        stream.write_all(bytes.as_bytes()).map_err(|error| lost(error.to_string()))?;
        let limits = Limits::default();
        loop {
            let decoded = decode(input, &limits).map_err(|error| lost(error.to_string()))?;
            if let Some((frame, length)) = decoded {
                input.drain(..length);
                return Ok(frame);
            }
            let mut chunk = [0; 16 << 10];
            match stream.read(&mut chunk).map_err(|error| lost(error.to_string()))? {
                0 => return Err(lost("it has closed the connection".to_owned())),
                length => input.extend_from_slice(&chunk[..length]),
            }
        }
    }
}

/// Shows every dead letter of a keyspace to `see`, in their order.
pub(super) fn each_letter(
    wire: &mut Wire,
    keyspace: &str,
    mut see: impl FnMut(&Json) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut after = "0".to_owned();
    loop {
        let page = wire.ask(&["CACHE.JOURNAL", "DEAD", "LIST", keyspace, "AFTER", &after])?;
        let letters = page.as_array().map(Vec::as_slice).unwrap_or_default();
        for letter in letters {
            see(letter)?;
        }
        match letters.last().map(|letter| &letter["number"]) {
            Some(number) => after = number.to_string(),
            None => return Ok(()),
        }
    }
}

/// A reply as JSON; bytes that are no text are shown as well as they can.
fn json(frame: &Frame) -> Json {
    match frame {
        Frame::Simple(text) | Frame::Error(text) | Frame::BigNumber(text) => text.as_str().into(),
        Frame::Integer(number) => (*number).into(),
        Frame::Bulk(bytes) | Frame::Verbatim(_, bytes) => String::from_utf8_lossy(bytes).into(),
        Frame::Null => Json::Null,
        Frame::Double(number) => (*number).into(),
        Frame::Boolean(truth) => (*truth).into(),
        Frame::Array(frames) | Frame::Set(frames) | Frame::Push(frames) => {
            frames.iter().map(json).collect()
        }
        Frame::Map(pairs) => {
            let members = pairs.iter().map(|(name, value)| (word(name), json(value)));
            Json::Object(members.collect::<Map<_, _>>())
        }
        Frame::Attribute(_, frame) => json(frame),
    }
}

fn word(frame: &Frame) -> String {
    match json(frame) {
        Json::String(text) => text,
        other => other.to_string(),
    }
}
