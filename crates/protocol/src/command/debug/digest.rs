//! `DEBUG DIGEST`, `DEBUG DIGEST-VALUE`: fingerprints of what is cached, equal to those that Redis
//! makes of the same keys.
//!
//! What has an order is mixed: combined, and hashed again. What has none, the fields of a hash and
//! the keys of a database, is combined only.

use std::fmt::Write as _;

use sha1::{Digest as _, Sha1};

use crate::args::Args;
use crate::command::select::DATABASES;
use crate::command::{Context, Done, Stop};
use crate::frame::Out;
use crate::value::{Item, View};

/// How many keys the store is asked for at a time.
const STRIDE: usize = 1000;

/// The numbers by which Redis knows the types.
const STRING: u32 = 0;
const HASH: u32 = 4;

/// `DEBUG DIGEST`
pub(super) fn of_all(context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let mut all = Digest::default();
    for database in 0..DATABASES {
        let keys = of_database(database, context)?;
        if let Some(keys) = keys {
            all.mix(&u32::from(database).to_be_bytes());
            all.combine(&keys);
        }
    }
    out.simple(&all.hexadecimal());
    Ok(())
}

/// `DEBUG DIGEST-VALUE`: zeros for what is not cached.
pub(super) fn of_each(keys: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.array(keys.len());
    for key in keys.iter() {
        let digest = context.read(key, |item| {
            let mut digest = Digest::default();
            if let Some(item) = item {
                digest.mix_item(item);
            }
            digest
        });
        let digest = match digest {
            Err(Stop::Fetch) => Digest::default(),
            digest => digest?,
        };
        out.simple(&digest.hexadecimal());
    }
    Ok(())
}

/// All keys of a database; `None` when it is empty.
fn of_database(database: u8, context: &mut Context<'_>) -> Result<Option<Digest>, Stop> {
    let (mut keys, mut is_empty, mut cursor) = (Digest::default(), true, 0);
    loop {
        cursor = context.scan_in(database, cursor, STRIDE, |key, item| {
            let mut digest = Digest::default();
            digest.mix(key);
            digest.mix_item(item);
            keys.add(&digest.0);
            is_empty = false;
        })?;
        if cursor == 0 {
            return Ok((!is_empty).then_some(keys));
        }
    }
}

#[derive(Debug, Default)]
struct Digest([u8; 20]);

impl Digest {
    /// Adds something whose place among others does not matter.
    fn add(&mut self, bytes: &[u8]) {
        let hash = Sha1::digest(bytes);
        self.0.iter_mut().zip(hash).for_each(|(byte, other)| *byte ^= other);
    }

    /// Adds what has been added elsewhere.
    fn combine(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(byte, other)| *byte ^= other);
    }

    /// Adds something that comes after what was added before.
    fn mix(&mut self, bytes: &[u8]) {
        self.add(bytes);
        self.0 = Sha1::digest(self.0).into();
    }

    fn mix_item(&mut self, item: Item<'_>) {
        match item.value {
            View::Bytes(bytes) => {
                self.mix(&STRING.to_be_bytes());
                self.mix(bytes);
            }
            View::Fields(fields) => {
                self.mix(&HASH.to_be_bytes());
                fields.each(&mut |name, value| {
                    let mut field = Self::default();
                    field.mix(name);
                    field.mix(value);
                    self.add(&field.0);
                });
            }
        }
        if item.expires_in_ms.is_some() {
            self.add(b"!!expire!!");
        }
    }

    fn hexadecimal(&self) -> String {
        self.0.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    const NONE: &str = "+0000000000000000000000000000000000000000\r\n";

    #[test]
    fn what_is_not_there_is_zeros() {
        says("DEBUG DIGEST\nDEBUG DIGEST-VALUE x y", &format!("{NONE}*2\r\n{NONE}{NONE}"));
    }

    #[test]
    fn fingerprints_are_those_of_redis() {
        let script = "SET near:a hello\nHSET near:h f 1 g 2\nSET near:e x EX 1000\n\
                      DEBUG DIGEST-VALUE near:a near:h near:e\nDEBUG DIGEST\n\
                      SELECT 3\nSET k v\nDEBUG DIGEST";
        let digests = "*3\r\n+36b23a1456b2dce2c3ed252c456761301dba8060\r\n\
                       +d9779aa9c616692decaba51e4c41766464124c52\r\n\
                       +0745672cb1bf060476eedeb8a28f5ffe1ff5a2be\r\n\
                       +6a18141d6e4816c6bc0242a59fa3f4394d8991df\r\n";
        let last = "+807c565b340932ba77d31532882c49acd03e4c9c\r\n";
        says(script, &format!("+OK\r\n:2\r\n+OK\r\n{digests}+OK\r\n+OK\r\n{last}"));
    }

    #[test]
    fn the_order_of_fields_does_not_matter() {
        let one = replies("HSET near:a f 1 g 2\nDEBUG DIGEST-VALUE near:a");
        let other = replies("HSET near:a g 2 f 1\nDEBUG DIGEST-VALUE near:a");
        assert_eq!(one, other);
    }
}
