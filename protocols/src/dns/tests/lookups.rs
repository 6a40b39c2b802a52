//! Questions with their answers.

use super::message;
use crate::dns::{Counts, Lookups, Message, Outcome, Socket, Transport, read};

const SECOND: u64 = 1_000_000_000;

fn socket(port: u16) -> Socket {
    Socket { scope: 1, transport: Transport::Udp, port, server: ([10, 96, 0, 10], 53).into() }
}

fn dns(id: u16, flags: u16) -> Message {
    let bytes = message(id, flags, &[]);
    read(&bytes, bytes.len()).unwrap()
}

fn table() -> Lookups<u32> {
    Lookups::new(4, 5 * SECOND)
}

#[test]
fn an_answer_ends_the_question_with_its_id_name_type_and_ports() {
    let mut table = table();
    for (port, id) in [(4000, 7), (4000, 8), (4001, 7)] {
        assert!(table.asked(socket(port), &dns(id, 0), SECOND, &u32::from(port)).is_empty());
    }
    let mut answer = dns(7, 0x8180);
    answer.questions[0].name = "WWW.Example.COM".to_owned();
    let lookup = table.answered(&socket(4001), &answer, SECOND + 3).unwrap();
    assert_eq!((lookup.owner, lookup.id, lookup.asked_ns, lookup.ended_ns), (4001, 7, SECOND, SECOND + 3));
    assert_eq!((lookup.question.name.as_str(), lookup.times), ("www.example.com", 1));
    assert!(matches!(lookup.outcome, Outcome::Answered(message) if message.rcode == 0));
    assert_eq!(table.waiting(), 2);
}

#[test]
fn an_answer_to_another_question_ends_none() {
    let mut table = table();
    table.asked(socket(4000), &dns(7, 0), 0, &0);
    let mut other_name = dns(7, 0x8180);
    other_name.questions[0].name.push('x');
    let mut other_type = dns(7, 0x8180);
    other_type.questions[0].kind = 28;
    let other_scope = Socket { scope: 2, ..socket(4000) };
    let tcp = Socket { transport: Transport::Tcp, ..socket(4000) };
    let other_port = Socket { server: ([10, 96, 0, 10], 5353).into(), ..socket(4000) };
    for (socket, answer) in [
        (socket(4000), other_name),
        (socket(4000), other_type),
        (socket(4000), dns(8, 0x8180)),
        (socket(4001), dns(7, 0x8180)),
        (other_scope, dns(7, 0x8180)),
        (tcp, dns(7, 0x8180)),
        (other_port, dns(7, 0x8180)),
    ] {
        assert_eq!(table.answered(&socket, &answer, 1), None);
    }
    assert_eq!(table.answered(&socket(4000), &dns(7, 0), 1), None);
    assert_eq!((table.counts().unasked, table.waiting()), (7, 1));
    let from_another_address = Socket { server: ([10, 0, 0, 1], 53).into(), ..socket(4000) };
    assert!(table.answered(&from_another_address, &dns(7, 0x8180), 1).is_some());
}

#[test]
fn an_answer_without_a_question_ends_the_one_that_waits() {
    let mut table = table();
    let mut refusal = dns(7, 0x8181);
    refusal.questions.clear();
    table.asked(socket(4000), &dns(7, 0), 0, &0);
    let mut other = dns(7, 0);
    other.questions[0].kind = 28;
    table.asked(socket(4000), &other, 0, &0);
    assert_eq!(table.answered(&socket(4000), &refusal, 1), None);
    assert!(table.answered(&socket(4000), &dns(7, 0x8180), 1).is_some());
    assert_eq!(table.answered(&socket(4000), &refusal, 1).map(|it| it.question.kind), Some(28));
}

#[test]
fn a_question_that_is_asked_again_is_one_lookup() {
    let mut table = table();
    for at in [SECOND, 2 * SECOND, 3 * SECOND] {
        table.asked(socket(4000), &dns(7, 0), at, &0);
    }
    let lookup = table.answered(&socket(4000), &dns(7, 0x8180), 4 * SECOND).unwrap();
    assert_eq!((lookup.times, lookup.asked_ns), (3, SECOND));
    let counts = Counts { asked: 1, repeated: 2, answered: 1, ..Counts::default() };
    assert_eq!(table.counts(), counts);
}

#[test]
fn a_question_without_an_answer_in_time_is_told_once() {
    let mut table = table();
    table.asked(socket(4000), &dns(7, 0), SECOND, &0);
    assert!(table.expire(6 * SECOND - 1).is_empty());
    let mut later = Lookups::new(4, 5 * SECOND);
    later.asked(socket(4000), &dns(7, 0), SECOND, &0);
    assert_eq!(later.expire(60 * SECOND)[0].ended_ns, 6 * SECOND, "it depends on who looks when");
    let over = table.expire(6 * SECOND);
    assert_eq!((over.len(), &over[0].outcome, over[0].ended_ns), (1, &Outcome::TimedOut, 6 * SECOND));
    assert!(table.expire(u64::MAX).is_empty());
    assert_eq!(table.answered(&socket(4000), &dns(7, 0x8180), 7 * SECOND), None);
    assert_eq!(table.counts(), Counts { asked: 1, timed_out: 1, unasked: 1, ..Counts::default() });
}

#[test]
fn a_full_table_gives_up_the_oldest_and_counts_it() {
    let mut table = table();
    let mut given_up = Vec::new();
    for id in 0..1000 {
        given_up.extend(table.asked(socket(4000), &dns(id, 0), u64::from(id), &0));
        assert!(table.waiting() <= 4);
    }
    let ids: Vec<_> = given_up.iter().map(|lookup| lookup.id).collect();
    assert_eq!(ids, (0..996).collect::<Vec<_>>());
    assert!(given_up.iter().all(|lookup| lookup.outcome == Outcome::GivenUp));
    assert_eq!(table.counts(), Counts { asked: 1000, given_up: 996, ..Counts::default() });
}

#[test]
fn many_questions_with_one_id_do_not_make_the_table_slow() {
    let mut table = Lookups::new(1000, 5 * SECOND);
    for at in 0..100 {
        let mut question = dns(7, 0);
        question.questions[0].kind = at;
        table.asked(socket(4000), &question, u64::from(at), &0);
    }
    assert_eq!((table.waiting(), table.counts().given_up), (8, 92));
    assert!(table.expire(6 * SECOND).iter().map(|lookup| lookup.question.kind).eq(92..100));
}
