//! The corpus of the fuzz targets `decoder` and `session`, played once each.

#[path = "../../../../fuzz/src/decoder.rs"]
mod decoder;
#[path = "../../../../fuzz/src/memory.rs"]
mod memory;
#[path = "../../../../fuzz/src/script.rs"]
mod script;
#[path = "../../../../fuzz/src/session.rs"]
mod session;
#[path = "../../../../fuzz/src/stage.rs"]
mod stage;

#[test]
fn x() {
    session::run(b"1 SET a b\nlater\n1 GET a\n2 MULTI\n2 GET a\n2 ECHO x\n2 EXEC\nanswer 0\n1 echo b\n");
    decoder::run(b"\x03*1\r\n$4\r\nPING\r\n");
}
