//! What a key holds, as a command sees it: a view that the store lends for the time of one call.

use std::borrow::Cow;

use crate::error::Error;

/// A value together with what a command may ask about its life.
#[derive(Clone, Copy)]
pub struct Item<'a> {
    /// What the key holds.
    pub value: View<'a>,
    /// Milliseconds until the copy expires; `None` when it never does.
    pub expires_in_ms: Option<u64>,
}

/// The forms that a value has on the wire.
#[derive(Clone, Copy)]
pub enum View<'a> {
    /// A string.
    Bytes(&'a [u8]),
    /// A hash, or a row of a table.
    Fields(&'a dyn Fields),
}

impl<'a> View<'a> {
    /// What `TYPE` calls it.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Bytes(_) => "string",
            Self::Fields(_) => "hash",
        }
    }

    /// The value as one string: its bytes, or the document of a row.
    ///
    /// # Errors
    ///
    /// `WRONGTYPE` for a plain hash.
    pub fn string(self) -> Result<Cow<'a, [u8]>, Error> {
        match self {
            Self::Bytes(bytes) => Ok(Cow::Borrowed(bytes)),
            Self::Fields(fields) => fields.document().ok_or_else(Error::wrong_type),
        }
    }

    /// The fields of a hash or a row.
    ///
    /// # Errors
    ///
    /// `WRONGTYPE` for a string.
    pub fn fields(self) -> Result<&'a dyn Fields, Error> {
        match self {
            Self::Bytes(_) => Err(Error::wrong_type()),
            Self::Fields(fields) => Ok(fields),
        }
    }
}

/// Up to where Redis keeps a hash as a list, unless told otherwise: `hash-max-listpack-entries` and
/// `hash-max-listpack-value`.
const LIST_FIELDS_MAX: usize = 128;
const LIST_BYTES_MAX: usize = 64;

/// The name of a field, and its value.
pub type Field<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// A value made of named fields.
pub trait Fields {
    /// How many fields there are. A column that is NULL is not a field.
    fn len(&self) -> usize;

    /// Whether there are no fields.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of one field; `None` when it is absent or NULL.
    fn field(&self, name: &[u8]) -> Option<Cow<'_, [u8]>>;

    /// Visits every field, in a stable order.
    fn each(&self, visit: &mut dyn FnMut(&[u8], &[u8]));

    /// The field at `place` in the order of [`each`](Self::each), and its value; `None` past the
    /// last. Worth writing anew for what can find it without a walk (`HRANDFIELD`).
    fn at(&self, place: usize) -> Option<Field<'_>> {
        let (mut left, mut found) = (place, None);
        self.each(&mut |name, value| {
            if left == 0 {
                found = Some((Cow::Owned(name.to_vec()), Cow::Owned(value.to_vec())));
            }
            left = left.wrapping_sub(1);
        });
        found
    }

    /// Whether `HSCAN` shows it in parts: what Redis would not keep as a list. Worth writing anew for
    /// what knows how it is kept, or is not kept by Redis' usual bounds.
    fn is_large(&self) -> bool {
        let mut is_large = self.len() > LIST_FIELDS_MAX;
        if !is_large {
            self.each(&mut |name, value| {
                is_large |= name.len().max(value.len()) > LIST_BYTES_MAX;
            });
        }
        is_large
    }

    /// The whole value as one string, when it has such a form: a row as a JSON object.
    /// `None` for a plain hash, which `GET` refuses with `WRONGTYPE`.
    fn document(&self) -> Option<Cow<'_, [u8]>>;
}
