//! The binary `larder`.
fn main() {}
