#![allow(clippy::unwrap_used)]
use super::*;
use crate::event::build::single;
use crate::syscalls::by_name;
use proptest::prelude::*;
use rewind_common::call::part;
use std::sync::LazyLock;

mod framing;
mod shapes;

static KNOWN: LazyLock<Redactor> = LazyLock::new(|| Redactor::new(&[]).unwrap());

fn nr(name: &str) -> u16 {
    by_name(name).unwrap().number(Arch::X86_64).unwrap()
}

/// A record after redaction by `redactor`, its blobs as they read, and how many arguments were redacted.
fn read(redactor: &Redactor, mut record: Vec<u8>) -> (Vec<String>, u64) {
    let count = redactor.redact(&mut record, Arch::X86_64);
    let Record::Call(call) = record::first(&record).unwrap().0 else { unreachable!() };
    let text = |blob: crate::blobs::Bytes<'_>| String::from_utf8_lossy(&blob.readable(blob.bytes)).into_owned();
    (call.blobs.map(text).collect(), count)
}

/// The arguments of a program, as they read after redaction.
fn argv(arguments: &[&str]) -> Vec<String> {
    let bytes: Vec<u8> = arguments.iter().flat_map(|argument| [argument.as_bytes(), &[0]].concat()).collect();
    let record = single(nr("execve")).string("/bin/x").next_blob(part::STRINGS, 0, &bytes).arg(0).build();
    read(&KNOWN, record).0[1].split_terminator('\0').map(str::to_owned).collect()
}

/// What was written to standard error, as it reads after redaction.
fn said(text: &str) -> String {
    read(&KNOWN, write(text.as_bytes(), 0)).0.remove(0)
}

fn write(bytes: &[u8], flags: u8) -> Vec<u8> {
    single(nr("write")).arg(2).next_blob(part::WHOLE, flags, bytes).arg(bytes.len() as u64).build()
}

/// The same of a text that goes on.
fn said_cut(text: &str) -> String {
    read(&KNOWN, write(text.as_bytes(), blob_flags::CUT)).0.remove(0)
}

/// The first and the last bytes of what was written, as they read after redaction.
fn said_with_gap(first: &str, last: &str) -> Vec<String> {
    let record = single(nr("write")).arg(2).next_blob(part::WHOLE, blob_flags::CUT, first.as_bytes());
    read(&KNOWN, record.blob(1, part::WHOLE, blob_flags::LAST, last.as_bytes()).arg(4096).build()).0
}

#[test]
fn what_is_redacted_is_counted_by_arguments_and_flagged() {
    let record = single(nr("rename")).string("/tmp/a?token=hunter2&sig=hunter3").string("/tmp/b").build();
    assert_eq!(
        read(&KNOWN, record),
        (vec!["/tmp/a?token=[redacted]&sig=[redacted]\0".to_owned(), "/tmp/b\0".to_owned()], 1)
    );
}

#[test]
fn a_connect_to_a_unix_socket_is_read_behind_its_family() {
    let address = [&[1, 0], &b"/run/x?token=hunter2\0"[..]].concat();
    let record = single(nr("connect")).arg(3).pointed(&address).arg(address.len() as u64).build();
    assert_eq!(read(&KNOWN, record).0, ["\u{1}\0/run/x?token=[redacted]\0"]);
    // Another family is no text: this port and address spell a secret.
    let address = [&[2, 0], &b"token=hunter2\0"[..]].concat();
    let record = single(nr("connect")).arg(3).pointed(&address).arg(address.len() as u64).build();
    assert_eq!(read(&KNOWN, record).1, 0);
}

#[test]
fn each_element_of_a_vector_is_read() {
    let record = single(nr("writev"))
        .arg(2)
        .pointed(&[0; 32])
        .blob(1, part::BYTES, 0, b"GET / HTTP/1.1\r\n")
        .blob(1, part::BYTES + 1, 0, b"Authorization: Basic aHVudGVyMg==\r\n")
        .arg(2)
        .build();
    let (blobs, count) = read(&KNOWN, record);
    assert_eq!((blobs[2].as_str(), count), ("Authorization: Basic [redacted]\r\n", 1));
}

#[test]
fn a_secret_that_spans_elements_of_a_vector_is_hidden_in_each() {
    let written = |cut| {
        let record = single(nr("writev")).arg(2).pointed(&[0; 48]).arg(3);
        let record = record.blob(1, part::BYTES, cut, b"db: password=hun").blob(1, part::BYTES + 1, 0, b"ter2");
        read(&KNOWN, record.blob(1, part::BYTES + 2, 0, b" is wrong\n").build())
    };
    let (blobs, count) = written(0);
    assert_eq!(
        (&blobs[1..], count),
        (&["db: password=[redacted]", "[redacted]", " is wrong\n"].map(String::from)[..], 1)
    );
    // Something is missing between them: they are no one text.
    assert_eq!(written(blob_flags::CUT).0[2], "ter2");
}

#[test]
fn an_element_of_a_vector_has_its_gap_too() {
    let record = single(nr("writev")).arg(2).pointed(&[0; 32]).blob(1, part::BYTES, blob_flags::CUT, b"password=hun");
    let record = record.blob(1, part::BYTES, blob_flags::LAST, b"ter2\ntoken=hun");
    let record = record.blob(1, part::BYTES + 1, 0, b"ter3\n").arg(2).build();
    let blobs = read(&KNOWN, record).0;
    assert_eq!(&blobs[1..], ["password=[redacted]", "[redacted]\ntoken=[redacted]", "[redacted]\n"]);
}

#[test]
fn the_value_of_a_mount_option_goes_by_its_key() {
    let set = |key: &str| {
        let record = single(nr("fsconfig")).arg(3).arg(1).string(key).string("hunter2").arg(0).build();
        read(&KNOWN, record).0.remove(1)
    };
    assert_eq!(set("password"), "[redacted]\0");
    assert_eq!(set("source"), "hunter2\0");
}

#[test]
fn pointers_and_structures_are_left_alone() {
    let pointer = u64::from_le_bytes(*b"ghp_abcd");
    let everything = Redactor::new(&["(?s-u).+".to_owned()]).unwrap();
    let record = single(nr("openat")).arg(0).unread(pointer).arg(0).arg(0).build();
    assert_eq!(read(&everything, record).1, 0);
    let record = single(nr("nanosleep")).pointed(&[7; 16]).arg(0).build();
    assert_eq!(read(&everything, record).1, 0);
}

#[test]
fn ones_own_patterns_hide_their_groups_or_all_of_a_match() {
    let own = Redactor::new(&["customer-[0-9]+".to_owned(), r"(?:card|iban)=(\w+) (\w+)".to_owned()]).unwrap();
    assert_eq!(
        read(&own, write(b"customer-4711 pays iban=DE12 3456 now\n", 0)).0,
        ["[redacted] pays iban=[redacted] [redacted] now\n"]
    );
    // They come on top.
    assert_eq!(read(&own, write(b"password=hunter2\n", 0)).0, ["password=[redacted]\n"]);
}

#[test]
fn a_pattern_that_is_none_is_named_in_one_line() {
    let refused = |pattern: &str| Redactor::new(&["ok".to_owned(), pattern.to_owned()]).unwrap_err().to_string();
    for (pattern, reason) in [("token=(", "unclosed group"), (r"(?:\w{1000}){1000}", "size limit")] {
        let text = refused(pattern);
        assert!(text.contains(pattern) && text.contains(reason) && !text.contains('\n'), "{text}");
    }
    let many = vec!["x".to_owned(); MAX_PATTERNS + 1];
    assert!(Redactor::new(&many).unwrap_err().to_string().contains("65 patterns"));
}
