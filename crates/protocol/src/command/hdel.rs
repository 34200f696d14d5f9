//! `HDEL key field [field ...]`: <https://redis.io/commands/hdel/>

use std::collections::BTreeSet;

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::reply::Reply;
use crate::store::{Change, Edit, EditFn, Request};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let names = args.from(2).iter().map(<[u8]>::to_vec).collect();
    out.outcome(&context.ask(Request::Update { key: &args[1], edit: edit(names) })?);
    Ok(())
}

/// Answers how many of the fields were there.
fn edit(mut names: BTreeSet<Vec<u8>>) -> EditFn {
    Box::new(move |present| {
        let fields = present.map(|item| item.value.fields()).transpose()?;
        names.retain(|name| fields.is_some_and(|fields| fields.field(name).is_some()));
        let reply = Reply::Integer(names.len().cast_signed() as i64);
        let change = match names.is_empty() {
            true => Change::Keep,
            false => Change::RemoveFields(names.into_iter().collect()),
        };
        Ok(Edit { change, reply })
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn counts_each_field_once() {
        says("HSET h a 1 b 2\nHDEL h a a x\nHGETALL h", ":2\r\n:1\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n");
    }

    #[test]
    fn a_hash_goes_with_its_last_field() {
        says("HSET h a 1\nHDEL h a\nEXISTS h\nHDEL h a", ":1\r\n:1\r\n:0\r\n:0\r\n");
    }

    #[test]
    fn a_string_has_no_fields() {
        says("SET a 1\nHDEL a f", &format!("+OK\r\n{WRONG_TYPE}"));
    }
}
