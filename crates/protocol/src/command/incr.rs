//! `INCR key`, `INCRBY key increment`, `DECR key`, `DECRBY key decrement`:
//! <https://redis.io/commands/incrby/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::{Out, integer};
use crate::reply::Reply;
use crate::store::{Change, Edit, EditFn, Expiry, Request};

/// `INCR`
pub(super) fn one(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    add(&args[1], 1, context, out)
}

/// `INCRBY`
pub(super) fn by(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    add(&args[1], args.integer(2)?, context, out)
}

/// `DECR`
pub(super) fn one_less(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    add(&args[1], -1, context, out)
}

/// `DECRBY`
pub(super) fn less_by(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let increment = args.integer(2)?.checked_neg();
    let increment = increment.ok_or_else(|| Error::plain("decrement would overflow"))?;
    add(&args[1], increment, context, out)
}

fn add(key: &[u8], increment: i64, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.outcome(&context.ask(Request::Update { key, edit: edit(increment) })?);
    Ok(())
}

/// Adds `increment` to what a value or a field holds.
pub(super) fn sum(number: i64, increment: i64) -> Result<i64, Error> {
    let overflow = || Error::plain("increment or decrement would overflow");
    number.checked_add(increment).ok_or_else(overflow)
}

/// Adds inside the update, where no other write can come between. No key counts as zero.
fn edit(increment: i64) -> EditFn {
    Box::new(move |present| {
        let (number, expiry) = match present {
            None => (0, Expiry::Default),
            Some(item) => {
                let text = item.value.string()?;
                (integer::parse(&text).ok_or_else(Error::not_an_integer)?, Expiry::Keep)
            }
        };
        let sum = sum(number, increment)?;
        let value = sum.to_string().into_bytes();
        Ok(Edit { change: Change::Put { value, expiry }, reply: Reply::Integer(sum) })
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn counts_from_zero() {
        says("INCR a\nINCRBY a 41\nINCRBY a -2\nGET a", ":1\r\n:42\r\n:40\r\n$2\r\n40\r\n");
    }

    #[test]
    fn counts_down_as_well() {
        says("DECR a\nDECRBY a 41\nDECRBY a -2\nGET a", ":-1\r\n:-42\r\n:-40\r\n$3\r\n-40\r\n");
    }

    #[test]
    fn the_expiry_stays() {
        says("SET a 1 PX 9\nINCR a\nPTTL a", "+OK\r\n:2\r\n:9\r\n");
    }

    #[test]
    fn what_is_no_integer_stays_as_it_is() {
        let error = "-ERR value is not an integer or out of range\r\n";
        says("SET a x\nINCR a\nGET a", &format!("+OK\r\n{error}$1\r\nx\r\n"));
        says("INCRBY a 1.5", error);
        says("HSET h f 1\nINCR h", &format!(":1\r\n{WRONG_TYPE}"));
    }

    #[test]
    fn overflow_is_refused_at_either_end() {
        let error = "-ERR increment or decrement would overflow\r\n";
        says(&format!("SET a {}\nINCR a", i64::MAX), &format!("+OK\r\n{error}"));
        says(&format!("SET a -2\nINCRBY a {}", i64::MIN), &format!("+OK\r\n{error}"));
        says(&format!("SET a {}\nDECR a", i64::MIN), &format!("+OK\r\n{error}"));
        says(&format!("DECRBY a {}", i64::MIN), "-ERR decrement would overflow\r\n");
        says(
            &format!("DECRBY a {}\nDECRBY a 1", i64::MAX),
            &format!(":{}\r\n:{}\r\n", -i64::MAX, i64::MIN),
        );
    }
}
