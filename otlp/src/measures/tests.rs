//! A container that serves and asks, and one that meets more peers than are told apart.

use super::*;
use crate::Live;
use crate::tests::{MS, header};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point;
use rewind_common::record::SocketMessage;
use rewind_common::record::message::message_flags::RECEIVED;
use rewind_recording::event::{build, sorted};

const NOW: Points = Points { began_unix_ns: 1, now_unix_ns: 2 };

/// What records come to.
fn measured(header: &Header, records: &[u8], room: &mut usize) -> Measures {
    let (records, mut measures) = (sorted(records), Measures::default());
    let timeline = Timeline::new(&records);
    let spans = Live::default().spans(header, &timeline);
    measures.take(header, &timeline, room);
    measures.take_spans(header, &spans, room);
    measures
}

/// Each series with its number, or how often it was measured, as text: `name{key=value}`.
fn told(measures: &mut Measures) -> BTreeMap<String, u64> {
    let mut told = BTreeMap::new();
    for metric in measures.metrics(NOW) {
        let name = |attributes: &[opentelemetry_proto::tonic::common::v1::KeyValue]| {
            let of = attributes.iter().map(|attribute| {
                let value = attribute.value.as_ref().and_then(|value| value.value.as_ref()).unwrap();
                match value {
                    Value::StringValue(text) => format!("{}={text}", attribute.key),
                    Value::IntValue(number) => format!("{}={number}i", attribute.key),
                    other => panic!("{other:?}"),
                }
            });
            format!("{}{{{}}}", metric.name, of.collect::<Vec<_>>().join(","))
        };
        match metric.data.as_ref().unwrap() {
            Data::Sum(of) => told.extend(of.data_points.iter().map(|point| {
                let Some(number_data_point::Value::AsInt(count)) = point.value else { panic!("{point:?}") };
                (name(&point.attributes), count as u64)
            })),
            Data::ExponentialHistogram(of) => {
                told.extend(of.data_points.iter().map(|point| (name(&point.attributes), point.count)));
            }
            other => panic!("{other:?}"),
        }
    }
    told
}

fn of(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn connections_count_when_they_come_to_be_and_are_measured_when_they_end() {
    let of_web = rewind_common::record::Connection {
        local_port: 5000,
        peer_port: 80,
        direction: direction::OUT,
        ..rewind_common::record::Connection::default()
    };
    let mut out = Vec::new();
    build::connection(&mut out, (7, 7), what::FAILED, Connection { time_ns: 5 * MS, error: 111, state: 2, ..of_web });
    build::connection(&mut out, (7, 7), what::CONNECTED, Connection { time_ns: 7 * MS, ..of_web });
    let closed = Connection { since_ns: 7 * MS, time_ns: 9 * MS, state: 9, ..of_web };
    let closed = Connection { bytes_sent: 12, retransmits: 3, srtt_us: 1500, ..closed };
    build::connection(&mut out, (7, 7), what::CLOSED, closed);
    let mut named = header();
    named.peers.insert("127.0.0.1:80".to_owned(), "db.shop:80".to_owned().into());
    let mut measures = measured(&named, &out, &mut 100);
    let told = told(&mut measures);
    assert_eq!(
        told,
        of(&[
            ("rewind.tcp.connections{rewind.tcp.direction=out,server.address=db.shop,error.type=refused}", 1),
            ("rewind.tcp.connections{rewind.tcp.direction=out,server.address=db.shop}", 1),
            ("rewind.tcp.io{server.address=db.shop,network.io.direction=transmit}", 12),
            ("rewind.tcp.io{server.address=db.shop,network.io.direction=receive}", 0),
            ("rewind.tcp.retransmits{rewind.tcp.direction=out,server.address=db.shop}", 3),
            ("rewind.tcp.rtt{rewind.tcp.direction=out,server.address=db.shop}", 1),
        ])
    );
}

#[test]
fn a_request_is_measured_at_the_side_that_saw_it_and_its_exemplar_leads_to_its_span() {
    let mut out = Vec::new();
    let mut at_ns = 3 * MS;
    let mut call = |flags: u8, (local_port, peer_port): (u16, u16), bytes: &[u8]| {
        at_ns += MS;
        let total = bytes.len() as u32;
        let message =
            SocketMessage { time_ns: at_ns, since_ns: at_ns, local_port, peer_port, total, ..SocketMessage::default() };
        build::socket_message(&mut out, (700, 700), flags, message, bytes);
    };
    let request = b"GET /a HTTP/1.1\r\nHost: shop\r\n\r\n";
    call(RECEIVED, (80, 6000), request);
    call(0, (5000, 8080), request);
    call(RECEIVED, (5000, 8080), b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    call(0, (80, 6000), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let records = sorted(&out);
    let spans = Live::default().spans(&header(), &Timeline::new(&records));
    let mut measures = measured(&header(), &out, &mut 100);
    let metrics = measures.metrics(NOW);
    let server = metrics.iter().find(|metric| metric.name == "http.server.request.duration").unwrap();
    let Some(Data::ExponentialHistogram(server)) = &server.data else { panic!("{server:?}") };
    let exemplar = &server.data_points[0].exemplars[0];
    let span = spans.iter().find(|span| span.kind == SpanKind::Server as i32).unwrap();
    assert_eq!((&exemplar.trace_id, &exemplar.span_id), (&span.trace_id, &span.span_id));
    assert_eq!(server.data_points[0].sum, Some(0.003));
    let told = told(&mut measures);
    assert_eq!(
        told,
        of(&[
            ("http.server.request.duration{http.request.method=GET,http.response.status_code=200i}", 1),
            (
                "http.client.request.duration{http.request.method=GET,http.response.status_code=503i,error.type=503,\
                 server.address=127.0.0.1}",
                1
            ),
        ])
    );
}

#[test]
fn what_calls_signals_and_the_oom_killer_did_is_counted_by_what_it_was() {
    let mut out = Vec::new();
    for (nr, result) in [(257, -2), (257, -2), (257, 3), (42, -111), (42, -115), (0, -5)] {
        build::call(&mut out, 7, nr).result(result).end();
    }
    build::signal(&mut out, 9, 7, [11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut measures = measured(&header(), &out, &mut 100);
    assert_eq!(
        told(&mut measures),
        of(&[
            ("rewind.container.failed_opens{error.type=ENOENT}", 2),
            ("rewind.container.failed_connects{error.type=ECONNREFUSED}", 1),
            ("rewind.container.signals{rewind.signal.name=SIGSEGV}", 1),
        ])
    );
}

#[test]
fn more_peers_than_are_told_apart_go_under_other_and_are_counted() {
    let mut out = Vec::new();
    for at in 0..MAX_PEERS as u16 + 10 {
        let mut peer = [0; 16];
        peer[10..].copy_from_slice(&[255, 255, 10, 0, (at >> 8) as u8, at as u8]);
        let told = Connection { time_ns: u64::from(at + 1) * MS, peer, peer_port: 80, ..Connection::default() };
        build::connection(&mut out, (7, 7), what::CONNECTED, Connection { direction: direction::OUT, ..told });
    }
    let mut room = 100;
    let mut measures = measured(&header(), &out, &mut room);
    let all = told(&mut measures);
    assert_eq!(all.len(), MAX_PEERS + 1);
    assert_eq!(all["rewind.tcp.connections{rewind.tcp.direction=out,server.address=other}"], 10);
    assert_eq!((measures.beyond(), room), (10, 100 - all.len()));

    let mut none = measured(&header(), &out, &mut 0);
    assert_eq!(told(&mut none).values().sum::<u64>(), MAX_PEERS as u64 + 10, "without room nothing is lost");
    assert_eq!(none.series(), 1);
}
