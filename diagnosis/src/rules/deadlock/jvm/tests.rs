use crate::scene::{MS, S, Scene};
use rewind_common::record::{Kind, Listen};
use rewind_recording::event::build;

const FUTEX: u16 = 202;
/// `FUTEX_WAIT_BITSET_PRIVATE`.
const WAIT: u64 = 137;
/// `FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME`, as `pthread_join` has it.
const JOIN: u64 = 0x109;
const LIMIT: u64 = 0x7ffc_0000;
const NOTHING: &str = "It is running: nothing unusual found.";
/// Of those some wait with a limit of time.
const OWN: [&str; 5] = ["VM Thread", "Reference Handl", "VM Periodic Tas", "C1 CompilerThre", "GC Thread#0"];

/// A JVM at rest, and its main thread, which waits.
fn jvm() -> Scene {
    let mut scene = Scene::of("java");
    wait(&mut scene, 700, JOIN, 2, 0);
    for (tid, (name, limit)) in (750..).zip(OWN.into_iter().zip([LIMIT, 0, LIMIT, LIMIT, 0])) {
        starts(&mut scene, tid, name);
        wait(&mut scene, tid, WAIT, 0, limit);
    }
    starts(&mut scene, 701, "java");
    scene
}

fn starts(scene: &mut Scene, tid: u32, name: &str) {
    build::task(&mut scene.records, scene.now, (tid, 700), (tid - 699, 1), name);
}

/// It waits from now on.
fn wait(scene: &mut Scene, tid: u32, operation: u64, value: u64, limit: u64) {
    scene.now += MS;
    let call = build::call(&mut scene.records, tid, FUTEX).at(scene.now, 0).enter();
    call.arg(word(tid)).arg(operation).arg(value).arg(limit).arg(0).arg(u64::from(u32::MAX)).end();
}

fn word(tid: u32) -> u64 {
    u64::from(tid) << 8
}

/// It has waited so often until the limit, milliseconds, and does again.
fn waits(scene: &mut Scene, tid: u32, limits_ms: &[u64]) {
    let mut now = scene.now + MS;
    for ms in limits_ms {
        let ns = ms * MS + 70_000;
        let call = build::call(&mut scene.records, tid, FUTEX).at(now, ns);
        call.arg(word(tid)).arg(WAIT).arg(0).arg(LIMIT).arg(0).arg(u64::from(u32::MAX)).result(-110).end();
        now += ns;
        let unlocks = build::call(&mut scene.records, tid, FUTEX).at(now, 1_000);
        unlocks.arg(word(tid) - 80).arg(129).arg(1).arg(0).arg(0).arg(0).result(0).end();
        now += 2_000;
    }
    let call = build::call(&mut scene.records, tid, FUTEX).at(now, 0).enter();
    call.arg(word(tid)).arg(WAIT).arg(0).arg(LIMIT).arg(0).arg(u64::from(u32::MAX)).end();
}

/// The record of a TCP socket that listens ([`Listen`]).
fn listens(scene: &mut Scene, tid: u32) {
    let fixed = [size_of::<Listen>() as u8, 0, Kind::Listen as u8, 0];
    let numbers = [&tid.to_ne_bytes()[..], &scene.now.to_ne_bytes(), &700_u32.to_ne_bytes()].concat();
    scene.records.extend([&fixed[..], &numbers, &[0; 16], &8080_u16.to_ne_bytes(), &[0; 6]].concat());
}

fn answer(mut scene: Scene) -> String {
    scene.later(60 * S);
    scene.answer()
}

/// The main thread waits for a latch, and so does a thread of a pool.
fn latch() -> Scene {
    let mut scene = jvm();
    wait(&mut scene, 701, WAIT, 0, 0);
    starts(&mut scene, 702, "pool-1-thread-1");
    wait(&mut scene, 702, WAIT, 0, 0);
    scene
}

#[test]
fn a_program_all_of_whose_threads_wait_is_told_beside_the_threads_of_its_jvm() {
    let mut scene = latch();
    scene.later(60 * S);
    let why = scene.why();
    let told = "It is running; but no thread of process 700 (java) besides the JVM's own can wake another: both wait \
                for threads of their process for 1m01s, without a time limit (futex).";
    assert_eq!(why.answer, told);
    assert!(why.findings[0].reasons.iter().any(|reason| reason.contains("pool")), "{:?}", why.findings);
}

#[test]
fn threads_that_wait_to_enter_monitors_are_named() {
    let limits = [1, 8, 64, 512, 1000, 1000];
    let mut scene = jvm();
    wait(&mut scene, 701, WAIT, 0, 0);
    for (tid, name) in [(702, "settle-1"), (703, "settle-2")] {
        starts(&mut scene, tid, name);
        waits(&mut scene, tid, &limits);
    }
    let told = "It is running; but no thread of process 700 (java) besides the JVM's own can wake another: all 3 wait \
                for each other for 1m00s, without a time limit (futex), threads 702 (settle-1) and 703 (settle-2) to \
                enter a monitor (synchronized).";
    assert_eq!(answer(scene), told);
    // Another limit, a call between, or a limit that does not grow: that of `Object.wait`, or of a queue.
    for limits in [&[1, 8, 64, 512][..3], &[1, 8, 64, 1000, 1000], &[1000, 1000, 1000], &[1, 8, 64, 512, 1000, 64]] {
        let mut scene = jvm();
        wait(&mut scene, 701, WAIT, 0, 0);
        starts(&mut scene, 702, "settle-1");
        waits(&mut scene, 702, limits);
        assert_eq!(answer(scene), NOTHING, "{limits:?}");
    }
}

#[test]
fn the_client_of_http_owns_no_monitor_but_may_wake_who_waits_for_an_answer() {
    let answer_of = |is_main_entering: bool| {
        let mut scene = jvm();
        match is_main_entering {
            true => waits(&mut scene, 701, &[1, 8, 64, 512, 1000]),
            false => wait(&mut scene, 701, WAIT, 0, 0),
        }
        starts(&mut scene, 702, "Thread-0");
        waits(&mut scene, 702, &[1, 8, 64, 512, 1000]);
        starts(&mut scene, 703, "HttpClient-1-Se");
        let call = build::call(&mut scene.records, 703, 232).at(scene.now, 0).enter();
        call.arg(6).arg(0x7000).arg(1024).arg(3000).end();
        answer(scene)
    };
    let told = "It is running; but no thread of process 700 (java) besides the JVM's own and those of its client of \
                HTTP can wake another: both wait for each other for 1m00s, without a time limit (futex), threads 701 \
                (java) and 702 (Thread-0) to enter a monitor (synchronized).";
    assert_eq!(answer_of(true), told);
    assert_eq!(answer_of(false), NOTHING);
}

#[test]
fn a_jvm_that_has_a_thread_which_may_go_on_is_not_stuck() {
    // A limit of time; accept, epoll_wait, read, waitid; no call that is known.
    type Does = dyn Fn(&mut Scene);
    let limit: &Does = &|scene| wait(scene, 703, WAIT, 0, LIMIT);
    let awake: &Does = &|scene| scene.call(703, 39).result(1).end();
    let enters = |nr: u16| {
        move |scene: &mut Scene| {
            build::call(&mut scene.records, 703, nr).at(scene.now, 0).enter().arg(4).arg(0x7000).arg(64).arg(0).end();
        }
    };
    for does in [limit, awake, &enters(43), &enters(232), &enters(0), &enters(247)] {
        let mut scene = latch();
        starts(&mut scene, 703, "app");
        does(&mut scene);
        let answer = answer(scene);
        assert!(!answer.contains("can wake"), "{answer}");
    }
}

#[test]
fn a_jvm_that_works_a_server_and_a_main_thread_that_waits_are_not_stuck() {
    // It compiles, or collects.
    let mut scene = latch();
    starts(&mut scene, 760, "GC Thread#1");
    scene.call(760, 39).result(1).end();
    assert!(!answer(scene).contains("can wake"));
    let mut scene = latch();
    listens(&mut scene, 701);
    assert_eq!(answer(scene), NOTHING);
    let mut scene = jvm();
    wait(&mut scene, 701, WAIT, 0, 0);
    assert_eq!(answer(scene), NOTHING);
    // A cleaner of the JDK looks again each minute; another's may do so soon.
    for (ns, is_told) in [(20 * S, true), (2 * S, false)] {
        let mut scene = latch();
        starts(&mut scene, 703, "Cleaner-0");
        scene.later(40 * S);
        wait(&mut scene, 703, WAIT, 0, LIMIT);
        scene.later(ns);
        assert_eq!(scene.answer().contains("can wake"), is_told);
    }
    // By their names no JVM.
    let mut scene = latch();
    starts(&mut scene, 750, "worker");
    assert_eq!(answer(scene), NOTHING);
}
