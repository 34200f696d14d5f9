#![no_main]

use larder_fuzz::session;

libfuzzer_sys::fuzz_target!(|input: &[u8]| session::run(input));
