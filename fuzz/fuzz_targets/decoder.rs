#![no_main]

use larder_fuzz::decoder;

libfuzzer_sys::fuzz_target!(|input: &[u8]| decoder::run(input));
