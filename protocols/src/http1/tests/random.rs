//! Connections of any calls: nothing panics, nothing grows, and what is cut otherwise is told alike.

use super::{Client, told};
use crate::http1::{Conversation, Exchange, MAX_PENDING, Way};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Call {
    is_sent: bool,
    bytes: Vec<u8>,
    unseen: u64,
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let words = [
        "GET /a HTTP/1.1\r\n\r\n",
        "HEAD /a HTTP/1.1\r\n\r\n",
        "CONNECT h:1 HTTP/1.1\r\n\r\n",
        "POST /a HTTP/1.1\r\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 204 x\r\n\r\n",
        "HTTP/1.1 101 x\r\n\r\n",
        "HTTP/1.1 100 x\r\n\r\n",
        "\r\n",
        "Content-Length: 7\r\n",
        "Content-Length: 7\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n",
        "7\r\n1234567\r\n",
        "0\r\n\r\n",
        "1234567",
        "G",
        "HTTP/1.1 2",
        "\n",
        "A : b\r\n",
    ];
    let piece = prop_oneof![
        10 => proptest::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..4)
    ];
    let bytes = proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat());
    let unseen = prop_oneof![4 => Just(0), 1 => 1..20_u64, 1 => Just(u64::MAX / 2)];
    let call = (any::<bool>(), bytes, unseen).prop_map(|(is_sent, bytes, unseen)| Call { is_sent, bytes, unseen });
    proptest::collection::vec(call, 0..24)
}

/// What is told whatever the calls: not the times.
fn gist(over: &[Exchange]) -> Vec<(String, Option<u64>, Option<u64>)> {
    let bytes = |exchange: &Exchange| {
        let request = exchange.request.as_ref().map(|request| request.body_bytes);
        (told(exchange), request, exchange.response.as_ref().map(|response| response.body_bytes))
    };
    over.iter().map(bytes).collect()
}

fn feed(calls: &[Call]) -> Vec<Exchange> {
    let mut conversation = Conversation::new();
    let mut over = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        let way = if call.is_sent { Way::Sent } else { Way::Received };
        let total = call.unseen.saturating_add(call.bytes.len() as u64);
        over.extend(conversation.call(way, at as u64, &call.bytes, total));
    }
    over.extend(conversation.close(calls.len() as u64));
    over
}

/// Requests with a path and answers with a body of their own number: whoever is joined must have the same.
fn pipelined() -> impl Strategy<Value = (Vec<usize>, Vec<usize>, usize, usize)> {
    let bodies = proptest::collection::vec(0..40_usize, 1..MAX_PENDING);
    (bodies, proptest::collection::vec(1..200_usize, 1..40), 20..200_usize, 1..4_usize)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_calls_give_exchanges_in_order(calls in calls()) {
        let over = feed(&calls);
        let messages = calls.iter().map(|call| call.bytes.len()).sum::<usize>();
        prop_assert!(over.len() <= messages + 1);
        for exchange in &over {
            prop_assert!(exchange.request.is_some() || exchange.response.is_some());
            if let Some(request) = &exchange.request {
                prop_assert!(request.began_ns <= request.last_ns);
            }
        }
    }

    #[test]
    fn it_does_not_matter_where_calls_are_cut(calls in calls(), length in 1..30_usize) {
        let calls: Vec<_> = calls.into_iter().map(|call| Call { unseen: 0, ..call }).collect();
        let pieces = calls.iter().flat_map(|call| {
            call.bytes.chunks(length).map(|bytes| Call { is_sent: call.is_sent, bytes: bytes.to_vec(), unseen: 0 })
        });
        let (over, cut) = (feed(&calls), feed(&pieces.collect::<Vec<_>>()));
        if over.iter().chain(&cut).all(|exchange| exchange.doubts.is_empty()) {
            prop_assert_eq!(gist(&over), gist(&cut));
        }
    }

    /// Whatever is not seen: of what is joined without a doubt, answer and request belong together.
    #[test]
    fn no_answer_is_joined_to_another_request((bodies, cuts, seen, at_once) in pipelined()) {
        let mut client = Client::new();
        let mut cuts = cuts.iter().cycle();
        for (at, bodies) in bodies.chunks(at_once).enumerate() {
            let number = |nth: usize| 100 + (at * at_once + nth) % 900;
            let mut sent = String::new();
            let mut got = String::new();
            for (nth, body) in bodies.iter().enumerate() {
                sent += &format!("POST /{} HTTP/1.1\r\nContent-Length: {body}\r\n\r\n{}", number(nth), "x".repeat(*body));
                let status = if matches!(number(nth), 100..=199 | 204 | 304) { number(nth) + 300 } else { number(nth) };
                let body = "y".repeat(number(nth) % 50);
                got += &format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            }
            for (way, mut bytes) in [(Way::Sent, sent.as_str()), (Way::Received, got.as_str())] {
                while !bytes.is_empty() {
                    let (call, rest) = bytes.split_at((*cuts.next().unwrap_or(&1)).min(bytes.len()));
                    client.cut(way, call, seen);
                    bytes = rest;
                }
            }
        }
        client.closes();
        for exchange in client.over.iter().filter(|exchange| exchange.doubts.is_empty()) {
            let (Some(request), Some(response)) = (&exchange.request, &exchange.response) else { continue };
            let number: u16 = request.head.target.path.trim_start_matches('/').parse().unwrap_or_default();
            let expected = if matches!(number, 100..=199 | 204 | 304) { number + 300 } else { number };
            prop_assert_eq!(response.head.status, expected, "{}", told(exchange));
        }
        if seen >= 199 {
            prop_assert_eq!(client.over.len(), bodies.len());
            prop_assert!(client.over.iter().all(|exchange| exchange.doubts.is_empty() && exchange.response.is_some()));
        }
    }
}
