//! The journals of keyspaces: what stands in them, and how they are looked at.

mod codec;
mod shown;
mod stored;

pub(crate) use codec::KeyspaceCodec;
pub use shown::{key, value};
