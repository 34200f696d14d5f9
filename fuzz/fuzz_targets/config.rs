#![no_main]

use larder_fuzz::config;

libfuzzer_sys::fuzz_target!(|input: &[u8]| config::run(input));
