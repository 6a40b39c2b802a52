//! Messages, whole and cut, over UDP and TCP.

use super::{message, record};
use crate::dns::{MAX_ANSWERS, MAX_STREAM_BYTES, Malformed, Message, Stream, Value, rcode_name, read, type_name};

fn whole(bytes: &[u8]) -> Result<Message, Malformed> {
    read(bytes, bytes.len())
}

fn answer() -> Vec<u8> {
    // The alias's name stands behind the question (33 bytes) and a record's first twelve.
    let alias = record(12, 5, b"\x03cdn\xc0\x10");
    message(7, 0x8180, &[&alias, &record(45, 1, &[192, 0, 2, 1]), &record(45, 28, &[0xfd; 16])])
}

#[test]
fn a_question_is_its_name_and_type() {
    let question = whole(&message(7, 0x0100, &[])).unwrap();
    assert_eq!((question.id, question.is_response, question.opcode, question.rcode), (7, false, 0, 0));
    assert_eq!(question.questions[0].name, "www.example.com");
    assert_eq!((type_name(question.questions[0].kind), question.questions[0].class), ("A".into(), 1));
}

#[test]
fn an_answer_is_its_addresses_and_the_names_that_lead_to_them() {
    let answer = whole(&answer()).unwrap();
    assert!(answer.is_response && !answer.is_truncated && !answer.is_cut);
    assert_eq!(answer.chain().collect::<Vec<_>>(), ["cdn.example.com"]);
    let addresses: Vec<_> = answer.addresses().map(|address| address.to_string()).collect();
    assert_eq!(addresses, ["192.0.2.1", "fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd"]);
    assert_eq!((answer.answers[1].name.as_str(), answer.answers[1].ttl), ("cdn.example.com", 60));
}

#[test]
fn codes_and_flags_are_read() {
    let refused = whole(&message(7, 0x8385, &[])).unwrap();
    assert_eq!((rcode_name(refused.rcode), refused.is_truncated), ("REFUSED".into(), true));
    assert_eq!(whole(&message(7, 0xa800, &[])).unwrap().opcode, 5);
    // The upper bits of the code: 16, BADVERS.
    let mut extended = message(7, 0x8180, &[]);
    extended[11] = 1;
    extended.extend(b"\0\0\x29\x10\0\x01\0\0\0\0\0");
    assert_eq!(rcode_name(whole(&extended).unwrap().rcode), "BADVERS");
}

#[test]
fn a_message_may_be_cut_anywhere_and_tells_what_stands_before() {
    let bytes = answer();
    for length in 0..bytes.len() {
        let cut = read(&bytes[..length], bytes.len());
        if length < 12 {
            assert_eq!(cut, Err(Malformed::Short));
            continue;
        }
        let cut = cut.unwrap();
        assert!(cut.is_cut, "{length}");
        let expected = usize::from(length >= 51) + usize::from(length >= 67);
        assert_eq!((cut.questions.len(), cut.answers.len()), (usize::from(length >= 33), expected), "{length}");
    }
}

#[test]
fn what_goes_on_behind_the_end_is_malformed() {
    let bytes = answer();
    for length in 12..bytes.len() {
        assert_eq!(whole(&bytes[..length]), Err(Malformed::PastEnd), "{length}");
    }
    let mut long = message(7, 0x8180, &[&record(12, 16, b"text")]);
    long[44] = 200;
    assert_eq!(whole(&long), Err(Malformed::PastEnd));
    assert_eq!(read(&long[..40], long.len()).unwrap().answers, []);
    assert_eq!(whole(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), Err(Malformed::PastEnd));
}

#[test]
fn values_of_a_wrong_length_are_malformed() {
    for value in [record(12, 1, b"abc"), record(12, 28, b"abcd"), record(12, 5, b"\x01a\0x"), record(12, 5, b"\x01a")] {
        let read = whole(&message(7, 0x8180, &[&value]));
        assert_eq!(read, Err(Malformed::Value), "{value:?}");
    }
    assert_eq!(whole(&message(7, 0x8180, &[&record(12, 5, b"\xc0\x2d")])), Err(Malformed::Pointer));
    assert_eq!(whole(&message(7, 0x8180, &[&record(12, 99, b"any")])).unwrap().answers[0].value, Value::Other);
}

#[test]
fn no_number_of_records_makes_a_message_long() {
    let one = record(12, 1, &[192, 0, 2, 1]);
    let many = message(7, 0x8180, &vec![one.as_slice(); 4000]);
    let read = whole(&many).unwrap();
    assert_eq!((read.answers.len(), read.is_cut), (MAX_ANSWERS, true));
    let questions = [&message(7, 0, &[])[..], &b"\0\0\x01\0\x01".repeat(60_000)].concat();
    let mut questions = questions;
    questions[4..6].copy_from_slice(&60_001_u16.to_be_bytes());
    assert_eq!(whole(&questions).map(|read| (read.questions.len(), read.is_cut)), Ok((4, true)));
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes()[..], message].concat()
}

#[test]
fn messages_over_tcp_come_in_any_calls() {
    let bytes = [framed(&message(7, 0, &[])), framed(&answer())].concat();
    for length in 1..bytes.len() {
        let mut stream = Stream::default();
        let read: Vec<_> = bytes.chunks(length).flat_map(|call| stream.call(call, call.len() as u64)).collect();
        assert_eq!(read, [whole(&message(7, 0, &[])), whole(&answer())], "{length}");
    }
}

#[test]
fn a_message_over_tcp_may_be_cut_and_the_next_one_is_found() {
    let bytes = [framed(&answer()), framed(&message(8, 0, &[]))];
    let mut stream = Stream::default();
    let cut = stream.call(&bytes[0][..40], bytes[0].len() as u64);
    assert_eq!(cut[0].as_ref().map(|it| (it.id, it.is_cut, it.answers.len())), Ok((7, true, 0)));
    assert_eq!(stream.call(&bytes[1], bytes[1].len() as u64), [whole(&message(8, 0, &[]))]);
    assert!(!stream.is_lost());
    let both = bytes.concat();
    assert_eq!(stream.call(&both[..40], both.len() as u64).len(), 1);
    assert!(stream.is_lost() && stream.call(&bytes[1], bytes[1].len() as u64).is_empty());
}

#[test]
fn a_long_message_over_tcp_is_kept_in_part() {
    let one = record(12, 16, &[b'x'; 200]);
    let long = message(7, 0x8180, &vec![one.as_slice(); 50]);
    let mut stream = Stream::default();
    let read: Vec<_> = framed(&long).chunks(512).flat_map(|call| stream.call(call, call.len() as u64)).collect();
    let read = read[0].as_ref().unwrap();
    assert_eq!((read.is_cut, read.answers.len()), (true, (MAX_STREAM_BYTES - 33) / one.len()));
    assert_eq!(stream.call(b"\0\0", 2), [Err(Malformed::Short)]);
}
