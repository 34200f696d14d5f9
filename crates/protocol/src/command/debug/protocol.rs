//! `DEBUG PROTOCOL type`: a frame of each type, for those who write clients.

use crate::command::Done;
use crate::error::Error;
use crate::frame::{Out, Protocol};

const TYPES: &str =
    "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false";

#[expect(clippy::approx_constant, reason = "it is Redis' example of a double, whatever it is near")]
pub(super) fn run(name: &[u8], out: &mut Out<'_>) -> Done {
    match name.to_ascii_lowercase().as_slice() {
        b"string" => out.bulk(b"Hello World"),
        b"integer" => out.integer(12345),
        b"double" => out.double(3.141),
        b"bignum" => out.big_number("1234567999999999999999999999999999999"),
        b"null" => out.null(),
        b"array" => {
            out.array(3);
            (0..3).for_each(|number| out.integer(number));
        }
        b"set" => {
            out.set(3);
            (0..3).for_each(|number| out.integer(number));
        }
        b"map" => {
            out.map(3);
            for number in 0..3 {
                out.integer(number);
                out.boolean(number == 1);
            }
        }
        b"attrib" => attribute(out),
        b"push" => return push(out),
        b"true" => out.boolean(true),
        b"false" => out.boolean(false),
        b"verbatim" => out.verbatim("This is a verbatim\nstring"),
        _ => {
            let text =
                format!("Wrong protocol type name. Please use one of the following: {TYPES}");
            return Err(Error::plain(text).into());
        }
    }
    Ok(())
}

/// Something about the reply that follows it, which RESP2 cannot say.
fn attribute(out: &mut Out<'_>) {
    if out.protocol() == Protocol::Resp3 {
        out.attribute(1);
        out.bulk(b"key-popularity");
        out.array(2);
        out.bulk(b"key:123");
        out.integer(90);
    }
    out.bulk(b"Some real reply following the attribute");
}

/// A message that answers nothing, and a reply after it.
fn push(out: &mut Out<'_>) -> Done {
    if out.protocol() == Protocol::Resp2 {
        return Err(Error::plain("RESP2 is not supported by this command").into());
    }
    out.push(2);
    out.bulk(b"server-cpu-usage");
    out.integer(42);
    out.bulk(b"Some real reply following the push reply");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    fn in_resp3(name: &str) -> String {
        let greeting = replies("HELLO 3");
        replies(&format!("HELLO 3\nDEBUG PROTOCOL {name}")).split_off(greeting.len())
    }

    #[test]
    fn each_type_has_a_frame_in_either_version() {
        let cases = [
            ("string", "$11\r\nHello World\r\n", "$11\r\nHello World\r\n"),
            ("integer", ":12345\r\n", ":12345\r\n"),
            ("double", "$5\r\n3.141\r\n", ",3.141\r\n"),
            ("null", "$-1\r\n", "_\r\n"),
            ("set", "*3\r\n:0\r\n:1\r\n:2\r\n", "~3\r\n:0\r\n:1\r\n:2\r\n"),
            ("array", "*3\r\n:0\r\n:1\r\n:2\r\n", "*3\r\n:0\r\n:1\r\n:2\r\n"),
            (
                "map",
                "*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n",
                "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n",
            ),
            ("true", ":1\r\n", "#t\r\n"),
            ("FALSE", ":0\r\n", "#f\r\n"),
        ];
        for (name, resp2, resp3) in cases {
            says(&format!("DEBUG PROTOCOL {name}"), resp2);
            assert_eq!(in_resp3(name), resp3, "{name}");
        }
        assert_eq!(in_resp3("bignum"), "(1234567999999999999999999999999999999\r\n");
        assert_eq!(in_resp3("verbatim"), "=29\r\ntxt:This is a verbatim\nstring\r\n");
    }

    #[test]
    fn what_only_resp3_has() {
        let reply = "$39\r\nSome real reply following the attribute\r\n";
        says("DEBUG PROTOCOL attrib", reply);
        let attribute = "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n";
        assert_eq!(in_resp3("attrib"), format!("{attribute}{reply}"));
        says("DEBUG PROTOCOL push", "-ERR RESP2 is not supported by this command\r\n");
        assert!(in_resp3("push").starts_with(">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n$40\r\n"));
    }

    #[test]
    fn other_types_are_refused() {
        assert!(replies("DEBUG PROTOCOL x").starts_with("-ERR Wrong protocol type name."));
    }
}
