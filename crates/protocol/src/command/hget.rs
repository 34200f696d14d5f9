//! `HGET key field`: <https://redis.io/commands/hget/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    context.read(&args[1], |item| {
        let fields = item.map(|item| item.value.fields()).transpose()?;
        match fields.and_then(|fields| fields.field(&args[2])) {
            Some(value) => out.bulk(&value),
            None => out.null(),
        }
        Ok(())
    })?
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn answers_one_field_or_nothing() {
        says("HSET h a 1\nHGET h a\nHGET h b\nHGET x a", ":1\r\n$1\r\n1\r\n$-1\r\n$-1\r\n");
        says("HGET row:1 name", "$1\r\nx\r\n");
    }

    #[test]
    fn a_string_has_no_fields() {
        says("SET a 1\nHGET a f", &format!("+OK\r\n{WRONG_TYPE}"));
    }
}
