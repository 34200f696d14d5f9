//! Codecs: keys and values as the bytes that a durable journal keeps.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Turns keys and values into bytes and back.
///
/// What was encoded is decoded by whatever version of the program next opens the journal, so an
/// encoding has to survive that values gain fields. Equal keys must have equal bytes: a key's lane,
/// and hence the order of its writes, rests on them.
///
/// ```
/// use larder::journal::{Codec, CodecError};
///
/// /// Numbers, least byte first.
/// struct Numbers;
///
/// fn number(bytes: &[u8]) -> Result<u64, CodecError> {
///     let bytes = bytes.try_into().map_err(|_| CodecError::new("a number has eight bytes"))?;
///     Ok(u64::from_le_bytes(bytes))
/// }
///
/// impl Codec<u64, u64> for Numbers {
///     fn encode_key(&self, key: &u64, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
///         bytes.extend(key.to_le_bytes());
///         Ok(())
///     }
///     fn encode_value(&self, value: &u64, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
///         self.encode_key(value, bytes)
///     }
///     fn decode_key(&self, bytes: &[u8]) -> Result<u64, CodecError> {
///         number(bytes)
///     }
///     fn decode_value(&self, bytes: &[u8]) -> Result<u64, CodecError> {
///         number(bytes)
///     }
/// }
///
/// let mut bytes = Vec::new();
/// Numbers.encode_key(&7, &mut bytes)?;
/// assert_eq!(Numbers.decode_key(&bytes), Ok(7));
/// assert!(Numbers.decode_key(&bytes[1..]).is_err());
/// # Ok::<(), CodecError>(())
/// ```
pub trait Codec<K, V>: Send + Sync + 'static {
    /// Appends the bytes of `key`.
    fn encode_key(&self, key: &K, bytes: &mut Vec<u8>) -> Result<(), CodecError>;

    /// Appends the bytes of `value`.
    fn encode_value(&self, value: &V, bytes: &mut Vec<u8>) -> Result<(), CodecError>;

    /// The key of these bytes.
    fn decode_key(&self, bytes: &[u8]) -> Result<K, CodecError>;

    /// The value of these bytes.
    fn decode_value(&self, bytes: &[u8]) -> Result<V, CodecError>;
}

/// Why a codec could not do it.
///
/// ```
/// use larder::journal::CodecError;
///
/// assert_eq!(CodecError::new("no such unit").to_string(), "no such unit");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CodecError(String);

impl CodecError {
    /// An error with this reason.
    ///
    /// ```
    /// # use larder::journal::CodecError;
    /// let error = CodecError::new("a key has at most 80 letters");
    /// # drop(error);
    /// ```
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Everything that serde can take apart, as MessagePack with the names of the fields: a value that
/// was written before its type had a field with a default is still read.
///
/// ```
/// use larder::journal::{Codec, CodecError, SerdeCodec};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Before {
///     name: String,
/// }
///
/// #[derive(Serialize, Deserialize)]
/// struct Now {
///     name: String,
///     #[serde(default)]
///     price: u64,
/// }
///
/// let (before, now): (&dyn Codec<u64, Before>, &dyn Codec<u64, Now>) = (&SerdeCodec, &SerdeCodec);
/// let mut bytes = Vec::new();
/// before.encode_value(&Before { name: "tea".to_owned() }, &mut bytes)?;
/// let tea = now.decode_value(&bytes)?;
/// assert_eq!((tea.name.as_str(), tea.price), ("tea", 0));
/// # Ok::<(), CodecError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct SerdeCodec;

impl<K, V> Codec<K, V> for SerdeCodec
where
    K: Serialize + DeserializeOwned,
    V: Serialize + DeserializeOwned,
{
    fn encode_key(&self, key: &K, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
        encode(key, bytes)
    }

    fn encode_value(&self, value: &V, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
        encode(value, bytes)
    }

    fn decode_key(&self, bytes: &[u8]) -> Result<K, CodecError> {
        decode(bytes)
    }

    fn decode_value(&self, bytes: &[u8]) -> Result<V, CodecError> {
        decode(bytes)
    }
}

fn encode(value: &impl Serialize, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
    rmp_serde::encode::write_named(bytes, value).map_err(|error| CodecError::new(error.to_string()))
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    rmp_serde::from_slice(bytes).map_err(|error| CodecError::new(error.to_string()))
}

/// Keys and values that are bytes already: they are kept as they are. With it a program that knows
/// nothing of a journal's types can open it, as tools for operators do.
///
/// ```
/// use larder::journal::{BytesCodec, Codec};
///
/// let codec: &dyn Codec<Vec<u8>, Vec<u8>> = &BytesCodec;
/// assert_eq!(codec.decode_key(b"tea"), Ok(b"tea".to_vec()));
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct BytesCodec;

impl Codec<Vec<u8>, Vec<u8>> for BytesCodec {
    fn encode_key(&self, key: &Vec<u8>, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
        bytes.extend_from_slice(key);
        Ok(())
    }

    fn encode_value(&self, value: &Vec<u8>, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
        bytes.extend_from_slice(value);
        Ok(())
    }

    fn decode_key(&self, bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
        Ok(bytes.to_vec())
    }

    fn decode_value(&self, bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
        Ok(bytes.to_vec())
    }
}
