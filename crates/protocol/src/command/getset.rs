//! `GETSET key value`: <https://redis.io/commands/getset/>

use crate::args::Args;
use crate::command::set::{Condition, Told, edit};
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::store::{Expiry, Request};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let edit = edit(args[2].to_vec(), Expiry::Default, Condition::Always, Told::Earlier);
    out.outcome(&context.ask(Request::Update { key: &args[1], edit })?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn the_earlier_value_is_answered() {
        says("GETSET a 1\nGETSET a 2\nGET a", "$-1\r\n$1\r\n1\r\n$1\r\n2\r\n");
    }

    #[test]
    fn the_expiry_goes() {
        says("SET a 1 PX 9\nGETSET a 2\nPTTL a", "+OK\r\n$1\r\n1\r\n:-1\r\n");
    }

    #[test]
    fn a_hash_stays_as_it_is() {
        says("HSET h f v\nGETSET h 1\nTYPE h", &format!(":1\r\n{WRONG_TYPE}+hash\r\n"));
    }
}
