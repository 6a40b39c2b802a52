#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

fn outcomes(records: &[u8]) -> Vec<(u32, Outcome)> {
    Timeline::new(records)
        .by_end()
        .filter_map(|event| match event.what {
            What::Call { outcome, .. } => Some((event.tid, outcome)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_call_is_joined_with_its_start() {
    let mut records = Vec::new();
    build::call(&mut records, 5, 59).at(100, 0).enter().string("/bin/sh").end();
    build::call(&mut records, 5, 59).at(100, 50).flags(flags::ENTERED).arg(0x7000).result(-2).end();
    let timeline = Timeline::new(&records);
    assert_eq!(timeline.len(), 1);
    let What::Call { call, enter, outcome } = timeline.event(0).unwrap().what else { unreachable!() };
    assert_eq!((call.result, outcome), (-2, Outcome::Returned));
    assert_eq!(enter.unwrap().blob(0, 0).unwrap().bytes, b"/bin/sh\0");
}

#[test]
fn a_start_without_its_call_is_in_flight() {
    let mut records = Vec::new();
    build::call(&mut records, 5, 39).at(10, 5).end();
    build::call(&mut records, 6, 39).at(900, 5).end();
    build::call(&mut records, 5, 0).at(100, 0).enter().arg(0).end();
    assert_eq!(outcomes(&records), [(5, Outcome::Returned), (6, Outcome::Returned), (5, Outcome::InFlight)]);
}

#[test]
fn a_start_whose_thread_went_on_has_lost_its_end() {
    let mut records = Vec::new();
    build::call(&mut records, 5, 0).at(100, 0).enter().arg(0).end();
    build::call(&mut records, 5, 39).at(200, 5).end();
    assert_eq!(outcomes(&records), [(5, Outcome::Lost), (5, Outcome::Returned)]);
}

#[test]
fn a_call_that_returned_while_the_ring_was_read_is_there_once() {
    let mut records = Vec::new();
    build::call(&mut records, 5, 0).at(100, 40).end();
    build::call(&mut records, 5, 0).at(100, 0).enter().arg(0).end();
    assert_eq!(outcomes(&records), [(5, Outcome::Returned)]);
}

#[test]
fn of_two_starts_of_one_call_the_fuller_one_is_kept() {
    let mut records = Vec::new();
    build::call(&mut records, 5, 42).at(100, 0).enter().arg(3).pointed(&[2, 0, 0, 80]).arg(16).end();
    build::call(&mut records, 5, 42).at(100, 0).enter().arg(3).arg(1).arg(16).end();
    let timeline = Timeline::new(&records);
    assert_eq!(timeline.len(), 1);
    let What::Call { call, .. } = timeline.event(0).unwrap().what else { unreachable!() };
    assert!(call.blob(1, 0).is_some());
}

#[test]
fn a_thread_is_who_it_was_when_the_call_ended() {
    let mut records = Vec::new();
    build::task(&mut records, 50, (5, 4), (2, 1), "before");
    build::task(&mut records, 150, (5, 4), (2, 1), "after");
    build::task(&mut records, 500, (6, 6), (3, 3), "late");
    let timeline = Timeline::new(&records);
    let name = |tid, at| timeline.task(tid, at).map(|task| task.comm[0]);
    assert_eq!(name(5, 100), Some(b'b'));
    assert_eq!(name(5, 150), Some(b'a'));
    assert_eq!(name(5, 10), Some(b'b'));
    assert_eq!(name(6, 10), Some(b'l'));
    assert_eq!(name(7, 10), None);
    assert_eq!(name(4, 900), None);
}

#[test]
fn the_newest_of_each_thread_is_handed_on() {
    let mut records = Vec::new();
    build::task(&mut records, 50, (5, 4), (2, 1), "before");
    build::task(&mut records, 150, (5, 4), (2, 1), "after");
    let tasks = Timeline::new(&records).into_tasks();
    assert_eq!(tasks.len(), 1);
    assert_eq!(Timeline::after(0, &[], tasks).task(5, 1000).unwrap().comm[0], b'a');
}

#[test]
fn what_cannot_be_read_ends_the_events_and_is_said() {
    let mut records = Vec::new();
    build::call(&mut records, 5, 39).at(10, 5).end();
    records.extend([3, 0, 1, 0, 0, 0, 0, 0]);
    let timeline = Timeline::new(&records);
    assert_eq!(timeline.len(), 1);
    assert!(timeline.malformed().is_some());
}

#[test]
fn durations_and_results_beyond_32_bits_survive() {
    let mut records = Vec::new();
    build::call(&mut records, 5, 9).at(10, 1 << 40).arg(1 << 50).arg(7).result(1 << 46).end();
    let What::Call { call, .. } = Timeline::new(&records).event(0).unwrap().what else { unreachable!() };
    assert_eq!((call.duration_ns, call.result), (1 << 40, 1 << 46));
    assert_eq!((call.value(0), call.value(1)), (Some(1 << 50), Some(7)));
}

#[derive(Clone, Debug)]
enum Fingerprint {
    Call(u32, u64, u64, bool),
    Enter(u32, u64),
    Task(u32, u64),
    Exit(u32, u64),
}

fn made() -> impl Strategy<Value = Fingerprint> {
    let (tid, time) = (1u32..5, 0u64..50);
    prop_oneof![
        (tid.clone(), time.clone(), 0u64..20, any::<bool>()).prop_map(|(t, a, d, e)| Fingerprint::Call(t, a, d, e)),
        (tid.clone(), time.clone()).prop_map(|(t, a)| Fingerprint::Enter(t, a)),
        (tid.clone(), time.clone()).prop_map(|(t, a)| Fingerprint::Task(t, a)),
        (tid, time).prop_map(|(t, a)| Fingerprint::Exit(t, a)),
    ]
}

proptest! {
    #[test]
    fn any_bytes_give_events(records in proptest::collection::vec(any::<u8>(), 0..600)) {
        let timeline = Timeline::new(&records);
        prop_assert!(timeline.by_end().count() <= timeline.len());
        prop_assert!(sorted(&records).len() <= records.len());
    }

    #[test]
    fn no_call_is_shown_twice_or_dropped(made in proptest::collection::vec(made(), 0..40)) {
        let mut records = Vec::new();
        for one in &made {
            match *one {
                Fingerprint::Call(tid, at, duration, entered) => {
                    let flags = if entered { flags::ENTERED } else { 0 };
                    build::call(&mut records, tid, 3).at(at, duration).flags(flags).end();
                }
                Fingerprint::Enter(tid, at) => build::call(&mut records, tid, 3).at(at, 0).enter().end(),
                Fingerprint::Task(tid, at) => build::task(&mut records, at, (tid, tid), (tid, tid), "x"),
                Fingerprint::Exit(tid, at) => build::exit(&mut records, at, (tid, tid), 0, true),
            }
        }
        let records = sorted(&records);
        let timeline = Timeline::new(&records);
        prop_assert_eq!(timeline.malformed(), None);
        let events: Vec<_> = timeline.by_end().collect();
        prop_assert_eq!(events.len(), timeline.len());
        let count = |wanted: fn(&Fingerprint) -> bool| made.iter().filter(|one| wanted(one)).count();
        let calls = |wanted: fn(Outcome) -> bool| events.iter().filter(|e| matches!(e.what, What::Call { outcome, .. } if wanted(outcome))).count();
        prop_assert_eq!(calls(|outcome| outcome == Outcome::Returned), count(|m| matches!(m, Fingerprint::Call(..))));
        prop_assert!(calls(|outcome| outcome != Outcome::Returned) <= count(|m| matches!(m, Fingerprint::Enter(..))));
        prop_assert!(events.windows(2).all(|pair| pair[0].end_ns <= pair[1].end_ns));
        prop_assert!(events.iter().all(|event| event.start_ns <= event.end_ns));
    }
}
