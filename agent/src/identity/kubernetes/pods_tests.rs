//! Late deletion against a model that forgets nothing.

use super::facts::{PodFacts, Run};
use super::pods::{KEPT_NS, MAX_GONE, MAX_RUNS, Pods, Wanted};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const MINUTE_NS: u64 = 60_000_000_000;

fn pod(number: u32, run: u32) -> PodFacts {
    let runs = vec![Run { id: id(number, run), container: "app".to_owned(), restart: run, ..Run::default() }];
    PodFacts { uid: uid(number), name: format!("p{number}"), runs, ..PodFacts::default() }
}

fn uid(number: u32) -> String {
    format!("u{number}")
}

fn id(number: u32, run: u32) -> String {
    format!("c{number}-{run}")
}

fn finds(pods: &Pods, number: u32, run: u32) -> bool {
    let (id, uid) = (id(number, run), uid(number));
    let found = pods.find(Wanted { id: &id, uid: &uid, container: "app" });
    found.is_some_and(|found| found.is_run && found.pod.restart == Some(run) && found.pod.uid == uid)
}

/// What may happen.
#[derive(Clone, Debug)]
enum Step {
    /// A pod is there, in a run of its container.
    Apply(u32, u32),
    Delete(u32),
    /// A list holds these.
    List(BTreeSet<u32>),
    /// The API went away in the midst of a list that held these.
    Torn(BTreeSet<u32>),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let some = || prop::collection::btree_set(0..12_u32, 0..12);
    prop_oneof![
        6 => (0..12_u32, 0..5_u32).prop_map(|(number, run)| Step::Apply(number, run)),
        3 => (0..12_u32).prop_map(Step::Delete),
        1 => some().prop_map(Step::List),
        1 => some().prop_map(Step::Torn),
        2 => (0..7_u64).prop_map(Step::Wait),
    ]
}

/// When a pod was last there (`None`: it is), and the runs that were seen of it.
#[derive(Default)]
struct Life {
    gone_ns: Option<u64>,
    runs: BTreeSet<u32>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_run_is_forgotten_before_its_time_and_none_is_kept_for_ever(steps in prop::collection::vec(step(), 1..80)) {
        let (pods, mut now_ns) = (Pods::default(), 1);
        let mut lives: BTreeMap<u32, Life> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Apply(number, run) => {
                    pods.apply(pod(number, run), now_ns);
                    let life = lives.entry(number).or_default();
                    (life.gone_ns, _) = (None, life.runs.insert(run));
                }
                Step::Delete(number) => {
                    pods.delete(PodFacts { runs: Vec::new(), ..pod(number, 0) }, now_ns);
                    lives.entry(number).or_default().gone_ns = Some(now_ns);
                }
                Step::List(there) => {
                    pods.begin_list();
                    for number in &there {
                        pods.apply(pod(*number, 0), now_ns);
                        let life = lives.entry(*number).or_default();
                        (life.gone_ns, _) = (None, life.runs.insert(0));
                    }
                    pods.end_list(now_ns);
                    let missing = lives.iter_mut().filter(|(number, _)| !there.contains(number));
                    missing.for_each(|(_, life)| life.gone_ns = life.gone_ns.or(Some(now_ns)));
                }
                Step::Torn(some) => {
                    pods.begin_list();
                    for number in &some {
                        pods.apply(pod(*number, 0), now_ns);
                        let life = lives.entry(*number).or_default();
                        (life.gone_ns, _) = (None, life.runs.insert(0));
                    }
                }
                Step::Wait(minutes) => now_ns += minutes * MINUTE_NS,
            }
            lives.retain(|_, life| life.gone_ns.is_none_or(|gone_ns| now_ns - gone_ns < KEPT_NS));
            for (number, life) in &lives {
                for run in &life.runs {
                    prop_assert!(finds(&pods, *number, *run), "run {run} of {number} is forgotten");
                }
            }
            prop_assert!(pods.len() <= 12);
        }
        // An empty list, and time: nothing stays.
        pods.begin_list();
        pods.end_list(now_ns);
        pods.begin_list();
        pods.end_list(now_ns + KEPT_NS);
        prop_assert_eq!(pods.len(), 0);
        prop_assert!((0..12).all(|number| (0..5).all(|run| !finds(&pods, number, run))));
    }
}

#[test]
fn of_many_that_go_at_once_the_last_are_kept_and_the_living_always() {
    let pods = Pods::default();
    pods.apply(pod(0, 0), 1);
    let many = u32::try_from(MAX_GONE).unwrap() + 50;
    for number in 1..=many {
        pods.apply(pod(number, 0), 1);
        pods.delete(pod(number, 0), 1);
    }
    assert!(finds(&pods, 0, 0) && finds(&pods, many, 0) && !finds(&pods, 1, 0));
    assert_eq!(pods.len(), MAX_GONE + 1);
}

#[test]
fn a_crash_loop_costs_a_bounded_number_of_runs_the_newest() {
    let pods = Pods::default();
    let many = u32::try_from(MAX_RUNS).unwrap() + 10;
    for run in 0..=many {
        pods.apply(pod(1, run), 1);
    }
    assert!(finds(&pods, 1, many) && finds(&pods, 1, 11) && !finds(&pods, 1, 10));
}

#[test]
fn a_list_that_is_torn_off_forgets_nobody() {
    let pods = Pods::default();
    pods.apply(pod(1, 0), 1);
    pods.begin_list();
    pods.apply(pod(2, 0), 2);
    pods.begin_list();
    pods.apply(pod(1, 0), 3);
    pods.end_list(KEPT_NS);
    assert!(finds(&pods, 1, 0) && finds(&pods, 2, 0), "the second went now, not when it was seen");
}
