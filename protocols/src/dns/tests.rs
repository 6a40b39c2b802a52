//! Messages and lookups.

mod against;
mod lookups;
mod messages;

/// A message of one question: `www.example.com`, and records as they are given.
pub(super) fn message(id: u16, flags: u16, records: &[&[u8]]) -> Vec<u8> {
    let words = [id, flags, 1, records.len() as u16, 0, 0];
    let header: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    [&header, &b"\x03www\x07example\x03com\0\0\x01\0\x01"[..], &records.concat()].concat()
}

/// A record of the name at an offset of its message.
pub(super) fn record(offset: u8, kind: u8, value: &[u8]) -> Vec<u8> {
    [&[0xc0, offset, 0, kind, 0, 1, 0, 0, 0, 60][..], &(value.len() as u16).to_be_bytes(), value].concat()
}
