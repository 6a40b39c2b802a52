//! Connections of which the first bytes of each call were seen.

use super::Client;
use crate::http1::Way;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")
}

#[test]
fn a_body_of_a_known_length_need_not_be_seen() {
    let head = "POST /a HTTP/1.1\r\nContent-Length: 5000\r\n\r\n";
    let mut client = Client::new();
    client.cut(Way::Sent, &format!("{head}{}", "x".repeat(1000)), 64).cut(Way::Sent, &"y".repeat(4000), 0).gets(OK);
    client.sends(&get("/b")).gets(OK);
    assert_eq!(client.told(), ["POST /a 200", "GET /b 200"]);
    assert_eq!(client.over[0].request.as_ref().unwrap().body_bytes, 5000);
}

#[test]
fn chunks_need_not_be_seen_where_only_data_is_missing() {
    let mut client = Client::new();
    client.sends(&get("/a")).gets("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n");
    client.cut(Way::Received, &"x".repeat(4096), 16).gets("\r\n0\r\n\r\n").sends(&get("/b")).gets(OK);
    assert_eq!(client.told(), ["GET /a 200", "GET /b 200"]);
    assert_eq!(client.over[0].response.as_ref().unwrap().body_bytes, 4096);
}

#[test]
fn behind_chunks_whose_end_was_not_seen_a_response_at_a_calls_beginning_is_taken_and_doubted() {
    let chunks =
        format!("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n{}\r\n0\r\n\r\n", "x".repeat(4096));
    let mut client = Client::new();
    client.sends(&get("/a")).cut(Way::Received, &chunks, 256).gets(OK).sends(&get("/b")).gets(OK);
    // The first `OK` may be the rest of the body: nobody asked for it.
    assert_eq!(client.told(), ["GET /a 200", "GET /b 200 unseen"]);
    assert!(!client.over[0].response.as_ref().unwrap().is_whole);
}

#[test]
fn a_cut_head_is_told_and_what_follows_is_doubted() {
    let long = format!("GET /a HTTP/1.1\r\nCookie: {}\r\n\r\n", "x".repeat(500));
    let mut client = Client::new();
    client.cut(Way::Sent, &long, 128).gets(OK).cut(Way::Sent, &long, 128).gets(OK);
    assert_eq!(client.told(), ["GET /a 200 head_cut", "GET /a 200 head_cut unseen"]);
}

#[test]
fn a_head_of_which_only_the_first_call_was_seen_has_its_answer() {
    let mut client = Client::new();
    for _ in 0..2 {
        // As hyper reads it: 24 bytes, for that many begin HTTP/2, and then the rest.
        client.sends("GET /inc HTTP/1.1\r\nHost:").gets(OK);
    }
    assert_eq!(client.told(), ["GET /inc 200 head_cut", "GET /inc 200 head_cut unseen"]);
}

#[test]
fn such_heads_are_joined_where_the_end_of_the_answer_before_was_not_seen() {
    let chunks =
        format!("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n{}\r\n0\r\n\r\n", "x".repeat(4096));
    let mut client = Client::new();
    for path in ["/aa", "/bb", "/cc"] {
        client.sends(&format!("GET {path} HTTP/1.1\r\nHost:")).cut(Way::Received, &chunks, 256);
        // The rest of the head, of which only the length is known.
        client.cut(Way::Sent, &"y".repeat(40), 0);
    }
    client.closes();
    let told: Vec<_> =
        client.told().iter().map(|it| it.split(" head_cut").next().unwrap_or_default().to_owned()).collect();
    assert_eq!(told, ["GET /aa 200", "GET /bb 200", "GET /cc 200"]);
}

#[test]
fn a_response_with_a_cut_head_is_over_when_the_next_one_begins_or_when_nothing_comes() {
    let long = format!("HTTP/1.1 200 x\r\nX: {}\r\n\r\n", "x".repeat(500));
    let mut client = Client::new();
    client.sends(&get("/a")).cut(Way::Received, &long, 128).cut(Way::Received, "body", 0);
    assert!(client.over.is_empty() && client.conversation.idle(3).is_empty());
    let over = client.conversation.idle(4);
    assert_eq!(over[0].response.as_ref().unwrap().last_ns, 3);
    client.sends(&get("/b")).cut(Way::Received, &long, 128).sends(&get("/c")).gets(OK);
    assert_eq!(client.told(), ["GET /b 200 head_cut unseen", "GET /c 200 unseen"]);
}

#[test]
fn requests_that_were_not_seen_join_nothing() {
    let mut client = Client::new();
    client.cut(Way::Sent, &get("/a").repeat(4), get("/a").len() + 3);
    client.gets(&OK.repeat(4)).sends(&get("/b")).gets(OK);
    assert_eq!(client.told()[0], "GET /a 200");
    assert!(client.told().contains(&"GET /b - unjoined".to_owned()), "{:?}", client.told());
}

#[test]
fn responses_that_were_not_seen_join_nothing() {
    let mut client = Client::new();
    client.sends(&get("/a")).sends(&get("/b")).cut(Way::Received, &OK.repeat(2), OK.len() + 3);
    client.sends(&get("/c")).gets(OK);
    assert_eq!(client.told(), ["GET /a 200", "GET /b - unjoined", "GET /c - unjoined", "- 200 unjoined"]);
    let mut client = Client::new();
    client.sends(&get("/a")).sends(&get("/b")).cut(Way::Received, &OK.repeat(2), 20).gets(OK);
    assert_eq!(client.told(), ["GET /a 200 head_cut", "GET /b - unjoined", "- 200 unjoined"]);
}

#[test]
fn what_looks_like_a_message_in_a_body_whose_end_is_unknown_is_none() {
    let mut client = Client::new();
    client.cut(Way::Sent, &format!("PUT /a HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(500)), 64);
    client.sends(&get("/in-the-body")).gets(OK).sends(&get("/b")).gets(OK);
    assert_eq!(client.told(), ["PUT /a 200 head_cut", "GET /b 200 unseen"]);
}

#[test]
fn a_connection_that_was_there_before_is_told_from_its_next_request_on() {
    let mut client = Client::midway();
    client.gets("rest of a body").gets(OK).sends("rest").sends(&get("/a")).gets(OK).sends(&get("/b")).gets(OK);
    assert_eq!(client.told(), ["- 200 unjoined", "GET /a 200 unseen", "GET /b 200 unseen"]);
}

#[test]
fn lost_calls_end_what_waits() {
    let mut client = Client::new();
    client.sends(&get("/a"));
    let lost = client.conversation.lost();
    client.over.extend(lost);
    client.gets(OK).sends(&get("/b")).gets(OK);
    assert_eq!(client.told(), ["GET /a - lost", "GET /b 200 unseen"]);
}

#[test]
fn a_connection_of_which_no_byte_was_seen_tells_nothing() {
    let mut client = Client::new();
    client.cut(Way::Sent, &get("/a"), 0).cut(Way::Received, OK, 0).closes();
    assert!(client.over.is_empty());
}

#[test]
fn a_head_is_put_together_from_many_calls_up_to_a_bound() {
    let mut client = Client::new();
    client.sends("GET /a HTTP/1.1\r\nX: ");
    for _ in 0..300 {
        client.sends(&"x".repeat(300));
    }
    client.sends("\r\n\r\n").gets(OK);
    assert_eq!(client.told(), ["GET /a 200 head_cut"]);
}
