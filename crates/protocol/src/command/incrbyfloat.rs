//! `INCRBYFLOAT key increment`: <https://redis.io/commands/incrbyfloat/>. Computed as Redis does, to
//! the last digit; see [`Float`]. In a keyspace with a source the sum is written as its strategy
//! says.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;
use crate::frame::float::{Finite, Float};
use crate::reply::Reply;
use crate::store::{Change, Edit, EditFn, Request};

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let edit = edit(Float::parse(&args[2]));
    out.outcome(&context.ask(Request::Update { key: &args[1], edit })?);
    Ok(())
}

/// An increment that is no number is an error only where there is a string to add to.
fn edit(increment: Option<Float>) -> EditFn {
    Box::new(move |present| {
        let number = match present {
            None => Some(Float::ZERO),
            Some(item) => Float::parse(&item.value.string()?),
        };
        let sum = sum(number.ok_or_else(not_a_float)?, increment.ok_or_else(not_a_float)?)?;
        let value = sum.to_string().into_bytes();
        let reply = Reply::Bulk(value.clone());
        Ok(Edit { change: Change::Sum(value), reply })
    })
}

/// Adds `increment` to what a value or a field holds.
pub(super) fn sum(number: Float, increment: Float) -> Result<Finite, Error> {
    match number.plus(increment) {
        Float::Finite(sum) => Ok(sum),
        Float::Infinite => Err(Error::plain("increment would produce NaN or Infinity")),
    }
}

/// Redis' own words for what should be a number and is not.
pub(super) fn not_a_float() -> Error {
    Error::plain("value is not a valid float")
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, replies, says};

    const NOT_A_FLOAT: &str = "-ERR value is not a valid float\r\n";

    #[test]
    fn adds_and_answers_the_sum() {
        let script = "INCRBYFLOAT a 10.5\nINCRBYFLOAT a 0.1\nINCRBYFLOAT a -5\nGET a";
        says(script, "$4\r\n10.5\r\n$4\r\n10.6\r\n$3\r\n5.6\r\n$3\r\n5.6\r\n");
        says("SET a 3.0e3\nINCRBYFLOAT a 200", "+OK\r\n$4\r\n3200\r\n");
    }

    #[test]
    fn the_sum_is_a_string_in_resp3_too() {
        let said = replies("HELLO 3\nINCRBYFLOAT a 1.5");
        assert!(said.ends_with("$3\r\n1.5\r\n"), "{said}");
    }

    #[test]
    fn the_expiry_stays() {
        says("SET a 1 PX 9\nINCRBYFLOAT a 1\nPTTL a", "+OK\r\n$1\r\n2\r\n:9\r\n");
    }

    #[test]
    fn what_is_no_number_stays_as_it_is() {
        for text in ["x", "' 1'", "'1 '", "nan", "1e5000", "1.x", "''"] {
            says(&format!("SET a {text}\nINCRBYFLOAT a 1"), &format!("+OK\r\n{NOT_A_FLOAT}"));
            says(&format!("INCRBYFLOAT a {text}\nEXISTS a"), &format!("{NOT_A_FLOAT}:0\r\n"));
        }
        says("HSET h f 1\nINCRBYFLOAT h x", &format!(":1\r\n{WRONG_TYPE}"));
    }

    #[test]
    fn infinity_is_refused() {
        let error = "-ERR increment would produce NaN or Infinity\r\n";
        says("INCRBYFLOAT a inf", error);
        says("SET a inf\nINCRBYFLOAT a -inf\nGET a", &format!("+OK\r\n{error}$3\r\ninf\r\n"));
        says("SET a 1e4932\nINCRBYFLOAT a 1e4932", &format!("+OK\r\n{error}"));
    }
}
