//! Connections of which every byte was seen.

use super::Client;
use crate::http1::{Conversation, End, MAX_PENDING, Way};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")
}

#[test]
fn requests_over_a_kept_connection_are_told_one_after_another() {
    let mut client = Client::new();
    client.sends(&get("/a")).gets(OK).sends(&get("/b")).gets("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.told(), ["GET /a 200", "GET /b 404"]);
    let request = client.over[0].request.clone().unwrap();
    let response = client.over[0].response.clone().unwrap();
    assert_eq!((request.began_ns, request.last_ns, request.body_bytes), (1, 1, 0));
    assert_eq!((response.began_ns, response.last_ns, response.head_bytes, response.body_bytes), (2, 2, 38, 2));
    assert_eq!((client.over[0].way, client.conversation.ended()), (Some(Way::Sent), None));
}

#[test]
fn who_receives_requests_serves() {
    let mut conversation = Conversation::new();
    conversation.call(Way::Received, 1, get("/a").as_bytes(), get("/a").len() as u64);
    assert_eq!(conversation.requests(), Some(Way::Received));
    let over = conversation.call(Way::Sent, 2, OK.as_bytes(), OK.len() as u64);
    assert_eq!(over[0].way, Some(Way::Received));
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let mut client = Client::new();
    client.sends(&format!("{}{}", get("/a"), get("/b"))).sends(&get("/c"));
    client.gets(&format!("{OK}HTTP/1.1 204 x\r\n\r\nHTTP/1.1 500 x\r\nContent-Le")).gets("ngth: 0\r\n\r\n");
    assert_eq!(client.told(), ["GET /a 200", "GET /b 204", "GET /c 500"]);
}

#[test]
fn it_does_not_matter_where_calls_cut_messages() {
    let sent = "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n";
    let got = format!(
        "HTTP/1.1 100 Continue\r\n\r\n{OK}HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    );
    let mut client = Client::new();
    sent.chars().for_each(|byte| {
        client.sends(&byte.to_string());
    });
    got.chars().for_each(|byte| {
        client.gets(&byte.to_string());
    });
    assert_eq!(client.told(), ["GET /a 200", "GET /b 200"].map(|it| it.replace("GET /a", "POST /a")));
    assert_eq!(client.over[0].interim, 1);
    assert_eq!(client.over[0].request.as_ref().unwrap().body_bytes, 3);
    assert!(client.over.iter().all(|it| it.response.as_ref().is_some_and(|it| it.is_whole && it.body_bytes == 2)));
}

#[test]
fn responses_without_a_body_have_none_whatever_they_say() {
    let mut client = Client::new();
    client.sends("HEAD /a HTTP/1.1\r\n\r\n").gets("HTTP/1.1 200 x\r\nContent-Length: 5000\r\n\r\n");
    client.sends(&get("/b")).gets("HTTP/1.1 304 x\r\nContent-Length: 5000\r\n\r\n");
    client.sends(&get("/c")).gets("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.sends("HEAD /d HTTP/1.1\r\n\r\n").gets("HTTP/1.1 200 x\r\n\r\n");
    client.sends(&get("/e")).gets(OK);
    assert_eq!(client.told(), ["HEAD /a 200", "GET /b 304", "GET /c 204", "HEAD /d 200", "GET /e 200"]);
}

#[test]
fn a_response_without_a_length_ends_with_its_connection() {
    let mut client = Client::new();
    client.sends(&get("/a")).gets("HTTP/1.1 200 x\r\n\r\nHTTP/1.1 404 x\r\n\r\n").gets("more");
    assert!(client.over.is_empty());
    client.closes();
    let response = client.over[0].response.clone().unwrap();
    assert_eq!((client.told(), response.body_bytes), (vec!["GET /a 200".to_owned()], 22));
    assert_eq!((response.is_whole, response.last_ns), (true, 4));
}

#[test]
fn nothing_is_read_behind_an_upgrade_or_in_a_tunnel() {
    let mut client = Client::new();
    client.sends("GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    client.gets("HTTP/1.1 101 x\r\n\r\n\u{81}").sends(&get("/x")).gets(OK).closes();
    assert_eq!((client.told(), client.conversation.ended()), (vec!["GET /ws 101".to_owned()], Some(End::Upgraded)));
    let mut client = Client::new();
    client.sends("CONNECT h:1 HTTP/1.1\r\n\r\n").sends(&get("/x")).gets("HTTP/1.1 200 x\r\n\r\n").sends(&get("/y"));
    assert_eq!((client.told(), client.conversation.ended()), (vec!["CONNECT  200".to_owned()], Some(End::Tunnel)));
}

#[test]
fn a_connection_goes_on_when_a_tunnel_or_an_upgrade_is_refused() {
    let mut client = Client::new();
    client.sends("CONNECT h:1 HTTP/1.1\r\n\r\n").gets("HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n");
    client.sends("GET /u HTTP/1.1\r\nConnection: Upgrade\r\n\r\n").gets(OK);
    assert_eq!(client.told(), ["CONNECT  407", "GET /u 200"]);
}

#[test]
fn the_last_exchange_is_the_one_that_says_close() {
    for (request, response, is_last) in [
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", OK, true),
        ("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 204 x\r\nConnection: Close\r\n\r\n", true),
        ("GET / HTTP/1.0\r\n\r\n", OK, true),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", OK, false),
        ("GET / HTTP/1.1\r\n\r\n", "HTTP/1.0 204 x\r\n\r\n", true),
        ("GET / HTTP/1.1\r\n\r\n", OK, false),
    ] {
        let mut client = Client::new();
        client.sends(request).gets(response);
        assert_eq!(client.over.len(), 1, "{request:?} {response:?}");
        assert_eq!(client.conversation.ended() == Some(End::Closed), is_last, "{request:?} {response:?}");
    }
}

#[test]
fn a_request_without_an_answer_is_told_when_the_connection_is_closed() {
    let mut client = Client::new();
    client.sends(&get("/a")).sends("GET /b HTT").closes();
    assert_eq!(client.told(), ["GET /a -", "GET /b - head_cut"]);
    let mut client = Client::new();
    client.sends(&get("/a")).gets("HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\nab").closes();
    let response = client.over[0].response.clone().unwrap();
    assert_eq!((response.is_whole, response.body_bytes), (false, 2));
}

#[test]
fn an_answer_may_come_before_the_request_is_sent_in_whole() {
    let mut client = Client::new();
    client.sends("POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nab").gets("HTTP/1.1 413 x\r\nContent-Length: 0\r\n\r\n");
    assert!(client.over.is_empty());
    client.sends("cd").sends(&get("/b")).gets(OK);
    assert_eq!(client.told(), ["POST /a 413", "GET /b 200"]);
    assert_eq!(client.over[0].request.as_ref().unwrap().last_ns, 3);
}

#[test]
fn what_is_not_http_costs_no_more_than_its_first_call() {
    for bytes in ["\x16\x03\x01", "220 mail ESMTP\r\n", "EHLO x\r\n"] {
        let mut client = Client::new();
        client.sends(bytes);
        assert_eq!(client.conversation.ended(), Some(End::NotHttp), "{bytes:?}");
        assert!(client.sends(&get("/")).gets(OK).closes().over.is_empty());
    }
}

#[test]
fn a_server_may_speak_unasked() {
    let mut client = Client::new();
    client.sends(&get("/a")).gets(OK).gets("HTTP/1.1 408 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.told(), ["GET /a 200", "- 408 unjoined"]);
}

#[test]
fn no_more_requests_wait_than_are_kept() {
    let mut client = Client::new();
    for _ in 0..=MAX_PENDING {
        client.sends(&get("/a"));
    }
    assert_eq!((client.over.len(), client.conversation.ended()), (MAX_PENDING + 1, Some(End::TooManyPending)));
}

#[test]
fn behind_a_message_that_is_ambiguous_nothing_is_joined() {
    for smuggled in [
        "POST /a HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /a HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 30\r\n\r\n",
        "POST /a HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n",
        "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello",
        "POST /a HTTP/1.1\r\nX: y\nContent-Length: 30\r\n\r\n",
    ] {
        let mut client = Client::new();
        client.sends(&get("/before")).sends(smuggled).sends(&get("/smuggled"));
        client.gets(OK).gets(OK).gets("HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n").sends(&get("/after")).gets(OK);
        let told = client.told();
        assert!(told.contains(&"GET /before 200".to_owned()), "{told:?}");
        assert!(told.iter().any(|it| it.starts_with("POST /a 200 ")), "{told:?}");
        for alone in ["GET /smuggled - unjoined", "- 500 unjoined", "GET /after - unjoined", "- 200 unjoined"] {
            assert!(told.contains(&alone.to_owned()), "{smuggled:?}: {told:?}");
        }
        assert_eq!(told.len(), 6, "{told:?}");
    }
}

#[test]
fn behind_a_response_that_is_ambiguous_nothing_is_joined() {
    let mut client = Client::new();
    client.sends(&get("/a")).sends(&get("/b"));
    client.gets("HTTP/1.1 200 x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok").gets(OK);
    assert_eq!(client.told(), ["GET /a 200 two_lengths", "GET /b - unjoined", "- 200 unjoined"]);
}

#[test]
fn bytes_where_a_message_should_begin_are_told() {
    let mut client = Client::new();
    client.sends(&get("/a")).sends("junk\r\n").gets(OK).sends(&get("/b")).gets(OK);
    assert_eq!(client.told(), ["GET /a 200 no_message", "GET /b - unjoined", "- 200 unjoined"]);
    let mut client = Client::new();
    client.sends(&get("/a")).gets("SSH-2.0-x\r\n").closes();
    assert_eq!(client.told(), ["GET /a - no_message unjoined"]);
}

#[test]
fn of_a_response_whose_head_had_not_ended_at_the_close_the_status_is_told() {
    let mut client = Client::new();
    client.sends(&get("/a")).gets("HTTP/1.1 200 OK\r\n").closes();
    assert_eq!(client.told(), ["GET /a 200 head_cut"]);
    let response = client.over[0].response.clone().unwrap();
    assert_eq!((response.began_ns, response.head_bytes, response.is_whole), (2, 17, false));
    // What is to be followed by the response is none.
    let mut client = Client::new();
    client.sends(&get("/a")).gets("HTTP/1.1 100 Continue\r\n").closes();
    assert!(client.over[0].response.is_none());
}
