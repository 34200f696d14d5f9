//! `HEXISTS key field`, `HSTRLEN key field`: <https://redis.io/commands/hexists/>. A column that is
//! NULL does not exist.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

/// `HEXISTS`
pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    tell(args, |value| value.is_some().into(), context, out)
}

/// `HSTRLEN`
pub(super) fn length(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    tell(args, |value| value.map_or(0, |value| value.len().cast_signed() as i64), context, out)
}

/// Answers a number that the field's value decides.
fn tell(
    args: &Args<'_>,
    number: impl FnOnce(Option<&[u8]>) -> i64,
    context: &mut Context<'_>,
    out: &mut Out<'_>,
) -> Done {
    context.read(&args[1], |item| {
        let fields = item.map(|item| item.value.fields()).transpose()?;
        let value = fields.and_then(|fields| fields.field(&args[2]));
        out.integer(number(value.as_deref()));
        Ok(())
    })?
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn tells_whether_a_field_is_there() {
        says("HSET h a ''\nHEXISTS h a\nHEXISTS h b\nHEXISTS x a", ":1\r\n:1\r\n:0\r\n:0\r\n");
        says("HEXISTS row:1 name", ":1\r\n");
    }

    #[test]
    fn tells_how_long_a_field_is() {
        says("HSET h a 123\nHSTRLEN h a\nHSTRLEN h b\nHSTRLEN x a", ":1\r\n:3\r\n:0\r\n:0\r\n");
    }

    #[test]
    fn a_string_has_no_fields() {
        says("SET a 1\nHEXISTS a f\nHSTRLEN a f", &format!("+OK\r\n{}", WRONG_TYPE.repeat(2)));
    }
}
