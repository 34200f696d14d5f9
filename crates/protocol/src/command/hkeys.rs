//! `HKEYS key`, `HVALS key`: <https://redis.io/commands/hkeys/>. Of a row they are the columns that
//! are not NULL.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

/// `HKEYS`
pub(super) fn names(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    list(&args[1], |name, _| name, context, out)
}

/// `HVALS`
pub(super) fn values(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    list(&args[1], |_, value| value, context, out)
}

fn list(
    key: &[u8],
    choose: impl for<'a> Fn(&'a [u8], &'a [u8]) -> &'a [u8],
    context: &mut Context<'_>,
    out: &mut Out<'_>,
) -> Done {
    context.read(key, |item| {
        let Some(item) = item else {
            out.array(0);
            return Ok(());
        };
        let fields = item.value.fields()?;
        out.array(fields.len());
        fields.each(&mut |name, value| out.bulk(choose(name, value)));
        Ok(())
    })?
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn answers_names_or_values() {
        let set = "HSET h a 1 b 2";
        says(&format!("{set}\nHKEYS h"), ":2\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n");
        says(&format!("{set}\nHVALS h"), ":2\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
        says("HKEYS row:1\nHVALS row:1", "*1\r\n$4\r\nname\r\n*1\r\n$1\r\nx\r\n");
    }

    #[test]
    fn nothing_has_no_fields() {
        says("HKEYS x\nHVALS x", "*0\r\n*0\r\n");
    }

    #[test]
    fn a_string_has_no_fields() {
        says("SET a 1\nHKEYS a\nHVALS a", &format!("+OK\r\n{}", WRONG_TYPE.repeat(2)));
    }
}
