//! `HMGET key field [field ...]`: <https://redis.io/commands/hmget/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let names = args.from(2);
    context.read(&args[1], |item| {
        let fields = item.map(|item| item.value.fields()).transpose()?;
        out.array(names.len());
        for name in names.iter() {
            match fields.and_then(|fields| fields.field(name)) {
                Some(value) => out.bulk(&value),
                None => out.null(),
            }
        }
        Ok(())
    })?
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn answers_keep_the_order_of_the_fields() {
        let values = "*3\r\n$1\r\n2\r\n$-1\r\n$1\r\n1\r\n";
        says("HSET h a 1 b 2\nHMGET h b x a", &format!(":2\r\n{values}"));
        says("HMGET x a b", "*2\r\n$-1\r\n$-1\r\n");
    }

    #[test]
    fn a_string_has_no_fields() {
        says("SET a 1\nHMGET a f", &format!("+OK\r\n{WRONG_TYPE}"));
    }
}
