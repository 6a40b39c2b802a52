use super::*;
use crate::ending::Ending;
use crate::event::build;
use proptest::prelude::*;

fn header() -> Header {
    let ending = Ending { at_ns: 95, tgid: 700, exit_code: Some(1), ..Ending::default() };
    Header { format: 1, recording: 7, died_ns: Some(95), ending: Some(ending), ..Header::default() }
}

fn records(calls: u64) -> Vec<u8> {
    let mut records = Vec::new();
    build::task(&mut records, 1, (700, 700), (1, 1), "python3");
    for i in 0..calls {
        build::call(&mut records, 700, 257).at(10 + i, 1).arg(0xffff_ff9c).string("/etc/passwd").result(-13).end();
    }
    records
}

fn file(calls: u64) -> Vec<u8> {
    write(Vec::new(), &header(), &records(calls)).unwrap()
}

#[test]
fn what_is_written_is_read() {
    let recording = read(file(10_000).as_slice()).unwrap();
    assert_eq!((recording.header, recording.complete), (header(), true));
    assert_eq!(recording.records, records(10_000));
}

#[test]
fn a_stream_without_compression_is_read() {
    let stream = Writer::new(Vec::new(), &header()).unwrap().finish(&header()).unwrap();
    assert_eq!(read(stream.as_slice()).unwrap().header, header());
    // A connection that broke off is shown as far as it came.
    let cut = stream.len() - 3;
    assert!(!read(&stream[..cut]).unwrap().complete);
}

#[test]
fn a_files_header_is_read_without_its_records() {
    let file = file(10_000);
    assert_eq!(read_header(file.as_slice()).unwrap(), header());
    // Its end may be missing; its beginning may not.
    assert_eq!(read_header(&file[..file.len() - 100]).unwrap(), header());
    for bytes in [&b""[..], b"not a recording", &file[..20]] {
        assert!(read_header(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn a_file_that_is_cut_short_anywhere_is_refused() {
    let file = file(100);
    for end in 0..file.len() {
        assert!(read(&file[..end]).is_err(), "{end} of {}", file.len());
    }
}

#[test]
fn each_changed_byte_is_noticed() {
    let file = file(20);
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 0x10;
        if let Ok(recording) = read(damaged.as_slice()) {
            // The frame's head has bits without meaning for this content.
            assert_eq!(recording.records, records(20), "byte {at}");
        }
    }
}

#[test]
fn a_stream_without_its_end_is_not_a_file() {
    let mut stream = Writer::new(Vec::new(), &header()).unwrap();
    stream.records(&records(3)).unwrap();
    let frame = zstd::encode_all(stream.sink().as_slice(), 3).unwrap();
    assert!(matches!(read(frame.as_slice()), Err(StreamError::NoEnd)));
}

#[test]
fn what_is_no_recording_is_told_so() {
    assert!(matches!(read(&b"ELF and so on"[..]), Err(StreamError::Magic)));
    assert!(matches!(read(&b""[..]), Err(StreamError::NoHeader)));
    let other = zstd::encode_all(&b"a letter"[..], 3).unwrap();
    assert!(matches!(read(other.as_slice()), Err(StreamError::Magic)));
}

#[test]
fn a_bomb_is_not_set_off() {
    // Frames of an unknown kind, without an end: nothing of them may be kept.
    let mut stream = Writer::new(Vec::new(), &header()).unwrap();
    let front = std::mem::take(stream.sink());
    let endless = front.as_slice().chain(Endless);
    assert!(matches!(bounded(endless), Err(StreamError::TooMany | StreamError::Checksum { .. })));
    // A window that nobody needs is not allocated.
    let mut frame = zstd::Encoder::new(Vec::new(), 3).unwrap();
    frame.window_log(27).unwrap();
    frame.write_all(&vec![7; 32 << 20]).unwrap();
    let wide = frame.finish().unwrap();
    assert!(matches!(read(wide.as_slice()), Err(StreamError::Damaged(_))));
}

struct Endless;

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        into.fill(0);
        Ok(into.len())
    }
}

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("web.rewind");
    std::fs::write(&path, "older").unwrap();
    let saving = Saving::start(&path).unwrap();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
    drop(saving);
    assert_eq!(std::fs::read(&path).unwrap(), b"older");
    let bytes = save(&path, &header(), &records(5)).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), bytes);
    assert_eq!(open(&path).unwrap().records, records(5));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_file_is_for_its_owner_alone_and_a_link_stays_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("a.rewind"), folder.path().join("latest"));
    save(&path, &header(), &[]).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    std::os::unix::fs::symlink(&path, &link).unwrap();
    save(&link, &header(), &records(1)).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(open(&path).unwrap().records, records(1));
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_is_written_to_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt as _;
    save(Path::new("/dev/null"), &header(), &[]).unwrap();
    assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert!(Saving::start(Path::new("/")).is_err());
    assert!(Saving::start(Path::new("/nonexistent/x")).is_err());
}

proptest! {
    #[test]
    fn any_bytes_give_a_recording_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let _ = read(bytes.as_slice());
        let _ = read([&ZSTD_MAGIC[..], &bytes].concat().as_slice());
        let _ = read(zstd::encode_all(bytes.as_slice(), 1).unwrap().as_slice());
    }

    #[test]
    fn any_records_come_back(records in proptest::collection::vec(any::<u8>(), 0..4096)) {
        let file = write(Vec::new(), &header(), &records).unwrap();
        prop_assert_eq!(read(file.as_slice()).unwrap().records, records);
    }
}
