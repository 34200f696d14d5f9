//! `PERSIST key`: <https://redis.io/commands/persist/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::reply::Reply;
use crate::store::{Change, Edit, EditFn, Expiry, Request};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let edit: EditFn = Box::new(|present| {
        let expires = present.is_some_and(|item| item.expires_in_ms.is_some());
        let change = if expires { Change::Expire(Expiry::Never) } else { Change::Keep };
        Ok(Edit { change, reply: Reply::Integer(expires.into()) })
    });
    out.outcome(&context.ask(Request::Update { key: &args[1], edit })?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn removes_an_expiry_that_is_there() {
        says("SET a 1 EX 5\nPERSIST a\nTTL a\nPERSIST a", "+OK\r\n:1\r\n:-1\r\n:0\r\n");
        says("PERSIST x", ":0\r\n");
    }
}
