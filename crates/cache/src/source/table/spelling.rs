//! Keys have one spelling: of the texts `7`, `07` and `7.0`, which a database would all take for the
//! integer 7, only the first names its row. The others name none.

use crate::source::row::Cell;

/// The integer whose digits `text` is.
pub(crate) fn integer(text: &str) -> Option<Cell> {
    let integer: i64 = text.parse().ok()?;
    (integer.to_string() == text).then_some(Cell::Integer(integer))
}

/// The floating-point number whose shortest digits `text` is.
pub(crate) fn real(text: &str) -> Option<Cell> {
    // Databases have one zero, and so `-0.0` is no spelling of it.
    let real = text.parse::<f64>().ok()? + 0.0;
    (!real.is_nan() && format!("{real:?}") == text).then_some(Cell::Real(real))
}

/// The integer that a floating-point number is.
pub(crate) fn whole(real: f64) -> Option<Cell> {
    let fits = real.fract() == 0.0 && (-(2f64.powi(63))..2f64.powi(63)).contains(&real);
    fits.then_some(Cell::Integer(real as i64))
}

/// The floating-point number that an integer is, where there is one for it alone.
pub(crate) fn exact(integer: i64) -> Option<Cell> {
    const WHOLE_MAX: u64 = 1 << f64::MANTISSA_DIGITS;
    (integer.unsigned_abs() <= WHOLE_MAX).then_some(Cell::Real(integer as f64))
}
