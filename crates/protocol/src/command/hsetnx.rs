//! `HSETNX key field value`: <https://redis.io/commands/hsetnx/>. Of a row it sets a column that is
//! NULL, or makes the row.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::reply::Reply;
use crate::store::{Change, Edit, EditFn, Request};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let edit = edit(args[2].to_vec(), args[3].to_vec());
    out.outcome(&context.ask(Request::Update { key: &args[1], edit })?);
    Ok(())
}

fn edit(name: Vec<u8>, value: Vec<u8>) -> EditFn {
    Box::new(move |present| {
        let fields = present.map(|item| item.value.fields()).transpose()?;
        let is_new = fields.is_none_or(|fields| fields.field(&name).is_none());
        let change = match is_new {
            true => Change::SetFields(vec![(name, value)]),
            false => Change::Keep,
        };
        Ok(Edit { change, reply: Reply::Integer(is_new.into()) })
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn the_first_value_stays() {
        says("HSETNX h a 1\nHSETNX h a 2\nHGET h a", ":1\r\n:0\r\n$1\r\n1\r\n");
        says(
            "HSETNX row:1 name y\nHSETNX row:1 size 2\nHGET row:1 name",
            ":0\r\n:1\r\n$1\r\nx\r\n",
        );
    }

    #[test]
    fn a_string_has_no_fields() {
        says("SET a 1\nHSETNX a f v", &format!("+OK\r\n{WRONG_TYPE}"));
    }
}
