use crate::scene::{MS, S, Scene};
use rewind_recording::event::build;

const WAIT_PRIVATE: u64 = 128;
/// `FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME`, as `pthread_join` has it.
const JOIN: u64 = 0x109;
const NOTHING: &str = "It is running: nothing unusual found.";

fn futex(scene: &mut Scene, tid: u32, (operation, value, timeout): (u64, u64, u64)) {
    scene.now += MS;
    let call = build::call(&mut scene.records, tid, 202).at(scene.now, 0).enter();
    call.arg(0x4000).arg(operation).arg(value).arg(timeout).arg(0).arg(u64::from(u32::MAX)).end();
}

fn thread(scene: &mut Scene, tid: u32) {
    build::task(&mut scene.records, scene.now, (tid, 700), (tid - 699, 1), "worker");
}

fn answer(mut scene: Scene) -> String {
    scene.later(60 * S);
    scene.answer()
}

#[test]
fn one_thread_that_waits_for_itself_is_named() {
    let mut scene = Scene::of("app");
    futex(&mut scene, 700, (WAIT_PRIVATE, 2, 0));
    scene.later(60 * S);
    let why = scene.why();
    let told = "It is running; but nothing can wake process 700 (app): its only thread has been in futex(0x4000, \
                FUTEX_WAIT_PRIVATE, 2, NULL) for 1m01s, without a time limit, and no other thread is there.";
    assert_eq!(why.answer, told);
    assert!(why.findings[0].reasons.iter().any(|reason| reason.contains("signal")), "{:?}", why.findings);
}

#[test]
fn threads_that_wait_for_each_other_are_named_with_who_waits_for_their_end() {
    let mut scene = Scene::of("app");
    for tid in [701, 702] {
        thread(&mut scene, tid);
        futex(&mut scene, tid, (WAIT_PRIVATE, 2, 0));
    }
    futex(&mut scene, 700, (JOIN, 2, 0));
    let told = "It is running; but no thread of process 700 (app) can wake another: all 3 wait for each other for \
                1m01s, without a time limit (futex), one of them for another to end.";
    assert_eq!(answer(scene), told);
}

#[test]
fn a_thread_that_ended_of_an_exception_is_why_nothing_wakes_the_others() {
    let answer_of = |[before, behind]: [u64; 2]| {
        let mut scene = Scene::of("python3 app.py");
        thread(&mut scene, 701);
        if behind > 0 {
            futex(&mut scene, 700, (WAIT_PRIVATE, 0, 0));
        }
        scene.later(behind);
        scene.main = 701;
        scene.say(2, "Exception in thread Thread-1:\nTraceback (most recent call last):\nKeyError: 'id'\n");
        build::exit(&mut scene.records, scene.now, (701, 700), 0, false);
        scene.later(before);
        if behind == 0 {
            futex(&mut scene, 700, (WAIT_PRIVATE, 0, 0));
        }
        answer(scene)
    };
    let said = "its thread 701 ended: it said \"KeyError: 'id'\".";
    for (times, when) in [([0, 0], "right before that"), ([9 * S, 0], "before that"), ([0, 9 * S], "while it waited")] {
        let answer = answer_of(times);
        let (waits, told) = answer.split_once("; but nothing can wake process 700 (python3): ").unwrap();
        assert_eq!(waits, "It is running");
        assert!(
            told.ends_with(&format!(", without a time limit, and no other thread is there; {when} {said}")),
            "{answer}"
        );
    }
}

#[test]
fn an_event_loop_that_nobody_else_can_write_to_wakes_no_thread() {
    let answer_of = |timeout: i32, opens: &dyn Fn(&mut Scene)| {
        let mut scene = Scene::of("app");
        for (made, fd) in [(291, 3), (290, 4)] {
            scene.call(700, made).arg(0).arg(0).result(fd).end();
        }
        opens(&mut scene);
        thread(&mut scene, 701);
        futex(&mut scene, 701, (WAIT_PRIVATE, 2, 0));
        futex(&mut scene, 700, (WAIT_PRIVATE, 2, 0));
        thread(&mut scene, 702);
        let call = build::call(&mut scene.records, 702, 232).at(scene.now, 0).enter();
        call.arg(3).arg(0x7000).arg(64).arg(u64::from(timeout.cast_unsigned())).end();
        answer(scene)
    };
    let told = "It is running; but no thread of process 700 (app) can wake another: all 3 wait for each other for \
                1m01s, without a time limit (futex, epoll_wait).";
    assert_eq!(answer_of(-1, &|_| ()), told);
    assert_eq!(answer_of(1000, &|_| ()), NOTHING);
    let listens = |scene: &mut Scene| scene.call(700, 41).arg(2).arg(1).arg(0).result(9).end();
    assert_eq!(answer_of(-1, &listens), NOTHING);
    // Its standard input, and a pipe with a name.
    let watches = |scene: &mut Scene| scene.call(700, 233).arg(3).arg(1).arg(0).arg(0).result(0).end();
    let named = |scene: &mut Scene| {
        scene.open("/run/app.fifo", 5);
        scene.call(700, 233).arg(3).arg(1).arg(5).arg(0).result(0).end();
    };
    let file = |scene: &mut Scene| scene.open("/etc/app.conf", 5);
    assert_eq!(answer_of(-1, &named), NOTHING);
    assert_eq!(answer_of(-1, &file), told);
    assert_eq!(answer_of(-1, &watches), NOTHING);
    let timer = |scene: &mut Scene| scene.call(700, 283).arg(1).arg(0).result(9).end();
    assert_eq!(answer_of(-1, &timer), NOTHING);
}

#[test]
fn who_has_a_thread_that_will_go_on_is_not_stuck() {
    // A limit of time, as idle runtimes have one somewhere.
    let mut scene = Scene::of("app");
    thread(&mut scene, 701);
    futex(&mut scene, 701, (WAIT_PRIVATE, 0, 0));
    futex(&mut scene, 700, (WAIT_PRIVATE, 0, 0x7ffc_0000));
    assert_eq!(answer(scene), NOTHING);
    // An event loop, or a listener.
    for nr in [232, 43, 7, 0] {
        let mut scene = Scene::of("app");
        thread(&mut scene, 701);
        futex(&mut scene, 701, (WAIT_PRIVATE, 0, 0));
        let call = build::call(&mut scene.records, 700, nr).at(scene.now, 0).enter();
        call.arg(4).arg(0x7000).arg(64).arg(u64::from(u32::MAX)).end();
        assert_eq!(answer(scene), NOTHING, "{nr}");
    }
    // Another process may wake what is shared.
    let mut scene = Scene::of("app");
    scene.child(701, 700, "worker");
    futex(&mut scene, 701, (0, 0, 0));
    build::call(&mut scene.records, 700, 61).at(scene.now, 0).enter().arg(701).arg(0).arg(0).arg(0).end();
    assert_eq!(answer(scene), NOTHING);
}

#[test]
fn who_waits_for_a_lock_of_a_thread_that_works_may_wait_for_work() {
    // The I/O threads of Redis are held back by locks.
    let mut scene = Scene::of("redis-server");
    for (tid, address) in [(701, 0x4000), (702, 0x4040)] {
        thread(&mut scene, tid);
        let call = build::call(&mut scene.records, tid, 202).at(scene.now, 0).enter();
        call.arg(address).arg(WAIT_PRIVATE).arg(2).arg(0).arg(0).arg(0).end();
    }
    let call = build::call(&mut scene.records, 700, 232).at(scene.now, 0).enter();
    call.arg(4).arg(0x7000).arg(64).arg(100).end();
    assert_eq!(answer(scene), NOTHING);
}

#[test]
fn a_thread_that_is_in_no_call_may_wake_the_others() {
    let mut scene = Scene::of("app");
    thread(&mut scene, 701);
    scene.call(701, 39).result(1).end();
    futex(&mut scene, 700, (WAIT_PRIVATE, 2, 0));
    assert!(!answer(scene).contains("can wake"));
}
