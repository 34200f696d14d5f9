//! Tables: what every SQL source has to do alike.
//!
//! A source asks its database what a table looks like and describes the columns in its own types;
//! which of them make the key and the value, and whether they can, is settled here. So is which key a
//! row may have, what of a value is stored, and which changes one statement can bring.

mod counter;
pub(crate) mod fence;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod groups;
mod layout;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod plan;
mod spec;
pub(crate) mod spelling;
mod suggest;
mod wanted;

pub(crate) use counter::Counter;
#[cfg(feature = "mysql")]
pub(crate) use groups::spelled;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use groups::{Group, Limits};
pub(crate) use layout::{Described, Layout, NativeType, not_unique};
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use plan::{Plan, Planner};
pub use spec::{TableSpec, ValueColumns};
pub(crate) use suggest::existing;
pub(crate) use wanted::{Wanted, wanted};
