//! `ACL GENPASS [bits]`: <https://redis.io/commands/acl-genpass/>

use crate::args::Args;
use crate::command::{Context, Done, Stop, lookup};
use crate::error::Error;
use crate::frame::Out;

const BITS: i64 = 256;
const BITS_MAX: i64 = 4096;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let bits = match args.len() {
        2 => BITS,
        3 => args.integer(2)?,
        _ => return Err(lookup::wrong_subcommand(args).into()),
    };
    if !(1..=BITS_MAX).contains(&bits) {
        return Err(Error::plain(format!(
            "ACL GENPASS argument must be the number of bits for the output password, a positive \
             number up to {BITS_MAX}"
        ))
        .into());
    }
    let digits = bits.cast_unsigned().div_ceil(4) as usize;
    out.bulk(secret(digits, context)?.as_bytes());
    Ok(())
}

/// So many hexadecimal digits that nobody can foresee.
fn secret(digits: usize, context: &mut Context<'_>) -> Result<String, Stop> {
    let mut secret = String::new();
    while secret.len() < digits {
        secret += &format!("{:016x}", context.random()?);
    }
    secret.truncate(digits);
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    #[test]
    fn a_password_has_as_many_bits_as_are_asked_for() {
        for (request, digits) in [("", 64), ("1", 1), ("5", 2), ("4096", 1024)] {
            let said = replies(&format!("ACL GENPASS {request}"));
            assert!(said.starts_with(&format!("${digits}\r\n")), "{said}");
        }
    }

    #[test]
    fn there_are_no_passwords_of_other_lengths() {
        let error = "-ERR ACL GENPASS argument must be the number of bits for the output password, \
                     a positive number up to 4096\r\n";
        says("ACL GENPASS 0\nACL GENPASS 4097", &error.repeat(2));
        says("ACL GENPASS x", "-ERR value is not an integer or out of range\r\n");
        let error =
            "-ERR unknown subcommand or wrong number of arguments for 'genpass'. Try ACL HELP.\r\n";
        says("ACL genpass 1 2", error);
    }
}
