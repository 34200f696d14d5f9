//! `SETRANGE key offset value`: <https://redis.io/commands/setrange/>. What lies between the end of
//! the present value and the offset is filled with zero bytes. In a keyspace with a source the new
//! value is written as its strategy says.

use crate::args::Args;
use crate::command::append::admit;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;
use crate::reply::Reply;
use crate::store::{Change, Edit, EditFn, Request};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let offset = args.integer(2)?;
    let offset = usize::try_from(offset).map_err(|_| Error::plain("offset is out of range"))?;
    let edit = edit(offset, args[3].to_vec(), context.string_bytes_max());
    out.outcome(&context.ask(Request::Update { key: &args[1], edit })?);
    Ok(())
}

/// Nothing changes when there is nothing to set, not even an absent key.
fn edit(offset: usize, part: Vec<u8>, bytes_max: usize) -> EditFn {
    Box::new(move |present| {
        let present = present.map(|item| item.value.string()).transpose()?.unwrap_or_default();
        let (length, change) = match part.is_empty() {
            true => (present.len(), Change::Keep),
            false => {
                admit(offset, part.len(), bytes_max)?;
                let value = overwritten(present.into_owned(), offset, &part);
                (value.len(), Change::Grow(value))
            }
        };
        Ok(Edit { change, reply: Reply::Integer(length.cast_signed() as i64) })
    })
}

fn overwritten(mut value: Vec<u8>, offset: usize, part: &[u8]) -> Vec<u8> {
    let end = offset + part.len();
    if value.len() < end {
        value.resize(end, 0);
    }
    value[offset..end].copy_from_slice(part);
    value
}

#[cfg(test)]
mod tests {
    use crate::Limits;
    use crate::testing::{WRONG_TYPE, replies_within, says};

    #[test]
    fn a_part_is_overwritten_or_added() {
        says("SET a 12345\nSETRANGE a 1 xy\nGET a", "+OK\r\n:5\r\n$5\r\n1xy45\r\n");
        says("SET a 12345\nSETRANGE a 4 xyz\nGET a", "+OK\r\n:7\r\n$7\r\n1234xyz\r\n");
        says("SETRANGE a 2 x\nGET a", ":3\r\n$3\r\n\0\0x\r\n");
    }

    #[test]
    fn nothing_is_set_by_nothing() {
        says("SETRANGE a 2 ''\nEXISTS a", ":0\r\n:0\r\n");
        says("SET a 12\nSETRANGE a 9 ''\nGET a", "+OK\r\n:2\r\n$2\r\n12\r\n");
    }

    #[test]
    fn the_expiry_stays() {
        says("SET a 1 PX 9\nSETRANGE a 0 2\nPTTL a", "+OK\r\n:1\r\n:9\r\n");
    }

    #[test]
    fn a_hash_is_no_string() {
        says("HSET h f v\nSETRANGE h 0 ''", &format!(":1\r\n{WRONG_TYPE}"));
        says("HSET h f v\nSETRANGE h 0 x", &format!(":1\r\n{WRONG_TYPE}"));
    }

    #[test]
    fn offsets_that_cannot_be() {
        says("SETRANGE a -1 x", "-ERR offset is out of range\r\n");
        says("SETRANGE a x x", "-ERR value is not an integer or out of range\r\n");
        let error = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
        says(&format!("SETRANGE a {} x\nEXISTS a", i64::MAX), &format!("{error}:0\r\n"));
    }

    #[test]
    fn a_string_grows_to_its_limit_and_no_further() {
        let limits = Limits { bulk_bytes_max: 5, ..Limits::default() };
        let error = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
        let replies = replies_within(limits, "SETRANGE a 4 x\nSETRANGE a 5 x");
        assert_eq!(replies, format!(":5\r\n{error}"));
    }
}
