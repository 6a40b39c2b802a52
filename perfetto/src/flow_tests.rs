//! A client and the server that it asks, in recordings of their own.

use crate::tests::{MS, header, trace};
use crate::wire::{SLICE_BEGIN, SLICE_END, TracePacket, TrackEvent};
use rewind_common::record::connection::{direction, what};
use rewind_common::record::message::message_flags::RECEIVED;
use rewind_common::record::{Connection, SocketMessage};
use rewind_recording::event::{build, sorted};
use rewind_recording::render::{Options, Part};
use std::collections::HashSet;

const CLIENT: u16 = 5000;

fn connection(port: u16, is_client: bool) -> Connection {
    let (local_port, peer_port) = if is_client { (port, 80) } else { (80, port) };
    let direction = if is_client { direction::OUT } else { direction::IN };
    Connection { local_port, peer_port, direction, ..Connection::default() }
}

/// A connection of the client's port from `from_ms` to `to_ms`, as one end sees it.
fn connect(out: &mut Vec<u8>, port: u16, is_client: bool, (from_ms, to_ms): (u64, u64)) {
    let (begun, established) = (from_ms * MS, from_ms * MS + MS / 2);
    let since_ns = if is_client { begun } else { established };
    let told = Connection { since_ns, time_ns: established, ..connection(port, is_client) };
    build::connection(out, (7, 7), if is_client { what::CONNECTED } else { what::ACCEPTED }, told);
    let told = Connection { since_ns: established, time_ns: to_ms * MS, state: 9, ..connection(port, is_client) };
    build::connection(out, (7, 7), what::CLOSED, told);
}

/// The nth request over a connection, and its response.
fn request(out: &mut Vec<u8>, nth: u32, is_client: bool, path: &str, (from_ms, to_ms): (u64, u64)) {
    let heads = [
        (from_ms, format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n"), !is_client),
        (to_ms, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned(), is_client),
    ];
    let Connection { local_port, peer_port, .. } = connection(CLIENT, is_client);
    for (at_ms, head, is_received) in heads {
        let (time_ns, total) = (at_ms * MS, head.len() as u32);
        let message = SocketMessage { time_ns, since_ns: time_ns, local_port, peer_port, ..Default::default() };
        let message = SocketMessage { position: nth * total, total, ..message };
        build::socket_message(out, (7, 7), if is_received { RECEIVED } else { 0 }, message, head.as_bytes());
    }
}

/// The trace of a client and a server.
fn both(make: impl Fn(&mut Vec<u8>, bool)) -> Vec<TracePacket> {
    let records = [true, false].map(|is_client| {
        let mut out = Vec::new();
        make(&mut out, is_client);
        sorted(&out)
    });
    let header = header("node-1");
    let [client, server] = &records;
    let parts = [("web", client), ("shop", server)];
    trace(&parts.map(|(label, records)| Part { label, header: &header, records }), &Options::default()).0
}

fn events<'p>(packets: &'p [TracePacket], category: &str) -> Vec<&'p TrackEvent> {
    let events = packets.iter().filter_map(|packet| packet.track_event.as_ref());
    events.filter(|event| event.categories.first().is_some_and(|it| it == category)).collect()
}

fn flow(packets: &[TracePacket], category: &str, name: &str) -> Vec<Vec<u64>> {
    let is_it = |event: &&&TrackEvent| event.name.as_deref() == Some(name);
    events(packets, category).iter().filter(is_it).map(|event| event.flow_ids.clone()).collect()
}

#[test]
fn both_ends_of_a_connection_and_its_events_are_one_flow() {
    let packets = both(|out, is_client| connect(out, CLIENT, is_client, (2, 20)));
    let [client] = &flow(&packets, "connection", "TCP connect 127.0.0.1:80")[..] else { panic!("{packets:?}") };
    assert_eq!(client.len(), 1);
    assert_eq!(flow(&packets, "connection", "TCP accept 127.0.0.1:80"), std::slice::from_ref(client));
    // Connected and closed, at both ends.
    assert_eq!(flow(&packets, "event", "connection"), vec![client.clone(); 4]);
}

#[test]
fn a_connection_whose_other_end_is_not_recorded_is_tied_to_its_own_events() {
    let packets = both(|out, is_client| {
        let port = if is_client { CLIENT } else { 6000 };
        connect(out, port, is_client, (2, 20));
    });
    let client = flow(&packets, "connection", "TCP connect 127.0.0.1:80");
    let server = flow(&packets, "connection", "TCP accept 127.0.0.1:80");
    assert!(client.len() == 1 && client[0].len() == 1 && client != server, "{client:?} {server:?}");
    let events = flow(&packets, "event", "connection");
    assert_eq!(events, [client.clone(), client, server.clone(), server].concat());
}

#[test]
fn a_port_that_is_taken_again_is_another_connection() {
    let packets = both(|out, is_client| {
        connect(out, CLIENT, is_client, (2, 4));
        connect(out, CLIENT, is_client, (6, 8));
    });
    let client = flow(&packets, "connection", "TCP connect 127.0.0.1:80");
    assert_eq!(client, flow(&packets, "connection", "TCP accept 127.0.0.1:80"));
    assert_ne!(client[0], client[1]);
}

#[test]
fn of_a_connections_requests_each_is_tied_to_the_one_that_was_served() {
    let packets = both(|out, is_client| {
        // Of one the other end is not recorded.
        let paths = [("/a", 2), ("/b", 6), ("/a", 10)].into_iter().filter(|(path, _)| is_client || *path == "/a");
        for (nth, (path, at_ms)) in (0..).zip(paths) {
            let inner = u64::from(!is_client);
            request(out, nth, is_client, path, (at_ms + inner, at_ms + 3 - inner));
        }
    });
    let of_a = flow(&packets, "request", "GET shop/a");
    let [first, second, first_served, second_served] = &of_a[..] else { panic!("{of_a:?}") };
    assert_eq!((first, second), (first_served, second_served));
    assert!(first.len() == 1 && first != second, "{of_a:?}");
    assert_eq!(flow(&packets, "request", "GET shop/b"), [Vec::<u64>::new()]);
}

#[test]
fn what_lasts_at_one_time_is_on_tracks_of_one_name_and_what_comes_later_on_the_first() {
    let packets = both(|out, is_client| {
        connect(out, CLIENT, is_client, (2, 10));
        connect(out, CLIENT + 1, is_client, (4, 12));
        connect(out, CLIENT + 2, is_client, (14, 16));
    });
    let tracks = packets.iter().filter_map(|packet| packet.track_descriptor.as_ref());
    let named = tracks.filter(|track| track.name.as_deref() == Some("connections")).map(|track| track.uuid);
    assert_eq!(named.collect::<HashSet<_>>().len(), 4, "two of each end");
    let events = events(&packets, "connection");
    let of: Vec<_> = events.iter().map(|event| event.track_uuid).collect();
    assert!(of[0] != of[1] && of[0] == of[2], "{of:?}");
    let ends = |kind| {
        let of = packets.iter().filter_map(|packet| packet.track_event.as_ref());
        of.filter(|event| event.r#type == Some(kind)).count()
    };
    // What is recorded of a container that lives has no end.
    assert_eq!(ends(SLICE_BEGIN) - 2, ends(SLICE_END));
}
