#![no_main]

libfuzzer_sys::fuzz_target!(init: convscan_fuzz::begin(), |data: &[u8]| convscan_fuzz::claims::saved_output(data));
