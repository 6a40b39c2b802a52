//! Recordings as files: any bytes, compressed or not, give a recording or an error value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rewind_recording::file::{ZSTD_MAGIC, read, write};
use rewind_recording::header::Header;

fuzz_target!(|bytes: &[u8]| {
    let _ = read(bytes);
    let _ = read([&ZSTD_MAGIC[..], bytes].concat().as_slice());
    // What was written is read again.
    if let Ok(written) = write(Vec::new(), &Header::default(), bytes) {
        assert!(read(written.as_slice()).is_ok_and(|recording| recording.records == bytes));
    }
});
