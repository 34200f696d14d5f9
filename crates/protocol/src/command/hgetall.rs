//! `HGETALL key`: <https://redis.io/commands/hgetall/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    context.read(&args[1], |item| {
        let Some(item) = item else {
            out.map(0);
            return Ok(());
        };
        let fields = item.value.fields()?;
        out.map(fields.len());
        fields.each(&mut |name, value| {
            out.bulk(name);
            out.bulk(value);
        });
        Ok(())
    })?
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, replies, says};

    #[test]
    fn answers_fields_and_values() {
        says(
            "HSET h b 2 a 1\nHGETALL h",
            ":2\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n",
        );
        says("HGETALL x", "*0\r\n");
    }

    #[test]
    fn it_is_a_map_in_resp3() {
        let said = replies("HELLO 3\nHGETALL row:1\nHGETALL x");
        assert!(said.ends_with("%1\r\n$4\r\nname\r\n$1\r\nx\r\n%0\r\n"), "{said}");
    }

    #[test]
    fn a_string_has_no_fields() {
        says("SET a 1\nHGETALL a", &format!("+OK\r\n{WRONG_TYPE}"));
    }
}
