//! Recordings as they travel: any bytes give a recording or an error value, however they are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rewind_recording::header::Header;
use rewind_recording::stream::{Decoder, Writer, read};

fuzz_target!(|bytes: &[u8]| {
    let _ = read(bytes);
    // In pieces, as a socket delivers them.
    let mut decoder = Decoder::new();
    for piece in bytes.chunks(7) {
        decoder.push(piece);
        while let Ok(Some(_)) = decoder.next_frame() {}
    }
    // What was written is read again.
    let Ok(mut writer) = Writer::new(Vec::new(), &Header::default()) else { return };
    let written = writer.records(bytes).and_then(|()| writer.finish(&Header::default()));
    if let Ok(written) = written {
        let _ = read(written.as_slice());
    }
});
