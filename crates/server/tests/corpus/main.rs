//! The corpus of the fuzz targets `config` and `row_mapping`, played once each.

#[path = "../../../../fuzz/src/config.rs"]
mod config;
#[path = "../../../../fuzz/src/row_mapping.rs"]
mod row_mapping;
#[path = "../../../../fuzz/src/script.rs"]
mod script;

#[test]
fn x() {
    config::run(b"listen = \"127.0.0.1:7000\"\n");
    row_mapping::run(b"0=7 {\"na\\\\\"me\":\"tea\"}\n1+a:b:c count 3 note n\n2=x {\"e\":[1,2]}\n3=k \\xff\n4=q 12\n5=1.5 {\"price\":\"12\"}\n");
}
