//! Every record as text: whatever the bytes, every format writes something and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rewind_recording::filter::Filter;
use rewind_recording::header::{Header, Host};
use rewind_recording::map::Map;
use rewind_recording::render::{Format, Options, Timestamps, write};

fuzz_target!(|bytes: &[u8]| {
    // The first byte chooses the options.
    let Some((&choice, records)) = bytes.split_first() else { return };
    let arch = if choice & 1 == 0 { "x86_64" } else { "aarch64" };
    let header = Header { host: Host { arch: arch.to_owned(), ..Host::default() }, ..Header::default() };
    for format in [Format::Strace, Format::Table, Format::Json] {
        let options = Options {
            format,
            timestamps: if choice & 2 == 0 { Timestamps::None } else { Timestamps::Unix },
            durations: choice & 4 != 0,
            descriptors: choice & 8 != 0,
            string_bytes: usize::from(choice >> 4),
            color: choice & 16 != 0,
            width: (choice & 32 != 0).then_some(20),
            filter: Filter {
                kinds: if choice & 64 != 0 { vec!["http", "dns"] } else { Vec::new() },
                ..Filter::default()
            },
            ..Options::default()
        };
        let mut text = Vec::new();
        let written = write(&mut text, &header, records, &options);
        assert!(written.is_ok(), "a vector takes anything");
        assert!(std::str::from_utf8(&text).is_ok(), "not text");
    }
    let mut map = Map::default();
    map.add("it", &header, records);
    assert!(map.edges().iter().all(|edge| edge.count >= edge.failed), "more failed than there were");
});
