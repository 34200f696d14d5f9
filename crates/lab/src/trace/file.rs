//! Reads a recorded trace, key by key.
//!
//! Two formats are known. A line of an ARC trace (`.lis`) is `start count ignored request`, and stands
//! for reads of `count` blocks from `start` on. Any other file has a key a line. Either may be
//! compressed by zstd. What a file is follows from its name or, failing that, from its first line.

use std::fs::File;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, BufRead, BufReader, Read as _};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::zstd::Decompressed;
use crate::failure::{Failure, Result};

/// A line of an ARC trace that counts more blocks is a mistake: these are reads of terabytes.
const BLOCKS_MAX: u64 = 1 << 32;

/// A line that is longer is no key.
const LINE_BYTES_MAX: u64 = 64 * 1024;

#[expect(clippy::reversed_empty_ranges, reason = "a run of no keys")]
const NOTHING: RangeInclusive<u64> = 1..=0;

/// The keys of a trace, in the order of the requests.
///
/// A key that is a number stands for itself, any other for a hash of 64 bits, so that a key takes eight
/// bytes whatever its name was. The file is read as the keys are asked for. After an error there are no
/// more.
pub(crate) struct Keys {
    path: PathBuf,
    lines: Box<dyn BufRead + Send>,
    format: Format,
    line: Vec<u8>,
    /// How many lines have been read.
    number: u64,
    /// What the last line stands for and has not been handed out.
    run: RangeInclusive<u64>,
    failed: bool,
}

/// Opens a trace.
///
/// # Errors
///
/// When the file cannot be read.
pub(crate) fn keys(path: &Path) -> Result<Keys> {
    let opened = || {
        let mut lines = decompressed(BufReader::new(File::open(path)?))?;
        let mut first = Vec::new();
        lines.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut first)?;
        Ok((Format::of(path, &first), Box::new(io::Cursor::new(first).chain(lines))))
    };
    let (format, lines) = opened().map_err(|error| Failure::io(path.display(), error))?;
    let path = path.to_owned();
    Ok(Keys { path, lines, format, line: Vec::new(), number: 0, run: NOTHING, failed: false })
}

/// What the file says, whether or not it is compressed.
fn decompressed(mut file: BufReader<File>) -> io::Result<Box<dyn BufRead + Send>> {
    if Decompressed::<BufReader<File>>::begins(file.fill_buf()?) {
        return Ok(Box::new(BufReader::new(Decompressed::new(file))));
    }
    Ok(Box::new(file))
}

impl Iterator for Keys {
    type Item = Result<u64>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(key) = self.run.next() {
                return Some(Ok(key));
            }
            if self.failed {
                return None;
            }
            match self.read_line() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(failure) => {
                    self.failed = true;
                    return Some(Err(failure));
                }
            }
        }
    }
}

impl Keys {
    /// The file that they are read from.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the next line the run that is handed out; false at the end of the file.
    fn read_line(&mut self) -> Result<bool> {
        self.line.clear();
        self.number += 1;
        let mut lines = (&mut self.lines).take(LINE_BYTES_MAX);
        let read = lines.read_until(b'\n', &mut self.line);
        if read.map_err(|error| Failure::io(self.place(), error))? == 0 {
            return Ok(false);
        }
        if self.line.len() as u64 == LINE_BYTES_MAX {
            return Err(self.misread(&format!("is longer than {LINE_BYTES_MAX} bytes")));
        }
        let line = self.line.trim_ascii();
        if line.is_empty() {
            return Ok(true);
        }
        self.run = match self.format {
            Format::Arc => blocks(line).map_err(|why| self.misread(why))?,
            Format::Lines => RangeInclusive::new(key(line), key(line)),
        };
        Ok(true)
    }

    fn misread(&self, why: &str) -> Failure {
        Failure::misuse(format!("{} {why}", self.place()))
    }

    fn place(&self) -> String {
        format!("{}, line {}", self.path.display(), self.number)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Format {
    Arc,
    Lines,
}

impl Format {
    fn of(path: &Path, first_line: &[u8]) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.strip_suffix(".zst").unwrap_or(&name);
        match name.ends_with(".lis") || numbers(first_line).is_some() {
            true => Self::Arc,
            false => Self::Lines,
        }
    }
}

/// The blocks of a line of an ARC trace.
fn blocks(line: &[u8]) -> std::result::Result<RangeInclusive<u64>, &'static str> {
    let [start, count, ..] =
        numbers(line).ok_or("is not `start count ignored request`, four numbers")?;
    if count > BLOCKS_MAX {
        return Err("counts more than 4294967296 blocks");
    }
    let Some(more) = count.checked_sub(1) else { return Ok(NOTHING) };
    let last = start.checked_add(more).ok_or("counts on beyond the largest block")?;
    Ok(start..=last)
}

fn numbers(line: &[u8]) -> Option<[u64; 4]> {
    let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let numbers = [fields.next()?, fields.next()?, fields.next()?, fields.next()?].map(number);
    let [Some(a), Some(b), Some(c), Some(d)] = numbers else { return None };
    fields.next().is_none().then_some([a, b, c, d])
}

fn number(text: &[u8]) -> Option<u64> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// The key that a line of text names.
fn key(text: &[u8]) -> u64 {
    let spelled = number(text).filter(|number| number.to_string().as_bytes() == text);
    spelled.unwrap_or_else(|| {
        let mut hasher = DefaultHasher::new();
        hasher.write(text);
        hasher.finish()
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn read(name: &str, content: &[u8]) -> Vec<Result<u64>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        keys(&path).unwrap().collect()
    }

    fn read_all(name: &str, content: &[u8]) -> Vec<u64> {
        read(name, content).into_iter().map(Result::unwrap).collect()
    }

    /// The error that a file ends with, from its name on.
    fn refusal(name: &str, content: &[u8]) -> String {
        let read = read(name, content);
        let error = read.into_iter().next_back().unwrap().unwrap_err().to_string();
        // The folder has a random name.
        let place = format!("/{name}");
        error[error.find(&place).unwrap() + 1..].to_owned()
    }

    #[test]
    fn a_line_of_an_arc_trace_is_a_run_of_blocks() {
        assert_eq!(read_all("a.lis", b"10 3 0 0\n7 1 0 1\r\n\n8 0 0 2\n"), [10, 11, 12, 7]);
        assert_eq!(read_all("unnamed", b"10 3 0 0\n7 1 0 1"), [10, 11, 12, 7], "by its content");
    }

    #[test]
    fn other_files_have_a_key_a_line() {
        let keys = read_all("a.txt", b"42\ntea\n 42 \nmilk\ntea\n042\n18446744073709551615\n");
        assert_eq!((keys[0], keys[2]), (42, 42));
        assert_eq!(keys[1], keys[4]);
        assert!(keys[1] != keys[3] && keys[5] != 42);
        assert_eq!(keys.len(), 7);
    }

    #[test]
    fn compressed_files_are_read_as_they_are() {
        let half = |text: &str| compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
        let frames = [half("1 2 0 0\n5 "), half("1 0 1\n")].concat();
        assert_eq!(read_all("a.lis.zst", &frames), [1, 2, 5], "two frames, one after the other");
        let many: String = (0..100_000).map(|key| format!("{key}\n")).collect();
        let compressed = half(&many);
        assert_eq!(read_all("a", &compressed), (0..100_000).collect::<Vec<_>>());
        let torn = refusal("a", &compressed[..compressed.len() / 2]);
        assert!(torn.starts_with("a, line "), "{torn}");
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        let four = "is not `start count ignored request`, four numbers";
        assert_eq!(refusal("a.lis", b"1 1 0 0\n2 x 0 0\n3 1 0 0"), format!("a.lis, line 2 {four}"));
        assert_eq!(refusal("a.lis", b"1 1 0\n"), format!("a.lis, line 1 {four}"));
        let beyond = format!("{} 2 0 0", u64::MAX);
        let refused = refusal("a.lis", beyond.as_bytes());
        assert_eq!(refused, "a.lis, line 1 counts on beyond the largest block");
        let endless = format!("1 1 0 0\n0 {} 0 0", u64::MAX);
        let refused = refusal("a.lis", endless.as_bytes());
        assert_eq!(refused, "a.lis, line 2 counts more than 4294967296 blocks");
        let long = vec![b'x'; 70_000];
        assert_eq!(refusal("a", &long), "a, line 1 is longer than 65536 bytes");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let failure = keys(Path::new("nowhere/a.lis")).err().unwrap();
        assert!(failure.to_string().starts_with("nowhere/a.lis: "), "{failure}");
    }
}
