//! What parameters can be set to.

use std::borrow::Cow;
use std::sync::Arc;

use super::{lists, numbers};

/// What a parameter can be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// `yes` or `no`.
    Switch,
    Integer {
        least: i128,
        most: i128,
    },
    /// An integer that is written in octal digits.
    Octal {
        most: i128,
    },
    /// A number of bytes, with a unit if need be.
    Memory {
        least: i128,
        most: i128,
    },
    /// A number of bytes, or a share in percent, which is kept as a number below zero.
    MemoryOrPercent,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
    /// Anything that has a form of its own.
    Form(Form),
}

/// Makes what is set of the text that a client sends and of what is set at present.
pub(super) type Form = fn(&str, &str) -> Result<String, Cow<'static, str>>;

/// What a parameter is to be set to.
#[derive(Debug, Clone)]
pub(super) enum New {
    Number(i64),
    Text(Arc<[u8]>),
}

impl New {
    /// Whether `CONFIG GET` shows it as `shown`.
    pub(super) fn is(&self, kind: &Kind, shown: &[u8]) -> bool {
        match self {
            Self::Number(number) => kind.written(*number).as_bytes() == shown,
            Self::Text(text) => **text == *shown,
        }
    }
}

impl Kind {
    /// Reads what a client sends; the error is Redis' own.
    pub(super) fn read(&self, text: &[u8], present: &[u8]) -> Result<New, Cow<'static, str>> {
        let number = match *self {
            Self::Text => return Ok(New::Text(text.into())),
            Self::Form(form) => {
                let (text, present) =
                    (String::from_utf8_lossy(text), String::from_utf8_lossy(present));
                return Ok(New::Text(form(&text, &present)?.into_bytes().into()));
            }
            Self::Switch => switch(text)?,
            Self::Choice(words) => choice(text, words)?,
            Self::Integer { least, most } => numbers::integer(text, least, most)?,
            Self::Octal { most } => numbers::octal(text, most)?,
            Self::Memory { least, most } => numbers::memory_within(text, least, most)?,
            Self::MemoryOrPercent => numbers::memory_or_percent(text)?,
        };
        Ok(New::Number(number))
    }

    /// Writes a number as `CONFIG GET` shows it.
    pub(super) fn written(&self, number: i64) -> String {
        match self {
            Self::Switch => if number == 0 { "no" } else { "yes" }.to_owned(),
            Self::Choice(words) => words[number as usize].to_owned(),
            Self::Octal { .. } => format!("{number:o}"),
            Self::Memory { .. } => number.cast_unsigned().to_string(),
            Self::MemoryOrPercent if number < 0 => format!("{}%", number.unsigned_abs()),
            _ => number.to_string(),
        }
    }
}

fn switch(text: &[u8]) -> Result<i64, Cow<'static, str>> {
    match text.to_ascii_lowercase().as_slice() {
        b"yes" => Ok(1),
        b"no" => Ok(0),
        _ => Err("argument must be 'yes' or 'no'".into()),
    }
}

fn choice(text: &[u8], words: &[&str]) -> Result<i64, Cow<'static, str>> {
    let is = |word: &&str| word.as_bytes().eq_ignore_ascii_case(text);
    match words.iter().position(is) {
        Some(place) => Ok(place as i64),
        None => Err(lists::one_of(words)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, text: &str) -> Result<String, String> {
        match kind.read(text.as_bytes(), b"") {
            Ok(New::Number(number)) => Ok(kind.written(number)),
            Ok(New::Text(text)) => Ok(String::from_utf8_lossy(&text).into_owned()),
            Err(reason) => Err(reason.into_owned()),
        }
    }

    #[test]
    fn words_are_read_in_any_case_and_written_as_they_are_known() {
        assert_eq!(read(Kind::Switch, "YES").unwrap(), "yes");
        assert_eq!(read(Kind::Switch, "1").unwrap_err(), "argument must be 'yes' or 'no'");
        let choice = Kind::Choice(&["debug", "notice"]);
        assert_eq!(read(choice, "Notice").unwrap(), "notice");
        let error = "argument(s) must be one of the following: debug, notice";
        assert_eq!(read(choice, "loud").unwrap_err(), error);
    }

    #[test]
    fn numbers_are_written_as_they_are_read() {
        assert_eq!(read(Kind::Octal { most: 0o777 }, "700").unwrap(), "700");
        assert_eq!(read(Kind::MemoryOrPercent, "5%").unwrap(), "5%");
        assert_eq!(read(Kind::MemoryOrPercent, "1kb").unwrap(), "1024");
        let all = Kind::Memory { least: 0, most: u64::MAX.into() };
        assert_eq!(read(all, "18446744073709551615").unwrap(), u64::MAX.to_string());
    }
}
