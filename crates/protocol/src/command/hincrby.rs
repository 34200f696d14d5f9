//! `HINCRBY key field increment`, `HINCRBYFLOAT key field increment`:
//! <https://redis.io/commands/hincrby/>. Of a row it is a column that is added to; one that is NULL
//! counts as zero.

use crate::args::Args;
use crate::command::incrbyfloat::not_a_float;
use crate::command::{Context, Done, incr, incrbyfloat};
use crate::error::Error;
use crate::frame::float::Float;
use crate::frame::{Out, integer};
use crate::reply::Reply;
use crate::store::{Change, Edit, Request};

/// `HINCRBY`
pub(super) fn by(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let increment = args.integer(3)?;
    add(args, context, out, move |value| {
        let not_an_integer = || Error::plain("hash value is not an integer");
        let number = value.map_or(Some(0), integer::parse).ok_or_else(not_an_integer)?;
        let sum = incr::sum(number, increment)?;
        Ok((sum.to_string().into_bytes(), Reply::Integer(sum)))
    })
}

/// `HINCRBYFLOAT`
pub(super) fn by_float(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let increment = Float::parse(&args[3]).ok_or_else(not_a_float)?;
    if !increment.is_finite() {
        return Err(Error::plain("value is NaN or Infinity").into());
    }
    add(args, context, out, move |value| {
        let not_a_float = || Error::plain("hash value is not a float");
        let number = value.map_or(Some(Float::ZERO), Float::parse).ok_or_else(not_a_float)?;
        let sum = incrbyfloat::sum(number, increment)?.to_string().into_bytes();
        Ok((sum.clone(), Reply::Bulk(sum)))
    })
}

/// Gives the field the value that `sum` makes of the present one, and answers as that says.
fn add(
    args: &Args<'_>,
    context: &mut Context<'_>,
    out: &mut Out<'_>,
    sum: impl FnOnce(Option<&[u8]>) -> Result<(Vec<u8>, Reply), Error> + Send + 'static,
) -> Done {
    let name = args[2].to_vec();
    let edit = Box::new(move |present: Option<crate::value::Item<'_>>| {
        let fields = present.map(|item| item.value.fields()).transpose()?;
        let value = fields.and_then(|fields| fields.field(&name));
        let (value, reply) = sum(value.as_deref())?;
        Ok(Edit { change: Change::SetFields(vec![(name, value)]), reply })
    });
    out.outcome(&context.ask(Request::Update { key: &args[1], edit })?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, says};

    #[test]
    fn counts_from_zero() {
        let script = "HINCRBY h a 41\nHINCRBY h a 1\nHINCRBY h a -2\nHGET h a";
        says(script, ":41\r\n:42\r\n:40\r\n$2\r\n40\r\n");
    }

    #[test]
    fn counts_with_fractions_too() {
        let script = "HINCRBYFLOAT h a 10.50\nHINCRBYFLOAT h a 0.1\nHGET h a";
        says(script, "$4\r\n10.5\r\n$4\r\n10.6\r\n$4\r\n10.6\r\n");
    }

    #[test]
    fn other_fields_and_the_expiry_stay() {
        let script = "HSET h a 1 b 2\nPEXPIRE h 9\nHINCRBY h a 1\nHGET h b\nPTTL h";
        says(script, ":2\r\n:1\r\n:2\r\n$1\r\n2\r\n:9\r\n");
    }

    #[test]
    fn what_is_no_number_stays_as_it_is() {
        let error = "-ERR hash value is not an integer\r\n";
        says("HSET h a 1.5\nHINCRBY h a 1\nHGET h a", &format!(":1\r\n{error}$3\r\n1.5\r\n"));
        let error = "-ERR hash value is not a float\r\n";
        says("HSET h a x\nHINCRBYFLOAT h a 1\nHGET h a", &format!(":1\r\n{error}$1\r\nx\r\n"));
    }

    #[test]
    fn increments_are_looked_at_before_the_value() {
        let error = "-ERR value is not an integer or out of range\r\n";
        says("SET a 1\nHINCRBY a f 1.5", &format!("+OK\r\n{error}"));
        says("SET a 1\nHINCRBYFLOAT a f x", "+OK\r\n-ERR value is not a valid float\r\n");
        says("SET a 1\nHINCRBYFLOAT a f inf", "+OK\r\n-ERR value is NaN or Infinity\r\n");
        says(
            "SET a 1\nHINCRBY a f 1\nHINCRBYFLOAT a f 1",
            &format!("+OK\r\n{}", WRONG_TYPE.repeat(2)),
        );
    }

    #[test]
    fn overflow_is_refused() {
        let error = "-ERR increment or decrement would overflow\r\n";
        says(&format!("HSET h a {}\nHINCRBY h a 1", i64::MAX), &format!(":1\r\n{error}"));
        let error = "-ERR increment would produce NaN or Infinity\r\n";
        says("HSET h a inf\nHINCRBYFLOAT h a 1", &format!(":1\r\n{error}"));
        says("HSET h a 1e4932\nHINCRBYFLOAT h a 1e4932", &format!(":1\r\n{error}"));
    }
}
