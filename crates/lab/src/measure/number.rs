//! Numbers as people read them.

/// With so many decimals, and a comma between thousands.
pub(crate) fn grouped(value: f64, decimals: usize) -> String {
    let digits = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let is_zero = digits.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let mut text = String::from(if value < 0.0 && !is_zero { "-" } else { "" });
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// A number of things, with a comma between thousands.
pub(crate) fn counted(number: u64) -> String {
    grouped(number as f64, 0)
}

/// In three digits or fewer, with a letter for thousands and what comes after, as it stands on an axis.
pub(crate) fn short(value: f64) -> String {
    const LETTERS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    // What rounds to a thousand is one of the next letter.
    let reaches = |unit: f64| value.abs() >= unit * 0.9995;
    let (unit, letter) = LETTERS.into_iter().find(|(unit, _)| reaches(*unit)).unwrap_or((1.0, ""));
    format!("{}{letter}", three_digits(value / unit))
}

fn three_digits(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let decimals = 2 - value.abs().log10().floor() as i32;
    let text = format!("{value:.*}", usize::try_from(decimals).unwrap_or(0));
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// How long something takes, for a person who waits.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(grouped(999.6, 0), "1,000");
        assert_eq!(grouped(-1234.5, 1), "-1,234.5");
        assert_eq!(grouped(12.0, 2), "12.00");
    }

    #[test]
    fn what_rounds_to_nothing_has_no_sign() {
        assert_eq!(grouped(-0.04, 1), "0.0");
        assert_eq!(grouped(-0.06, 1), "-0.1");
    }

    #[test]
    fn an_axis_has_three_digits_and_a_letter() {
        let shown = [0.0, 0.05, 0.25, 1.0, 12.5, 1_000.0, 12_345.0, 250_000.0, 1e6, 3.5e9];
        assert_eq!(
            shown.map(short),
            ["0", "0.05", "0.25", "1", "12.5", "1k", "12.3k", "250k", "1M", "3.5G"]
        );
        assert_eq!(short(999_999.0), "1M");
        assert_eq!(short(-2_000.0), "-2k");
        assert_eq!(short(0.000_05), "0.00005");
    }

    #[test]
    fn a_duration_has_two_units_at_most() {
        assert_eq!([3.4, 61.0, 3_725.0].map(duration), ["3 s", "1 min 1 s", "1 h 2 min"]);
    }
}
