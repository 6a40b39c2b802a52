//! What two runs were given, and what is said of that.

use crate::diff::{Diff, Kind, Side, diff};
use crate::scene::{S, Scene};
use proptest::prelude::*;
use rewind_recording::event::sorted;

/// Reads its configuration, and ends.
fn app(env_bytes: Option<u32>, status: u32) -> Scene {
    let mut scene = Scene::given("app", env_bytes);
    scene.open("/etc/app.yaml", 3);
    scene.exit(700, status);
    scene
}

fn compared(a: &Scene, b: &Scene) -> Diff {
    diff((&a.header(), &sorted(&a.records)), (&b.header(), &sorted(&b.records)))
}

fn told(a: Option<u32>, b: Option<u32>) -> Vec<(Kind, Side, String, [u64; 2])> {
    let told = compared(&app(a, 0), &app(b, 0));
    told.differences.into_iter().map(|found| (found.kind, found.side, found.text, found.counts)).collect()
}

fn larger(side: Side, bytes: [u64; 2]) -> (Kind, Side, String, [u64; 2]) {
    (Kind::Environment, side, "ran app with a far larger environment".to_owned(), bytes)
}

#[test]
fn a_far_larger_environment_is_told_with_both_sizes_and_is_the_answer_where_nothing_else_differs() {
    assert_eq!(told(Some(1_204), Some(96)), [larger(Side::A, [1_204, 96])]);
    assert_eq!(told(Some(0), Some(1_024)), [larger(Side::B, [0, 1_024])]);
    let told = compared(&app(Some(96), 0), &app(Some(1_204), 0));
    assert_eq!(told.answer, "This one ran app with a far larger environment: 1,204 bytes; the other run with 96.");
    assert!(told.differs && told.differences[0].sure && told.differences[0].ktime_ns.is_some());
}

#[test]
fn names_and_addresses_of_other_lengths_are_no_difference() {
    assert_eq!(told(Some(96), Some(1_119)), []);
    // Some of many Services have come.
    assert_eq!(told(Some(30_000), Some(38_000)), []);
    assert_eq!(told(Some(30_000), Some(40_000)), [larger(Side::B, [30_000, 40_000])]);
}

#[test]
fn an_environment_whose_size_was_not_recorded_is_not_an_empty_one() {
    for (a, b) in [(None, Some(100_000)), (Some(100_000), None), (None, None)] {
        assert_eq!(told(a, b), []);
    }
}

#[test]
fn what_a_program_hands_on_to_those_that_it_runs_is_told_once() {
    let run = |env_bytes: u32| {
        let mut scene = Scene::given("sh", Some(env_bytes));
        for (tgid, program) in [(701, "cat"), (702, "app")] {
            scene.child(tgid, 700, "sh");
            scene.exec_given(tgid, program, Some(env_bytes + 10));
            scene.exit(tgid, 0);
        }
        scene.exit(700, 0);
        scene
    };
    let told = compared(&run(200), &run(100_000));
    let texts: Vec<_> = told.differences.iter().map(|found| found.text.as_str()).collect();
    assert_eq!(texts, ["ran sh with a far larger environment"]);
}

#[test]
fn programs_that_only_one_ran_are_not_compared_in_this() {
    let mut more = app(Some(96), 0);
    more.child(701, 700, "sh");
    more.exec_given(701, "migrate", Some(100_000));
    let told = compared(&app(Some(96), 0), &more);
    assert!(told.differences.iter().all(|found| found.kind != Kind::Environment), "{:?}", told.differences);
}

#[test]
fn how_a_run_failed_comes_before_what_it_was_given() {
    let told = compared(&app(Some(96), 0), &app(Some(100_000), 2 << 8));
    let answer = "The other run exited with 0, this one exited with 2; they did the same as far as is held.";
    assert_eq!((told.answer.as_str(), told.differences.len()), (answer, 1));
    let mut bad = Scene::given("app", Some(100_000));
    bad.open("/etc/app.yaml", -13);
    bad.exit(700, 1 << 8);
    let told = compared(&app(Some(96), 0), &bad);
    assert_eq!(told.answer, "The other run opened /etc/app.yaml at this point; this one was denied (EACCES).");
    assert!(told.differences.iter().any(|found| found.kind == Kind::Environment));
}

#[test]
fn a_smaller_one_is_unsure_where_a_larger_may_be_overwritten() {
    let (a, b) = (app(Some(100_000), 0), app(Some(96), 0));
    let mut short = b.header();
    (short.coverage.calls_overwritten, short.coverage.decisive_from_ns) = (9, 11 * S);
    let told = diff((&a.header(), &sorted(&a.records)), (&short, &sorted(&b.records)));
    let of = told.differences.iter().find(|found| found.kind == Kind::Environment).map(|found| found.sure);
    assert_eq!((of, told.differs), (Some(false), false));
}

proptest! {
    #[test]
    fn two_runs_are_compared_alike_in_either_order(a: u32, b: u32) {
        let mut turned = told(Some(b), Some(a));
        for (_, side, _, counts) in &mut turned {
            *side = side.other();
            counts.reverse();
        }
        prop_assert_eq!(told(Some(a), Some(b)), turned);
    }
}
