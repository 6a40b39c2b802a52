//! Peers that refuse, do not answer, or go away.

use crate::scene::{MS, S, Scene};
use rewind_common::record::connection::{Connection, what};
use rewind_recording::event::build;
use rewind_recording::events::Descriptor;

/// A socket that asks 10.0.0.5:6379 to be connected, and waits for it.
fn asked(scene: &mut Scene, answer: i64) {
    asked_at(scene, 6379, answer);
}

fn asked_at(scene: &mut Scene, port: u16, answer: i64) {
    scene.call(700, 41).arg(2).arg(1).arg(0).result(3).end();
    scene.connect([10, 0, 0, 5], port, answer);
}

/// A `poll` of descriptor 3 that times out.
fn waited(scene: &mut Scene, ns: u64) {
    let at = scene.now;
    let call = build::call(&mut scene.records, 700, 7).at(at, ns).pointed(&[3, 0, 0, 0, 1, 0, 0, 0]);
    call.arg(1).arg(ns / MS).result(0).end();
    scene.later(ns);
}

#[test]
fn a_refused_connection_is_the_cause_and_tells_how_often() {
    let mut scene = Scene::of("app");
    for _ in 0..3 {
        scene.connect([10, 0, 0, 5], 5432, -111);
        scene.later(S);
    }
    scene.say(2, "could not connect to server: Connection refused\n");
    scene.exit(700, 1 << 8);
    let why = scene.why();
    assert_eq!(why.answer, "It exited with 1 after connect to 10.0.0.5:5432 was refused (ECONNREFUSED), 3 times.");
    assert_eq!((why.findings[0].rule, why.failed[0].what.as_deref()), ("network", Some("10.0.0.5:5432")));
}

#[test]
fn a_connection_in_the_background_is_told_with_its_peer() {
    let mut scene = Scene::of("app");
    scene.call(700, 41).arg(2).arg(1).arg(0).result(3).end();
    scene.connect([10, 0, 0, 5], 6379, -115);
    scene.later(3 * S);
    let asked = scene.call(700, 55).arg(3).arg(1).arg(4).pointed(&110_u32.to_le_bytes());
    asked.pointed(&4_u32.to_le_bytes()).result(0).end();
    scene.exit(700, 1 << 8);
    let answer = scene.answer();
    assert!(
        answer.starts_with("It exited with 1 after connect to 10.0.0.5:6379 timed out (ETIMEDOUT) after 3.00s"),
        "{answer}"
    );
}

#[test]
fn a_peer_that_was_reached_later_is_no_cause() {
    let mut scene = Scene::of("app");
    scene.connect([10, 0, 0, 5], 5432, -111);
    scene.connect([10, 0, 0, 5], 5432, 0);
    scene.open("/etc/app/token", -13);
    scene.exit(700, 1 << 8);
    let why = scene.why();
    assert!(why.answer.contains("/etc/app/token"), "{}", why.answer);
}

#[test]
fn a_connection_that_was_given_up_is_the_cause() {
    let mut scene = Scene::of("app");
    scene.open("/etc/app/optional", -2);
    for _ in 0..2 {
        asked(&mut scene, -115);
        waited(&mut scene, 3 * S);
        scene.call(700, 3).arg(3).result(0).end();
    }
    scene.say(2, "redis: i/o timeout\n");
    scene.exit(700, 1 << 8);
    let why = scene.why();
    assert_eq!(why.answer, "It exited with 1 after connect to 10.0.0.5:6379 got no answer after 3.00s, 2 times.");
    assert_eq!((why.findings[0].rule, why.failed[0].errno.as_str()), ("network", "no answer"));
    assert!(why.findings[0].evidence[0].call.ends_with("EINPROGRESS (Operation now in progress)"));
}

#[test]
fn a_request_without_an_answer_is_the_cause_where_the_process_waited_for_it() {
    let send = |scene: &mut Scene| {
        asked(scene, 0);
        scene.call(700, 44).arg(3).arg(0x7000).arg(40).arg(0).arg(0).arg(0).result(40).end();
    };
    let receive =
        |scene: &mut Scene| scene.call(700, 45).arg(3).arg(0x7000).arg(40).arg(0).arg(0).arg(0).result(9).end();
    let end = |scene: &mut Scene| {
        scene.later(3 * S);
        scene.call(700, 3).arg(3).result(0).end();
        scene.exit(700, 1 << 8);
        scene.answer()
    };
    let mut scene = Scene::of("app");
    send(&mut scene);
    waited(&mut scene, 5 * S);
    assert_eq!(end(&mut scene), "It exited with 1 after what it sent to 10.0.0.5:6379 got no answer after 5.00s.");
    // It was answered.
    let mut scene = Scene::of("app");
    send(&mut scene);
    waited(&mut scene, 5 * S);
    receive(&mut scene);
    assert!(end(&mut scene).ends_with("nothing unusual found before that."));
    // It only told something.
    let mut scene = Scene::of("app");
    send(&mut scene);
    assert!(end(&mut scene).ends_with("nothing unusual found before that."));
    // The next attempt was answered.
    let mut scene = Scene::of("app");
    send(&mut scene);
    waited(&mut scene, 5 * S);
    scene.call(700, 3).arg(3).result(0).end();
    send(&mut scene);
    receive(&mut scene);
    assert!(end(&mut scene).ends_with("nothing unusual found before that."));
}

#[test]
fn who_looked_for_an_answer_before_it_asked_waits_for_it_until_it_closes() {
    let asked_and_closed = |ns: u64| {
        let mut scene = Scene::of("app");
        asked(&mut scene, 0);
        scene.call(700, 0).arg(3).arg(0x7000).arg(4096).result(-11).end();
        scene.call(700, 1).arg(3).arg(0x7000).arg(40).result(40).end();
        scene.later(ns);
        scene.call(700, 3).arg(3).result(0).end();
        scene.exit(700, 1 << 8);
        scene.answer()
    };
    let answer = "It exited with 1 after what it sent to 10.0.0.5:6379 got no answer after 2.00s.";
    assert_eq!(asked_and_closed(2 * S), answer);
    // It only told something, and closed.
    assert!(asked_and_closed(10 * MS).ends_with("nothing unusual found before that."));
}

#[test]
fn a_connection_whose_course_may_be_overwritten_is_not_said_to_have_got_no_answer() {
    let mut scene = Scene::of("app");
    asked(&mut scene, -115);
    scene.later(60 * S);
    let answer = |complete_from_ns: u64| {
        let mut header = scene.header();
        header.coverage.complete_from_ns = complete_from_ns;
        crate::diagnose(&header, &rewind_recording::event::sorted(&scene.records), &Default::default()).answer
    };
    assert!(answer(0).contains("got no answer"), "{}", answer(0));
    assert_eq!(answer(scene.now - S), "It is running: nothing unusual found.");
}

#[test]
fn a_server_that_says_nothing_at_first_is_told_and_one_that_is_silent_later_is_not() {
    let wait = |scene: &mut Scene| {
        build::call(&mut scene.records, 700, 45).at(scene.now + MS, 0).enter().arg(3).arg(0x7000).arg(40).end();
        scene.later(20 * S);
        scene.answer()
    };
    let mut scene = Scene::of("app");
    asked(&mut scene, 0);
    let answer = wait(&mut scene);
    assert!(answer.contains("recvfrom from 10.0.0.5:6379, which it had sent nothing yet, got nothing"), "{answer}");
    let poll = |scene: &mut Scene, descriptors: &[u8]| {
        let count = descriptors.len() as u64 / 8;
        let call = build::call(&mut scene.records, 700, 7).at(scene.now + MS, 0).enter();
        call.pointed(descriptors).arg(count).arg(86_400_000).end();
        scene.later(20 * S);
        scene.answer()
    };
    let mut scene = Scene::of("php");
    asked(&mut scene, 0);
    let answer = poll(&mut scene, &[3, 0, 0, 0, 1, 0, 0, 0]);
    assert!(answer.contains("poll for what 10.0.0.5:6379 says first got nothing after 20."), "{answer}");
    // Who waits for others as well may have more to do.
    let mut scene = Scene::of("php");
    asked(&mut scene, 0);
    let answer = poll(&mut scene, &[3, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(answer, "It is running: nothing unusual found.");
    // It waits for what comes next, or serves.
    let mut scene = Scene::of("app");
    asked(&mut scene, 0);
    scene.call(700, 45).arg(3).arg(0x7000).arg(40).arg(0).arg(0).arg(0).result(9).end();
    assert!(!wait(&mut scene).contains("nothing yet"));
}

#[test]
fn a_peer_is_known_by_what_proc_said_of_the_descriptor() {
    let mut scene = Scene::of("app");
    asked(&mut scene, 0);
    scene.later(10 * MS);
    let what = b"TCP:[10.0.0.7:34000->10.0.0.5:6379]";
    Descriptor::write(&mut scene.records, scene.now, (700, 3), 0, what);
    scene.call(700, 44).arg(3).arg(0x7000).arg(40).arg(0).arg(0).arg(0).result(40).end();
    build::call(&mut scene.records, 700, 45).at(scene.now + MS, 0).enter().arg(3).arg(0x7000).arg(40).end();
    scene.later(9 * S);
    assert!(scene.why().answer.contains("what it sent to 10.0.0.5:6379 got no answer"), "{}", scene.why().answer);
}

#[test]
fn what_the_kernel_does_with_a_connection_is_no_process() {
    for at in 0..4 {
        let mut scene = Scene::of("app");
        let accepted = |scene: &mut Scene, now: u32| {
            let told = Connection { time_ns: scene.now, ..Connection::default() };
            if now == at {
                build::connection(&mut scene.records, (0, 0), what::ACCEPTED, told);
            }
        };
        accepted(&mut scene, 0);
        asked(&mut scene, 0);
        accepted(&mut scene, 1);
        scene.call(700, 44).arg(3).arg(0x7000).arg(40).arg(0).arg(0).arg(0).result(40).end();
        accepted(&mut scene, 2);
        build::call(&mut scene.records, 700, 45).at(scene.now + MS, 0).enter().arg(3).arg(0x7000).arg(40).end();
        scene.later(2 * MS);
        accepted(&mut scene, 3);
        scene.later(9 * S);
        let why = scene.why();
        assert_eq!(why.answer, "It is running; but what it sent to 10.0.0.5:6379 got no answer after 10.0s.", "{at}");
        assert!(why.ran.iter().all(|ran| ran.tgid == 700) && why.ran.len() < 2, "{:?}", why.ran);
    }
}

/// An `epoll` that is told to wait for descriptor 3, and then waits.
fn epolls(scene: &mut Scene) {
    let event = [1, 0, 0, 0x80, 3, 0, 0, 0, 0, 0, 0, 0];
    scene.call(700, 233).arg(5).arg(1).arg(3).pointed(&event).result(0).end();
    build::call(&mut scene.records, 700, 232)
        .at(scene.now + MS, 0)
        .enter()
        .arg(5)
        .arg(0x7000)
        .arg(64)
        .arg(u64::MAX)
        .end();
}

fn sends(scene: &mut Scene) {
    scene.call(700, 1).arg(3).arg(0x7000).arg(40).result(40).end();
}

#[test]
fn an_epoll_that_waits_for_the_first_answer_of_a_peer_is_found() {
    let mut scene = Scene::of("node");
    asked(&mut scene, 0);
    sends(&mut scene);
    epolls(&mut scene);
    scene.later(20 * S);
    let answer = "It is running; but what it sent to 10.0.0.5:6379 got no answer after 21.0s.";
    assert_eq!(scene.answer(), answer);
    // It tells something from time to time.
    let mut scene = Scene::of("node");
    asked(&mut scene, 0);
    for _ in 0..3 {
        sends(&mut scene);
        scene.later(5 * S);
    }
    epolls(&mut scene);
    scene.later(20 * S);
    assert_eq!(scene.answer(), "It is running: nothing unusual found.");
    // What it says last needs no answer, as one before it got.
    let mut scene = Scene::of("node");
    asked(&mut scene, 0);
    sends(&mut scene);
    scene.call(700, 0).arg(3).arg(0x7000).arg(40).result(9).end();
    sends(&mut scene);
    epolls(&mut scene);
    scene.later(20 * S);
    assert_eq!(scene.answer(), "It is running: nothing unusual found.");
}

/// A read of descriptor 3 that nothing has come by yet.
fn reads(scene: &mut Scene) {
    build::call(&mut scene.records, 700, 0).at(scene.now + MS, 0).enter().arg(3).arg(0x7000).arg(40).end();
}

#[test]
fn who_has_been_answered_before_may_wait_for_work() {
    let mut scene = Scene::of("worker");
    asked(&mut scene, 0);
    sends(&mut scene);
    scene.call(700, 0).arg(3).arg(0x7000).arg(40).result(5).end();
    sends(&mut scene);
    reads(&mut scene);
    scene.later(90 * S);
    assert_eq!(scene.answer(), "It is running: nothing unusual found.");
}

#[test]
fn a_database_answers_each_query() {
    let answer_of = |port: u16, waits: fn(&mut Scene)| {
        let mut scene = Scene::of("app");
        asked_at(&mut scene, port, 0);
        sends(&mut scene);
        scene.call(700, 0).arg(3).arg(0x7000).arg(40).result(5).end();
        sends(&mut scene);
        waits(&mut scene);
        scene.later(90 * S);
        scene.answer()
    };
    for (port, waits) in [(5432, reads as fn(&mut Scene)), (5432, epolls), (6432, reads), (3306, reads)] {
        let told = format!("It is running; but what it sent to 10.0.0.5:{port} got no answer after 1m31s.");
        assert_eq!(answer_of(port, waits), told);
    }
    // What MySQL is sent last may be that a statement is closed.
    assert_eq!(answer_of(3306, epolls), "It is running: nothing unusual found.");
}

#[test]
fn a_peer_takes_as_long_as_it_took_on_another_connection() {
    let mut scene = Scene::of("app");
    asked(&mut scene, 0);
    let at = scene.now;
    sends(&mut scene);
    build::call(&mut scene.records, 700, 0).at(at + 2 * MS, 5 * S).arg(3).arg(0x7000).arg(40).result(5).end();
    scene.later(5 * S);
    scene.call(700, 3).arg(3).result(0).end();
    asked(&mut scene, 0);
    sends(&mut scene);
    reads(&mut scene);
    scene.later(12 * S);
    assert_eq!(scene.answer(), "It is running: nothing unusual found.");
    scene.later(30 * S);
    assert!(scene.answer().contains("what it sent to 10.0.0.5:6379 got no answer"), "{}", scene.answer());
}

#[test]
fn a_connection_that_ends_before_anything_came_by_it_is_told() {
    let mut scene = Scene::of("app");
    asked(&mut scene, 0);
    let what = b"TCP:[10.0.0.7:34000->10.0.0.5:6379]";
    Descriptor::write(&mut scene.records, scene.now, (700, 3), 0, what);
    scene.call(700, 0).arg(3).arg(0x7000).arg(40).result(0).end();
    scene.exit(700, 1 << 8);
    let answer =
        "It exited with 1 after the connection to 10.0.0.5:6379 was ended by the other side, which had sent nothing.";
    assert_eq!(scene.answer(), answer);
}

#[test]
fn a_connection_that_was_refused_when_asked_again_got_an_answer() {
    let mut scene = Scene::of("app");
    for _ in 0..4 {
        asked(&mut scene, -115);
        scene.connect([10, 0, 0, 5], 6379, -111);
        scene.later(S);
    }
    let answer = scene.answer();
    assert!(answer.contains("connect to 10.0.0.5:6379 was refused (ECONNREFUSED), 4 times"), "{answer}");
}

#[test]
fn a_thread_that_waits_for_an_answer_is_found() {
    let mut scene = Scene::of("app");
    asked(&mut scene, 0);
    scene.call(700, 44).arg(3).arg(0x7000).arg(40).arg(0).arg(0).arg(0).result(40).end();
    build::call(&mut scene.records, 700, 45).at(scene.now + MS, 0).enter().arg(3).arg(0x7000).arg(40).end();
    scene.later(9 * S);
    let why = scene.why();
    let answer = "It is running; but what it sent to 10.0.0.5:6379 got no answer after 10.0s.";
    assert_eq!(why.answer, answer);
    assert!(why.blocked[0].call.starts_with("recvfrom(3<TCP:[->10.0.0.5:6379]>"), "{:?}", why.blocked);
}

#[test]
fn that_nothing_more_comes_by_a_connection_that_was_refused_shows_no_peer() {
    let mut scene = Scene::of("squid");
    asked(&mut scene, -115);
    let refused = 111_u32.to_le_bytes();
    scene.call(700, 55).arg(3).arg(1).arg(4).pointed(&refused).arg(0x7000).result(0).end();
    scene.call(700, 0).arg(3).arg(0x7000).arg(40).result(0).end();
    scene.call(700, 3).arg(3).result(0).end();
    scene.exit(700, 1 << 8);
    let answer = "It exited with 1 after connect to 10.0.0.5:6379 was refused (ECONNREFUSED).";
    assert_eq!(scene.answer(), answer);
}
