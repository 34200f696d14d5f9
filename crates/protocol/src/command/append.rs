//! `APPEND key value`: <https://redis.io/commands/append/>. In a keyspace with a source the longer
//! value is written as its strategy says; a row's document that was appended to is seldom one still,
//! and is then refused.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;
use crate::reply::Reply;
use crate::store::{Change, Edit, EditFn, Expiry, Request};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let edit = edit(args[2].to_vec(), context.string_bytes_max());
    out.outcome(&context.ask(Request::Update { key: &args[1], edit })?);
    Ok(())
}

fn edit(more: Vec<u8>, bytes_max: usize) -> EditFn {
    Box::new(move |present| {
        let (length, change) = match present {
            None => (more.len(), Change::Put { value: more, expiry: Expiry::Default }),
            Some(item) => {
                let mut value = item.value.string()?.into_owned();
                admit(value.len(), more.len(), bytes_max)?;
                value.extend_from_slice(&more);
                (value.len(), Change::Grow(value))
            }
        };
        Ok(Edit { change, reply: Reply::Integer(length.cast_signed() as i64) })
    })
}

/// Refuses a string of `length` and `more` bytes that would be longer than one may be.
pub(super) fn admit(length: usize, more: usize, bytes_max: usize) -> Result<(), Error> {
    match length.checked_add(more) {
        Some(total) if total <= bytes_max => Ok(()),
        _ => Err(Error::plain("string exceeds maximum allowed size (proto-max-bulk-len)")),
    }
}

#[cfg(test)]
mod tests {
    use crate::Limits;
    use crate::testing::{WRONG_TYPE, replies_within, says};

    #[test]
    fn answers_the_length_in_the_end() {
        says("APPEND a 12\nAPPEND a 345\nGET a", ":2\r\n:5\r\n$5\r\n12345\r\n");
        says("SET a x\nAPPEND a ''", "+OK\r\n:1\r\n");
        says("APPEND row:1 xyz", ":15\r\n");
    }

    #[test]
    fn the_expiry_stays() {
        says("SET a 1 PX 9\nAPPEND a 2\nPTTL a", "+OK\r\n:2\r\n:9\r\n");
    }

    #[test]
    fn a_hash_is_no_string() {
        says("HSET h f v\nAPPEND h x", &format!(":1\r\n{WRONG_TYPE}"));
    }

    #[test]
    fn a_string_grows_to_its_limit_and_no_further() {
        let limits = Limits { bulk_bytes_max: 5, ..Limits::default() };
        let error = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
        let script = "SET a 123\nAPPEND a 45\nAPPEND a 6\nGET a";
        let expected = format!("+OK\r\n:5\r\n{error}$5\r\n12345\r\n");
        assert_eq!(replies_within(limits, script), expected);
    }
}
