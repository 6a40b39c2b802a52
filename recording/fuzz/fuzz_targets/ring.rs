//! Bytes of a ring: any bytes give records or an error value, and chunks give a cut whose figures hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rewind_recording::cut::{Source, cut};
use rewind_recording::record;

const MAX_CHUNKS: usize = 16;

fuzz_target!(|bytes: &[u8]| {
    let mut whole = 0;
    for record in record::all(bytes) {
        whole += usize::from(record.is_ok());
    }
    assert!(whole <= bytes.len() / 8, "more records than there is room for");

    // The first byte says how long the chunks are.
    let Some((&len, rest)) = bytes.split_first() else { return };
    let chunks = rest.chunks((usize::from(len) + 1) * 16).take(MAX_CHUNKS).map(<[u8]>::to_vec).collect();
    let recording = rest.get(8..16).and_then(|id| id.try_into().ok()).map_or(1, u64::from_le_bytes);
    let source = Source { recording, chunks, read_ns: u64::MAX, ..Source::default() };
    let cut = cut(&source);
    assert!(record::all(&cut.records).all(|record| record.is_ok()), "a torn record was let through");
});
