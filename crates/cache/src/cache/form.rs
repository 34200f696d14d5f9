//! The forms of keys and values at the edge of a cache.

use std::sync::Arc;

/// Makes a value of the form in which a tier lends it.
///
/// ```
/// use larder::ToValue;
/// use std::sync::Arc;
///
/// let held: Arc<str> = "tea".into();
/// let handed_out: Arc<str> = (&held).to_value(); // shared, not copied
/// assert!(Arc::ptr_eq(&held, &handed_out));
/// ```
pub trait ToValue<V> {
    /// The value, shared or copied as cheaply as its type allows.
    fn to_value(self) -> V;
}

impl<V> ToValue<V> for V {
    #[inline]
    fn to_value(self) -> V {
        self
    }
}

impl<V: Clone> ToValue<V> for &V {
    #[inline]
    fn to_value(self) -> V {
        self.clone()
    }
}

/// Makes a key of the borrowed form in which it is looked up, which for most keys is the key itself.
///
/// A key type with a borrowed form of its own implements it for that form, beside `Borrow`, or beside
/// [`Equivalent`](crate::tier::Equivalent) where the form is not a part of the key.
#[doc = include_str!("../../docs/cache/to_key.md")]
pub trait ToKey<K> {
    /// The key.
    fn to_key(&self) -> K;
}

impl<K: Clone> ToKey<K> for K {
    fn to_key(&self) -> K {
        self.clone()
    }
}

macro_rules! to_key {
    ($($borrowed:ty => $($key:ty),+;)+) => {$($(
        impl ToKey<$key> for $borrowed {
            fn to_key(&self) -> $key {
                self.into()
            }
        }
    )+)+};
}

to_key! {
    str => String, Box<str>, Arc<str>;
    [u8] => Vec<u8>, Box<[u8]>, Arc<[u8]>;
}
