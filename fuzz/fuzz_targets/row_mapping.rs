#![no_main]

use std::sync::LazyLock;

use larder_fuzz::row_mapping::Tables;

/// Made once: what a run writes it removes.
static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables::open().expect("the tables can be made"));

libfuzzer_sys::fuzz_target!(|input: &[u8]| TABLES.play(input));
