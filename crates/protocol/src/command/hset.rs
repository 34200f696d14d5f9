//! `HSET key field value [field value ...]`: <https://redis.io/commands/hset/>

use std::collections::HashSet;

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;
use crate::reply::Reply;
use crate::store::{Change, Edit, EditFn, Request};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    if !args.len().is_multiple_of(2) {
        return Err(Error::arity("hset").into());
    }
    let pairs = args.pairs(2).map(|(field, value)| (field.to_vec(), value.to_vec())).collect();
    out.outcome(&context.ask(Request::Update { key: &args[1], edit: edit(pairs) })?);
    Ok(())
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
    }

    #[test]
    fn a_string_has_no_fields() {
        says("SET a 1\nHSET a f v\nGET a", &format!("+OK\r\n{WRONG_TYPE}$1\r\n1\r\n"));
    }
}
