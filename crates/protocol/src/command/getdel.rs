//! `GETDEL key`: <https://redis.io/commands/getdel/>. Where the keyspace's strategy writes, the row
//! goes as well. Where it does not, this is refused, unlike `DEL`: the value would be answered as one
//! that is gone, and come back with the next read.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::reply::Reply;
use crate::store::{Change, Edit, EditFn, Request};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let edit: EditFn = Box::new(|present| match present {
        None => Ok(Edit { change: Change::Keep, reply: Reply::Null }),
        Some(item) => {
            let reply = Reply::Bulk(item.value.string()?.into_owned());
            Ok(Edit { change: Change::Remove, reply })
        }
    });
    out.outcome(&context.ask(Request::Update { key: &args[1], edit })?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn what_is_answered_is_gone() {
        says("SET a 1\nGETDEL a\nGETDEL a", "+OK\r\n$1\r\n1\r\n$-1\r\n");
        says("GETDEL row:1\nEXISTS row:1", "$12\r\n{\"name\":\"x\"}\r\n:0\r\n");
    }

    #[test]
    fn a_hash_stays() {
        says("HSET h f v\nGETDEL h\nEXISTS h", &format!(":1\r\n{WRONG_TYPE}:1\r\n"));
    }
}
