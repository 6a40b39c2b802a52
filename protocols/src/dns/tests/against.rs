//! Messages as `hickory-proto` reads and writes them.

use crate::dns::{Message, Value, read};
use hickory_proto::op::Message as Theirs;
use hickory_proto::rr::{Name, RData};
use proptest::prelude::*;

/// Their name as ours: their own text has other escapes.
fn text(name: &Name) -> String {
    let labels = name.iter().map(|label| {
        let bytes = label.iter().map(|byte| match byte {
            b'.' | b'\\' => format!("\\{}", char::from(*byte)),
            b'!'..=b'~' => char::from(*byte).to_string(),
            _ => format!("\\{byte:03}"),
        });
        bytes.collect::<String>()
    });
    let text = labels.collect::<Vec<_>>().join(".");
    if text.is_empty() { ".".to_owned() } else { text }
}

/// What both readers hold must agree.
fn compare(bytes: &[u8]) {
    let (Ok(ours), Ok(theirs)) = (read(bytes, bytes.len()), Theirs::from_vec(bytes)) else { return };
    let told = || format!("{bytes:02x?}: {ours:?}");
    let metadata = &theirs.metadata;
    assert_eq!(ours.id, metadata.id, "{}", told());
    assert_eq!(ours.is_truncated, metadata.truncation, "{}", told());
    assert_eq!(ours.opcode, u8::from(metadata.op_code), "{}", told());
    if ours.is_cut {
        return;
    }
    assert_eq!(ours.rcode, u16::from(metadata.response_code), "{}", told());
    let questions: Vec<_> =
        theirs.queries.iter().map(|query| (text(query.name()), u16::from(query.query_type()))).collect();
    assert_eq!(ours.questions.iter().map(|it| (it.name.clone(), it.kind)).collect::<Vec<_>>(), questions, "{}", told());
    assert_eq!(ours.answers.len(), theirs.answers.len(), "{}", told());
    for (our, their) in ours.answers.iter().zip(&theirs.answers) {
        assert_eq!((our.name.clone(), our.ttl), (text(&their.name), their.ttl), "{}", told());
        match (&our.value, &their.data) {
            (Value::Address(address), data) => assert_eq!(data.ip_addr(), Some(*address), "{}", told()),
            (Value::Name(name), RData::CNAME(their)) => assert_eq!(*name, text(their), "{}", told()),
            (Value::Name(name), RData::PTR(their)) => assert_eq!(*name, text(their), "{}", told()),
            (Value::Name(_), other) => panic!("{other:?}: {}", told()),
            (Value::Other, data) => assert!(!matches!(data, RData::CNAME(_) | RData::PTR(_)), "{}", told()),
        }
    }
}

/// Whoever refuses what the other takes is to be looked at, not to be silent about.
fn agree(bytes: &[u8]) -> bool {
    read(bytes, bytes.len()).is_ok() == Theirs::from_vec(bytes).is_ok()
}

#[derive(Clone, Debug)]
enum Record {
    A([u8; 4]),
    Aaaa([u8; 16]),
    Name(u8, usize),
    Text(Vec<u8>),
}

/// Names as labels, some as pointers to earlier ones; records with them.
fn messages() -> impl Strategy<Value = (Vec<u8>, usize)> {
    let label = proptest::collection::vec(any::<u8>(), 1..12);
    let names = proptest::collection::vec(proptest::collection::vec(label, 0..4), 1..6);
    let record = prop_oneof![
        any::<[u8; 4]>().prop_map(Record::A),
        any::<[u8; 16]>().prop_map(Record::Aaaa),
        (prop_oneof![Just(5_u8), Just(12)], any::<usize>()).prop_map(|(kind, name)| Record::Name(kind, name)),
        proptest::collection::vec(any::<u8>(), 0..9).prop_map(Record::Text)
    ];
    let records = proptest::collection::vec((any::<usize>(), record, 0..1_u32 << 31), 0..6);
    (any::<u16>(), any::<u16>(), names, records).prop_map(|(id, flags, names, records)| {
        // Opcodes and codes that both know by name.
        let flags = flags & 0x8785 & !0x0040;
        let mut bytes: Vec<u8> =
            [id, flags, 1, records.len() as u16, 0, 0].iter().flat_map(|it| it.to_be_bytes()).collect();
        let mut places = Vec::new();
        let mut write = |bytes: &mut Vec<u8>, at: usize| {
            let known = places.len();
            let place = bytes.len();
            for label in &names[at % names.len()] {
                bytes.push(label.len() as u8);
                bytes.extend(label);
            }
            match places.get(at % (known + 1)) {
                Some(before) if !at.is_multiple_of(3) => bytes.extend(u16::to_be_bytes(0xc000 | *before)),
                _ => bytes.push(0),
            }
            places.push(place as u16);
        };
        write(&mut bytes, 0);
        bytes.extend([0, 1, 0, 1]);
        let count = records.len();
        for (name, record, ttl) in records {
            write(&mut bytes, name);
            let kind = match record {
                Record::A(_) => 1,
                Record::Aaaa(_) => 28,
                Record::Name(kind, _) => kind,
                Record::Text(_) => 16,
            };
            bytes.extend([0, kind, 0, 1]);
            bytes.extend(ttl.to_be_bytes());
            let length_at = bytes.len();
            bytes.extend([0, 0]);
            match record {
                Record::A(address) => bytes.extend(address),
                Record::Aaaa(address) => bytes.extend(address),
                Record::Name(_, name) => write(&mut bytes, name),
                Record::Text(text) => {
                    bytes.push(text.len() as u8);
                    bytes.extend(text);
                }
            }
            let length = (bytes.len() - length_at - 2) as u16;
            bytes[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
        }
        (bytes, count)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn messages_are_read_as_hickory_reads_them((bytes, count) in messages()) {
        let long = read(&bytes, bytes.len()) == Err(crate::dns::Malformed::LongName);
        prop_assert!(agree(&bytes), "{:?} {:?}", read(&bytes, bytes.len()), Theirs::from_vec(&bytes));
        compare(&bytes);
        prop_assert!(long || read(&bytes, bytes.len()).is_ok_and(|ours| ours.answers.len() == count));
    }

    #[test]
    fn broken_messages_are_read_as_hickory_reads_them(
        (mut bytes, _) in messages(),
        breaks in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4)
    ) {
        for (at, byte) in breaks {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        compare(&bytes);
    }

    #[test]
    fn a_cut_message_tells_the_beginning_of_the_whole_one((bytes, _) in messages(), at in any::<proptest::sample::Index>()) {
        let Ok(whole) = read(&bytes, bytes.len()) else { return Ok(()) };
        let at = at.index(bytes.len());
        let Ok(cut) = read(&bytes[..at], bytes.len()) else {
            prop_assert!(at < 12);
            return Ok(());
        };
        prop_assert!(cut.is_cut && whole.questions.starts_with(&cut.questions) && whole.answers.starts_with(&cut.answers));
        prop_assert_eq!(Message { is_cut: false, questions: vec![], answers: vec![], ..cut }.id, whole.id);
    }
}
