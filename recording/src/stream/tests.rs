#![allow(clippy::unwrap_used)]
use super::*;
use crate::event::build;
use proptest::prelude::*;

fn header() -> Header {
    Header { format: 1, recording: 7, ..Header::default() }
}

fn records(n: usize) -> Vec<u8> {
    let mut records = Vec::new();
    for i in 0..n {
        build::call(&mut records, 1 + i as u32, 3).at(10 * i as u64, 5).arg(i as u64).end();
    }
    records
}

#[test]
fn what_was_written_is_read() {
    let records = records(30_000);
    let mut writer = Writer::new(Vec::new(), &header()).unwrap();
    writer.records(&records).unwrap();
    writer.status(&Status::default()).unwrap();
    let last = Header { read_ns: 99, ..header() };
    let bytes = writer.finish(&last).unwrap();
    assert_eq!(read(bytes.as_slice()).unwrap(), Recording { header: last, records, complete: true });
}

#[test]
fn each_frame_holds_whole_records() {
    let mut writer = Writer::new(Vec::new(), &header()).unwrap();
    writer.records(&records(30_000)).unwrap();
    let mut decoder = Decoder::new();
    decoder.push(writer.sink());
    let mut frames = 0;
    while let Some(frame) = decoder.next_frame().unwrap() {
        if let Frame::Records(records) = frame {
            assert!(crate::record::all(&records).all(|record| record.is_ok()));
            frames += 1;
        }
    }
    assert!(frames > 1);
}

#[test]
fn a_stream_without_its_end_is_known_to_be_cut_short() {
    let mut writer = Writer::new(Vec::new(), &header()).unwrap();
    writer.records(&records(10)).unwrap();
    let whole = writer.finish(&header()).unwrap();
    for cut in PREAMBLE_BYTES..whole.len() {
        match read(whole.get(..cut).unwrap()) {
            Ok(recording) => assert!(!recording.complete),
            Err(error) => assert!(matches!(error, StreamError::NoHeader)),
        }
    }
}

#[test]
fn a_flipped_bit_is_noticed() {
    let mut writer = Writer::new(Vec::new(), &header()).unwrap();
    writer.records(&records(3)).unwrap();
    let whole = writer.finish(&header()).unwrap();
    for i in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[i] ^= 1;
        assert!(!read(bytes.as_slice()).is_ok_and(|recording| recording.complete), "byte {i}");
    }
}

#[test]
fn an_unknown_kind_of_frame_is_skipped() {
    let mut bytes = Writer::new(Vec::new(), &header()).unwrap().sink().clone();
    bytes.push(200);
    bytes.extend(3u32.to_le_bytes());
    bytes.extend(checksum(200, 3, b"new").to_le_bytes());
    bytes.extend(b"new");
    let mut decoder = Decoder::new();
    decoder.push(&bytes);
    assert!(matches!(decoder.next_frame(), Ok(Some(Frame::Header(_)))));
    assert!(matches!(decoder.next_frame(), Ok(None)));
    assert_eq!(decoder.skipped(), 1);
    assert_eq!(decoder.taken, decoder.buffer.len());
}

#[test]
fn a_newer_version_is_named() {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(2u32.to_le_bytes());
    assert!(read(bytes.as_slice()).unwrap_err().to_string().contains("format version 2"));
}

#[test]
fn a_giant_frame_is_refused_before_its_bytes_come() {
    let mut bytes = Writer::new(Vec::new(), &header()).unwrap().sink().clone();
    bytes.push(2);
    bytes.extend(u32::MAX.to_le_bytes());
    bytes.extend([0; 4]);
    assert!(matches!(read(bytes.as_slice()), Err(StreamError::TooLong { .. })));
}

proptest! {
    #[test]
    fn any_bytes_give_frames_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(bytes.as_slice());
        let mut with_preamble = MAGIC.to_vec();
        with_preamble.extend(VERSION.to_le_bytes());
        with_preamble.extend(bytes);
        let _ = read(with_preamble.as_slice());
    }

    #[test]
    fn it_does_not_matter_how_the_bytes_are_cut(cuts in proptest::collection::vec(1usize..90, 1..50)) {
        let mut writer = Writer::new(Vec::new(), &header()).unwrap();
        writer.records(&records(20)).unwrap();
        let whole = writer.finish(&header()).unwrap();
        let (mut decoder, mut gather, mut rest, mut cuts) = (Decoder::new(), Gather::default(), whole.as_slice(), cuts.iter().cycle());
        while !rest.is_empty() {
            let (now, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
            decoder.push(now);
            while let Some(frame) = decoder.next_frame().unwrap() {
                gather.add(frame).unwrap();
            }
            rest = later;
        }
        let recording = gather.finish().unwrap();
        prop_assert!(recording.complete);
        prop_assert_eq!(recording.records, records(20));
    }

    #[test]
    fn any_records_survive_the_journey(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        let mut writer = Writer::new(Vec::new(), &header()).unwrap();
        writer.records(&bytes).unwrap();
        let whole = writer.finish(&header()).unwrap();
        prop_assert_eq!(read(whole.as_slice()).unwrap().records, bytes);
    }
}
