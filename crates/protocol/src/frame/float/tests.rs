use super::Float;

/// What Redis 7.0.15 on x86-64 makes of each.
const SUMS: [(&str, &str, &str); 25] = [
    ("3.0e3", "0", "3000"),
    ("0.1", "0.2", "0.3"),
    ("10.5", "0.1", "10.6"),
    ("17179869184.1", "0", "17179869184.09999999962747097"),
    ("1e-17", "0", "0.00000000000000001"),
    ("4.9e-18", "0", "0"),
    ("-1e-20", "0", "0"),
    ("-0", "-0", "0"),
    ("0e99999", "0", "0"),
    ("18446744073709551615", "0", "18446744073709551615"),
    ("18446744073709551617", "0", "18446744073709551616"),
    ("9223372036854775807", "0.5", "9223372036854775807.5"),
    ("1e20", "-1", "100000000000000000000"),
    ("1e25", "1e-25", "10000000000000000000000000"),
    ("+5", ".5", "5.5"),
    ("5.", "1", "6"),
    ("99999999999999999.999999999", "0", "100000000000000000"),
    ("1", "-1", "0"),
    ("1", "-2", "-1"),
    ("0x1.8p1", "0", "3"),
    ("0X.8", "0", "0.5"),
    // Halfway between two numbers, and a little more.
    ("0x10000000000000001", "0", "18446744073709551616"),
    ("0x10000000000000001.00000000000000000000000000001", "0", "18446744073709551618"),
    ("0x1p-18", "0", "0.00000381469726562"),
    ("1e-4950", "0x1p-16445", "0"),
];

fn sum(one: &str, other: &str) -> String {
    let numbers = [one, other].map(|text| Float::parse(text.as_bytes()).expect(text));
    match numbers[0].plus(numbers[1]) {
        Float::Finite(sum) => sum.to_string(),
        Float::Infinite => "infinite".to_owned(),
    }
}

#[test]
fn sums_are_those_of_redis() {
    for (one, other, expected) in SUMS {
        assert_eq!(sum(one, other), expected, "{one} + {other}");
        assert_eq!(sum(other, one), expected, "{other} + {one}");
    }
}

#[test]
fn the_largest_numbers_are_written_in_full() {
    let written = sum("1.18973149535723176502e4932", "0");
    assert_eq!(written.len(), 4933);
    assert!(written.starts_with("1189731495357231765021263853030970205169"), "{written}");
    assert_eq!(sum("1.18973149535723176502e4932", "1e4932"), "infinite");
}

#[test]
fn infinity_is_read_but_not_computed_with() {
    for text in ["inf", "-INF", "+infinity"] {
        assert_eq!(sum(text, "-inf"), "infinite");
    }
}

#[test]
fn what_is_no_number_is_refused() {
    let refused = [
        "", " 1", "1 ", "x", "nan", "-", ".", "1e", "1e+", "--1", "1.2.3", "0x", "0x.", "0x1p",
        "infi",
    ];
    for text in refused {
        assert!(Float::parse(text.as_bytes()).is_none(), "{text:?}");
    }
}

#[test]
fn what_is_too_large_or_too_near_to_zero_is_refused() {
    for text in ["1e4933", "1.2e4932", "1e99999999999999999999", "0x1p16384"] {
        assert!(Float::parse(text.as_bytes()).is_none(), "{text:?}");
    }
    for text in ["1.8e-4951", "1e-5000", "1e-99999999999999999999", "0x1p-16446", "-0x1p-99999"] {
        assert!(Float::parse(text.as_bytes()).is_none(), "{text:?}");
    }
    for text in ["1.9e-4951", "0x1p-16445", "0x1.00000000000000000000000000000000001p-16446"] {
        assert!(Float::parse(text.as_bytes()).is_some(), "{text:?}");
    }
}

#[test]
fn text_that_is_too_long_is_refused() {
    let one = |zeros| format!("{}1", "0".repeat(zeros));
    assert!(Float::parse(one(5118).as_bytes()).is_some());
    assert!(Float::parse(one(5119).as_bytes()).is_none());
}
