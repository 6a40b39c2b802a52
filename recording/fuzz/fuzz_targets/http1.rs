//! HTTP/1: any bytes begin with a head or do not; connections of any calls are told, each call at once and in pieces,
//! seen whole or in part. What is hidden of a head leaves nothing to hide.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rewind_protocols::http1::{Conversation, Exchange, Start, Way, hidden, read};

/// Ways and bytes of calls: a call is as long as its first byte says, and goes where the lowest bit says.
fn calls(mut bytes: &[u8]) -> Vec<(Way, &[u8])> {
    let mut calls = Vec::new();
    while let Some((first, rest)) = bytes.split_first() {
        let (call, rest) = rest.split_at(usize::from(*first).min(rest.len()));
        calls.push((if first & 1 == 0 { Way::Sent } else { Way::Received }, call));
        bytes = rest;
    }
    calls
}

fn told<'b>(calls: impl Iterator<Item = (Way, &'b [u8])>, seen: usize) -> Vec<Exchange> {
    let mut conversation = Conversation::new();
    let mut over = Vec::new();
    for (way, bytes) in calls {
        over.extend(conversation.call(way, 0, bytes.get(..seen).unwrap_or(bytes), bytes.len() as u64));
    }
    over.extend(conversation.close(0));
    over
}

fuzz_target!(|bytes: &[u8]| {
    if let Start::Whole(_, length) = read(bytes) {
        assert!(length <= bytes.len());
        assert!(matches!(read(bytes.get(..length - 1).unwrap_or_default()), Start::Cut(_)));
    }
    let mut shown = bytes.to_vec();
    hidden(bytes).into_iter().for_each(|range| shown[range].fill(b'*'));
    // What was hidden once says as much the second time.
    assert!(
        hidden(&shown).into_iter().all(|range| shown[range].iter().all(|byte| *byte == b'*')),
        "not all was hidden"
    );
    let calls = calls(bytes);
    let whole = told(calls.iter().copied(), usize::MAX);
    let pieces = calls.iter().flat_map(|(way, call)| call.chunks(5).map(|piece| (*way, piece)));
    let cut = told(pieces, usize::MAX);
    if whole.iter().chain(&cut).all(|exchange| exchange.doubts.is_empty()) {
        assert_eq!(whole, cut, "it matters where calls cut messages");
    }
    told(calls.iter().copied(), 20);
});
