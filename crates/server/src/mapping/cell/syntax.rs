//! Which texts are numbers, moments and the like. Only what no database would take is refused here: the
//! rest is the source's to judge.

/// Whether `text` is a decimal number.
pub(super) fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = !whole.is_empty() || !fraction.is_empty();
    let exponent = exponent.is_none_or(|exponent| {
        is_digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent), 1, 9)
    });
    digits && all_digits(whole) && all_digits(fraction) && exponent
}

/// Whether a decimal number stands in JSON as it is.
pub(super) fn is_json_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let whole = unsigned.split(['.', 'e', 'E']).next().unwrap_or_default();
    let is_padded = whole.len() > 1 && whole.starts_with('0');
    let is_cut = whole.is_empty() || unsigned.split(['e', 'E']).any(|part| part.ends_with('.'));
    is_decimal(text) && !text.starts_with('+') && !is_padded && !is_cut
}

/// Whether `text` is shaped as a date. The days of each month are the source's business.
pub(super) fn is_date(text: &str) -> bool {
    if is_endless(text) {
        return true;
    }
    let text = text.strip_suffix(" BC").unwrap_or(text);
    let mut parts = text.splitn(3, '-');
    let mut part = |least, most| parts.next().is_some_and(|part| is_digits(part, least, most));
    part(4, 7) && part(2, 2) && part(2, 2)
}

/// Whether `text` is shaped as a time of day, a zone after it or not.
pub(super) fn is_time(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let end = unsigned.find(['Z', '+', '-']).unwrap_or(unsigned.len());
    let (time, zone) = unsigned.split_at(end);
    is_clock(time) && is_zone(zone)
}

/// Whether `text` is shaped as a date, or as a date and a time.
pub(super) fn is_timestamp(text: &str) -> bool {
    let text = text.strip_suffix(" BC").unwrap_or(text);
    match text.split_once([' ', 'T']) {
        Some((date, time)) => is_date(date) && is_time(time),
        None => is_date(text),
    }
}

/// Whether `text` is a UUID in five groups of digits.
pub(super) fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    let digits = text.bytes().filter(|byte| *byte != b'-').all(|byte| byte.is_ascii_hexdigit());
    lengths.eq([8, 4, 4, 4, 12]) && digits
}

fn is_endless(text: &str) -> bool {
    matches!(text, "infinity" | "-infinity")
}

fn is_clock(text: &str) -> bool {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let mut parts = whole.splitn(3, ':');
    let hours = parts.next().is_some_and(|part| is_digits(part, 2, 3));
    let minutes = parts.next().is_some_and(|part| is_digits(part, 2, 2));
    let seconds = parts.next();
    let fraction = fraction.is_none_or(|digits| seconds.is_some() && is_digits(digits, 1, 9));
    hours && minutes && seconds.is_none_or(|part| is_digits(part, 2, 2)) && fraction
}

fn is_zone(text: &str) -> bool {
    let Some(offset) = text.strip_prefix(['+', '-']) else { return matches!(text, "" | "Z") };
    offset.split(':').all(|part| is_digits(part, 2, 4)) && offset.len() <= 8
}

fn is_digits(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && all_digits(text)
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_digits_and_perhaps_a_sign_a_point_and_an_exponent() {
        for text in ["0", "-1.50", "+.5", "5.", "1e5", "1.5E-10"] {
            assert!(is_decimal(text), "{text}");
        }
        for text in ["", ".", "-", "e5", "1e", "1.2.3", "0x1", "NaN", " 1", "1e5e5"] {
            assert!(!is_decimal(text), "{text}");
        }
    }

    #[test]
    fn json_writes_numbers_more_strictly() {
        for text in ["0", "-0.5", "10", "1e5", "1.50"] {
            assert!(is_json_number(text), "{text}");
        }
        for text in ["+1", ".5", "5.", "5.e1", "007", "-.5", "Infinity"] {
            assert!(!is_json_number(text), "{text}");
        }
    }

    #[test]
    fn dates_and_times_are_known_by_their_shape() {
        for text in ["2024-01-31", "0001-01-01 BC", "infinity", "12024-01-01"] {
            assert!(is_date(text) && is_timestamp(text), "{text}");
        }
        for text in ["2024-1-31", "31.1.2024", "2024-01", "2024-01-31x", "today"] {
            assert!(!is_date(text), "{text}");
        }
        for text in
            ["23:59", "23:59:59", "23:59:59.999999", "-838:59:59", "10:00:00+05:30", "10:00Z"]
        {
            assert!(is_time(text), "{text}");
        }
        for text in ["1:00", "23", "23:59.5", "23:59:59.", "noon", "10:00+"] {
            assert!(!is_time(text), "{text}");
        }
        assert!(is_timestamp("2024-01-31T23:59:59.5Z"));
        assert!(is_timestamp("0044-03-15 12:00:00+00 BC"));
        assert!(!is_timestamp("2024-01-31 "));
    }

    #[test]
    fn a_uuid_has_five_groups() {
        assert!(is_uuid("A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11"));
        for text in ["a0eebc999c0b4ef8bb6d6bb9bd380a11", "x0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", ""]
        {
            assert!(!is_uuid(text), "{text}");
        }
    }
}
