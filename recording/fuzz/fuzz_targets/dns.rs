//! DNS: any bytes are a message or none, whole or cut, in a datagram or in calls of a stream; lookups stay bounded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rewind_protocols::dns::{Lookups, Message, Socket, Stream, Transport, read};

const MAX: usize = 16;

fn look_up(table: &mut Lookups<()>, messages: impl Iterator<Item = Message>) {
    let socket = Socket { scope: 0, transport: Transport::Udp, port: 1, server: ([127, 0, 0, 1], 53).into() };
    for (at, mut message) in messages.enumerate() {
        table.asked(socket, &message, at as u64, &());
        message.is_response = true;
        table.answered(&socket, &message, at as u64);
        assert!(table.waiting() <= MAX);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut table = Lookups::new(MAX, 1_000);
    if let Ok(message) = read(bytes, bytes.len()) {
        let cut = read(bytes.get(..bytes.len() / 2).unwrap_or_default(), bytes.len());
        assert!(cut.is_err() || cut.is_ok_and(|cut| message.answers.starts_with(&cut.answers)));
        look_up(&mut table, std::iter::once(message));
    }
    let Some((length, rest)) = bytes.split_first() else { return };
    let length = usize::from(*length).max(1);
    let (mut whole, mut cut, mut unseen) = (Stream::default(), Stream::default(), Stream::default());
    let at_once = whole.call(rest, rest.len() as u64);
    let in_pieces: Vec<_> = rest.chunks(length).flat_map(|call| cut.call(call, call.len() as u64)).collect();
    assert_eq!(at_once, in_pieces, "it matters where calls cut messages");
    for call in rest.chunks(length) {
        unseen.call(call.get(..8).unwrap_or(call), call.len() as u64);
    }
    look_up(&mut table, at_once.into_iter().flatten());
});
