//! What a subject costs, and how figures of several rounds are summed up.

pub(crate) mod calls;
pub(crate) mod descriptors;
pub(crate) mod kernel;
pub(crate) mod machine;
pub(crate) mod number;
pub(crate) mod process;
pub(crate) mod spread;
