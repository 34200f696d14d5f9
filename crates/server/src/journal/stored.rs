//! Keys and values as bytes, readable without the table that they are of.
//!
//! A key is a version, its database and its bytes. A value is a version, its kind and its content: the
//! bytes of a string, the fields of a hash, or the named columns of a row, each with the kind of its
//! cell. Names and contents have their length before them, seven bits a byte, the lowest first.

use larder::journal::CodecError;
use larder::source::row::Cell;

/// The version of this format. Another one is refused.
const VERSION: u8 = 1;

const STRING: u8 = 0;
const HASH: u8 = 1;
const ROW: u8 = 2;

/// A value as a journal has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stored<'b> {
    /// A string.
    String(&'b [u8]),
    /// The fields of a hash, in their order.
    Hash(Vec<(&'b [u8], &'b [u8])>),
    /// The columns that a write names, in their order.
    Row(Vec<(&'b str, Cell)>),
}

/// The bytes of a key of `database`.
pub(crate) fn write_key(database: u8, key: &[u8], bytes: &mut Vec<u8>) {
    bytes.extend([VERSION, database]);
    bytes.extend_from_slice(key);
}

/// The database and the key in `bytes`.
pub(crate) fn read_key(bytes: &[u8]) -> Result<(u8, &[u8]), CodecError> {
    let mut reader = Reader::begin(bytes)?;
    Ok((reader.byte()?, reader.rest))
}

/// The bytes of a string.
pub(crate) fn write_string(text: &[u8], bytes: &mut Vec<u8>) {
    bytes.extend([VERSION, STRING]);
    bytes.extend_from_slice(text);
}

/// The bytes of a hash with these fields.
pub(crate) fn write_hash(fields: &[(Vec<u8>, Vec<u8>)], bytes: &mut Vec<u8>) {
    bytes.extend([VERSION, HASH]);
    for (name, value) in fields {
        write_part(name, bytes);
        write_part(value, bytes);
    }
}

/// The bytes of a row that names these columns.
pub(crate) fn write_row<'c>(cells: impl Iterator<Item = (&'c str, &'c Cell)>, bytes: &mut Vec<u8>) {
    bytes.extend([VERSION, ROW]);
    for (name, cell) in cells {
        write_part(name.as_bytes(), bytes);
        write_cell(cell, bytes);
    }
}

impl<'b> Stored<'b> {
    /// The value in `bytes`.
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Self, CodecError> {
        let mut reader = Reader::begin(bytes)?;
        match reader.byte()? {
            STRING => Ok(Self::String(reader.rest)),
            HASH => reader.all(|reader| Ok((reader.part()?, reader.part()?))).map(Self::Hash),
            ROW => reader.all(|reader| Ok((reader.text()?, reader.cell()?))).map(Self::Row),
            kind => Err(CodecError::new(format!("a value of the unknown kind {kind}"))),
        }
    }
}

fn write_part(part: &[u8], bytes: &mut Vec<u8>) {
    let mut length = part.len();
    while length > 0x7f {
        bytes.push(0x80 | (length & 0x7f) as u8);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(part);
}

fn write_cell(cell: &Cell, bytes: &mut Vec<u8>) {
    match cell {
        Cell::Null => bytes.push(b'n'),
        Cell::Integer(integer) => {
            bytes.push(b'i');
            bytes.extend(integer.to_le_bytes());
        }
        Cell::Real(real) => {
            bytes.push(b'r');
            bytes.extend(real.to_le_bytes());
        }
        Cell::Boolean(truth) => bytes.extend([b'o', u8::from(*truth)]),
        Cell::Text(text) => write_tagged(b't', text.as_bytes(), bytes),
        Cell::Blob(content) => write_tagged(b'b', content, bytes),
        Cell::Decimal(digits) => write_tagged(b'd', digits.as_bytes(), bytes),
        Cell::Json(document) => write_tagged(b'j', document.as_bytes(), bytes),
    }
}

fn write_tagged(tag: u8, content: &[u8], bytes: &mut Vec<u8>) {
    bytes.push(tag);
    write_part(content, bytes);
}

/// What is left of the bytes of a key or a value.
struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    /// Reads the version.
    fn begin(bytes: &'b [u8]) -> Result<Self, CodecError> {
        let mut reader = Self { rest: bytes };
        match reader.byte()? {
            VERSION => Ok(reader),
            version => Err(CodecError::new(format!(
                "it is written in format {version}, and this larder reads format {VERSION} only"
            ))),
        }
    }

    /// Reads the same again and again, to the end.
    fn all<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, CodecError>,
    ) -> Result<Vec<T>, CodecError> {
        let mut all = Vec::new();
        while !self.rest.is_empty() {
            all.push(read(self)?);
        }
        Ok(all)
    }

    fn byte(&mut self) -> Result<u8, CodecError> {
        Ok(self.array::<1>()?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (first, rest) = self.rest.split_first_chunk::<N>().ok_or_else(ends_early)?;
        self.rest = rest;
        Ok(*first)
    }

    fn part(&mut self) -> Result<&'b [u8], CodecError> {
        let length = self.length()?;
        let (part, rest) = self.rest.split_at_checked(length).ok_or_else(ends_early)?;
        self.rest = rest;
        Ok(part)
    }

    fn length(&mut self) -> Result<usize, CodecError> {
        let mut length = 0_usize;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.byte()?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(length);
            }
        }
        Err(CodecError::new("a length has more bytes than any length"))
    }

    fn text(&mut self) -> Result<&'b str, CodecError> {
        std::str::from_utf8(self.part()?).map_err(|_| CodecError::new("a text is not UTF-8"))
    }

    fn cell(&mut self) -> Result<Cell, CodecError> {
        Ok(match self.byte()? {
            b'n' => Cell::Null,
            b'i' => Cell::Integer(i64::from_le_bytes(self.array()?)),
            b'r' => Cell::Real(f64::from_le_bytes(self.array()?)),
            b'o' => Cell::Boolean(self.byte()? != 0),
            b't' => Cell::Text(self.text()?.into()),
            b'b' => Cell::Blob(self.part()?.into()),
            b'd' => Cell::Decimal(self.text()?.into()),
            b'j' => Cell::Json(self.text()?.into()),
            tag => return Err(CodecError::new(format!("a cell of the unknown kind {tag}"))),
        })
    }
}

fn ends_early() -> CodecError {
    CodecError::new("it ends too early")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell() -> impl Strategy<Value = Cell> {
        prop_oneof![
            Just(Cell::Null),
            any::<i64>().prop_map(Cell::Integer),
            any::<f64>().prop_filter("equal to itself", |real| !real.is_nan()).prop_map(Cell::Real),
            any::<bool>().prop_map(Cell::Boolean),
            ".*".prop_map(|text| Cell::Text(text.into())),
            any::<Vec<u8>>().prop_map(|bytes| Cell::Blob(bytes.into())),
            "-?[0-9]{1,40}".prop_map(|digits| Cell::Decimal(digits.into())),
            ".*".prop_map(|document| Cell::Json(document.into())),
        ]
    }

    proptest! {
        #[test]
        fn a_row_comes_back(cells in prop::collection::vec((".*", cell()), 0..8)) {
            let mut bytes = Vec::new();
            write_row(cells.iter().map(|(name, cell)| (name.as_str(), cell)), &mut bytes);
            let named = cells.iter().map(|(name, cell)| (name.as_str(), cell.clone())).collect();
            prop_assert_eq!(Stored::read(&bytes).unwrap(), Stored::Row(named));
        }

        #[test]
        fn a_hash_comes_back(fields in any::<Vec<(Vec<u8>, Vec<u8>)>>()) {
            let mut bytes = Vec::new();
            write_hash(&fields, &mut bytes);
            let named = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
            prop_assert_eq!(Stored::read(&bytes).unwrap(), Stored::Hash(named));
        }

        #[test]
        fn keys_and_strings_come_back(database: u8, text: Vec<u8>) {
            let (mut key, mut value) = (Vec::new(), Vec::new());
            write_key(database, &text, &mut key);
            write_string(&text, &mut value);
            prop_assert_eq!(read_key(&key).unwrap(), (database, &*text));
            prop_assert_eq!(Stored::read(&value).unwrap(), Stored::String(&text));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = Stored::read(&bytes);
            let _ = read_key(&bytes);
        }
    }

    #[test]
    fn long_parts_come_back() {
        for length in [0, 127, 128, 16_383, 16_384, 3_000_000] {
            let mut bytes = Vec::new();
            write_hash(&[(vec![b'n'; length], b"v".to_vec())], &mut bytes);
            let Ok(Stored::Hash(fields)) = Stored::read(&bytes) else { panic!("{length}") };
            assert_eq!(fields[0].0.len(), length);
        }
    }

    #[test]
    fn what_is_cut_short_or_of_another_version_is_refused() {
        let mut bytes = Vec::new();
        write_row([("price", &Cell::Integer(7))].into_iter(), &mut bytes);
        for end in (0..bytes.len()).filter(|end| *end != 2) {
            assert!(Stored::read(&bytes[..end]).is_err(), "{end}");
        }
        bytes[0] = 9;
        let error = Stored::read(&bytes).unwrap_err().to_string();
        assert!(error.contains("in format 9"), "{error}");
        assert!(Stored::read(&[VERSION, 7]).is_err() && read_key(&[]).is_err());
    }
}
