//! `HSET key field value [field value ...]`, and `HMSET`, its earlier form that answers `OK`:
//! <https://redis.io/commands/hset/>

use std::collections::HashSet;

use crate::args::Args;
use crate::command::{Context, Done, Stop};
use crate::error::Error;
use crate::frame::Out;
use crate::reply::Reply;
use crate::store::{Change, Edit, EditFn, Outcome, Request};

/// `HSET`
pub(super) fn counted(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.outcome(&set(args, "hset", context)?);
    Ok(())
}

/// `HMSET`
pub(super) fn uncounted(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    set(args, "hmset", context)?;
    out.simple("OK");
    Ok(())
}

fn set(args: &Args<'_>, command: &str, context: &mut Context<'_>) -> Result<Outcome, Stop> {
    if !args.len().is_multiple_of(2) {
        return Err(Error::arity(command).into());
    }
    let pairs = args.pairs(2).map(|(field, value)| (field.to_vec(), value.to_vec())).collect();
    context.ask(Request::Update { key: &args[1], edit: edit(pairs) })
}

/// Answers how many of the fields are new.
fn edit(pairs: Vec<(Vec<u8>, Vec<u8>)>) -> EditFn {
    Box::new(move |present| {
        let fields = present.map(|item| item.value.fields()).transpose()?;
        let mut new: HashSet<&[u8]> = pairs.iter().map(|(field, _)| field.as_slice()).collect();
        if let Some(fields) = fields {
            new.retain(|field| fields.field(field).is_none());
        }
        let reply = Reply::Integer(new.len().cast_signed() as i64);
        Ok(Edit { change: Change::SetFields(pairs), reply })
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn counts_each_new_field_once() {
        says(
            "HSET h a 1 b 2 a 3\nHSET h a 4 c 5\nHMGET h a b c",
            concat!(":2\r\n:1\r\n", "*3\r\n$1\r\n4\r\n$1\r\n2\r\n$1\r\n5\r\n",),
        );
    }

    #[test]
    fn a_field_without_value_is_refused() {
        says("HSET h a 1 b", "-ERR wrong number of arguments for 'hset' command\r\n");
        says("HMSET h a 1 b", "-ERR wrong number of arguments for 'hmset' command\r\n");
    }

    #[test]
    fn the_earlier_form_does_not_count() {
        says("HMSET h a 1 b 2\nHMSET h a 3\nHGET h a", "+OK\r\n+OK\r\n$1\r\n3\r\n");
    }

    #[test]
    fn a_string_has_no_fields() {
        says("SET a 1\nHSET a f v\nGET a", &format!("+OK\r\n{WRONG_TYPE}$1\r\n1\r\n"));
    }
}
