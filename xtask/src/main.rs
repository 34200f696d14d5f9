//! Everything a person runs on this repository.
fn main() {}
