//! The corpus of the fuzz targets `config` and `row_mapping`, played once each.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

#[path = "../../../../fuzz/src/config.rs"]
mod config;
#[path = "../../../../fuzz/src/escapes.rs"]
mod escapes;
#[path = "../../../protocol/tests/any_input/files.rs"]
mod files;
#[path = "../../../../fuzz/src/pack.rs"]
mod pack;
#[path = "../../../../fuzz/src/row_mapping.rs"]
mod row_mapping;

#[test]
fn a_configuration_is_read_or_reported_on() {
    files::play("config", config::run);
}

#[test]
fn what_a_table_takes_is_read_back_and_nothing_else_changes() {
    let tables = row_mapping::Tables::open().unwrap();
    files::play("row_mapping", |input| tables.play(input));
}
