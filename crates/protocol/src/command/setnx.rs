//! `SETNX key value`: <https://redis.io/commands/setnx/>

use crate::args::Args;
use crate::command::set::{Condition, Told, edit};
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::store::{Expiry, Request};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let edit = edit(args[2].to_vec(), Expiry::Default, Condition::IfAbsent, Told::Whether);
    out.outcome(&context.ask(Request::Update { key: &args[1], edit })?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn the_first_value_stays() {
        says("SETNX a 1\nSETNX a 2\nGET a", ":1\r\n:0\r\n$1\r\n1\r\n");
    }

    #[test]
    fn whatever_is_there_keeps_it_from_being_set() {
        says("HSET h f v\nSETNX h 1\nTYPE h", ":1\r\n:0\r\n+hash\r\n");
        says("SETNX row:1 {}", ":0\r\n");
    }
}
