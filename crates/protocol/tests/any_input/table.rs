//! The table of commands, as `COMMAND` tells it.

use larder_protocol::Limits;
use larder_protocol::frame::{Frame, decode};

use crate::conversation::{Course, conversation};

/// What a request of a command has to look like.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Its name, and that of the subcommand.
    pub words: Vec<Vec<u8>>,
    /// How many arguments it takes, its names included; at least so many when negative.
    pub arity: i64,
    /// The place of the first key, 0 when there is none.
    pub first_key: i64,
    /// How far keys are apart.
    pub key_step: i64,
}

/// Every command and subcommand.
pub fn shapes() -> Vec<Shape> {
    let said = conversation(b"COMMAND\r\n", &Course::default());
    let (frame, _) = decode(&said, &Limits::default()).unwrap().unwrap();
    let mut shapes = Vec::new();
    items(&frame).iter().for_each(|command| collect(command, &mut shapes));
    shapes
}

/// The last of its ten particulars are a command's subcommands, in the same form.
fn collect(command: &Frame, shapes: &mut Vec<Shape>) {
    let [name, arity, _, first_key, _, key_step, .., subcommands] = items(command) else {
        panic!("{command:?}");
    };
    let words = bytes(name).split(|byte| *byte == b'|').map(<[u8]>::to_vec).collect();
    let [arity, first_key, key_step] = [arity, first_key, key_step].map(number);
    shapes.push(Shape { words, arity, first_key, key_step });
    items(subcommands).iter().for_each(|command| collect(command, shapes));
}

fn items(frame: &Frame) -> &[Frame] {
    match frame {
        Frame::Array(frames) | Frame::Set(frames) => frames,
        other => panic!("{other:?} has no items"),
    }
}

fn bytes(frame: &Frame) -> &[u8] {
    match frame {
        Frame::Bulk(bytes) => bytes,
        Frame::Simple(text) => text.as_bytes(),
        other => panic!("{other:?} is no text"),
    }
}

fn number(frame: &Frame) -> i64 {
    match frame {
        Frame::Integer(number) => *number,
        other => panic!("{other:?} is no number"),
    }
}
