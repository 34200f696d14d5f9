//! What an option's value may be.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::units;

/// A type that an option can have.
pub(super) trait Value: Sized {
    /// Completes the sentence "expected ...".
    const EXPECTED: &'static str;

    /// The value, or `None` when it is not what was expected.
    fn read(value: &DeValue<'_>) -> Option<Self>;
}

impl Value for String {
    const EXPECTED: &'static str = "a text in quotes that is not empty";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

/// One text or a list of them, none of them empty.
pub(super) fn texts(value: &Spanned<DeValue<'_>>) -> Option<Vec<Spanned<String>>> {
    let text = |value: &Spanned<DeValue<'_>>| {
        Some(Spanned::new(value.span(), String::read(value.get_ref())?))
    };
    match value.get_ref() {
        DeValue::Array(texts) => texts.iter().map(text).collect(),
        _ => text(value).map(|text| vec![text]),
    }
}

impl Value for bool {
    const EXPECTED: &'static str = "true or false";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }
}

impl Value for NonZeroU64 {
    const EXPECTED: &'static str = "a whole number of at least 1";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let number = value.as_integer()?;
        u64::from_str_radix(number.as_str(), number.radix()).ok()?.try_into().ok()
    }
}

impl Value for NonZeroU32 {
    const EXPECTED: &'static str = NonZeroU64::EXPECTED;

    fn read(value: &DeValue<'_>) -> Option<Self> {
        NonZeroU64::read(value)?.try_into().ok()
    }
}

impl Value for NonZeroUsize {
    const EXPECTED: &'static str = NonZeroU64::EXPECTED;

    fn read(value: &DeValue<'_>) -> Option<Self> {
        NonZeroU64::read(value)?.try_into().ok()
    }
}

/// A part of a whole, from 0 to 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fraction(pub(super) f64);

impl Value for Fraction {
    const EXPECTED: &'static str = "a number from 0.0 to 1.0";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = value.as_float().map(|number| number.as_str());
        let text = text.or_else(|| value.as_integer().map(|number| number.as_str()))?;
        let number = text.parse().ok()?;
        (0.0..=1.0).contains(&number).then_some(Self(number))
    }
}

impl Value for Duration {
    const EXPECTED: &'static str = r#"a duration such as "100ms", "5m" or "1h30m""#;

    fn read(value: &DeValue<'_>) -> Option<Self> {
        units::duration(value.as_str()?)
    }
}

/// A duration of which zero makes no sense.
#[derive(Debug, Clone, Copy)]
pub(super) struct Positive(pub(super) Duration);

impl Value for Positive {
    const EXPECTED: &'static str = r#"a duration above zero such as "100ms", "5m" or "1h30m""#;

    fn read(value: &DeValue<'_>) -> Option<Self> {
        Duration::read(value).filter(|span| !span.is_zero()).map(Self)
    }
}

/// How long a copy lives: a duration, or `"never"` for one that does not expire.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetime(pub(super) Option<Duration>);

impl Value for Lifetime {
    const EXPECTED: &'static str = r#"a duration above zero such as "5m", or "never""#;

    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str()? {
            "never" => Some(Self(None)),
            text => units::duration(text).filter(|ttl| !ttl.is_zero()).map(|ttl| Self(Some(ttl))),
        }
    }
}

/// A number of bytes, at least one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size(pub(super) NonZeroU64);

impl Value for Size {
    const EXPECTED: &'static str = r#"a size above zero such as "64MB" or "1GiB""#;

    fn read(value: &DeValue<'_>) -> Option<Self> {
        units::size(value.as_str()?).and_then(NonZeroU64::new).map(Self)
    }
}
