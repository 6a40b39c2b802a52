//! What is learned of healthy runs, and what is not.

use super::*;
use crate::scene::{S, Scene};
use crate::{Diagnosis, diagnose};
use proptest::prelude::*;
use rewind_recording::event::sorted;
use rewind_recording::header::Pod;
use rewind_recording::render::Options;

const PROBE: &str = "/opt/app/feature.flags";
const NONE: &str = "It exited with 1; nothing unusual found before that.";

/// A run that looks for a file, does its work, and ends so.
fn run(then: impl Fn(&mut Scene), status: u32) -> Scene {
    let mut scene = Scene::of("app --serve");
    scene.open(PROBE, -13);
    then(&mut scene);
    scene.exit(700, status << 8);
    scene
}

fn learned(scenes: &[Scene]) -> Memory {
    let mut memory = Memory::default();
    for scene in scenes {
        let run = ended_well(&scene.header(), &sorted(&scene.records));
        memory.learn(&run.expect("it ended well"), 7);
    }
    memory
}

fn why(memory: &Memory, scene: &Scene) -> Diagnosis {
    let records = sorted(&scene.records);
    let mut header = scene.header();
    header.healthy = known(memory, &header, &records);
    diagnose(&header, &records, &Options::default())
}

fn three(then: impl Fn(&mut Scene)) -> Memory {
    learned(&[run(&then, 0), run(&then, 0), run(&then, 0)])
}

#[test]
fn what_healthy_runs_had_too_is_no_cause_and_that_is_said() {
    let failed = run(|_| (), 1);
    assert!(failed.answer().contains("feature.flags was denied"), "{}", failed.answer());
    let why = why(&three(|_| ()), &failed);
    assert_eq!(why.answer, NONE);
    let said: Vec<_> = why.failed.iter().map(|failed| failed.healthy.as_deref()).collect();
    assert_eq!(said, [Some("also in 3 runs that ended well")]);
}

#[test]
fn the_failure_before_it_that_healthy_runs_did_not_have_is_the_cause() {
    let mut scene = Scene::of("app --serve");
    scene.open("/etc/app/settings", -2);
    scene.open(PROBE, -13);
    scene.exit(700, 1 << 8);
    assert!(scene.answer().contains("feature.flags"), "{}", scene.answer());
    let answer = why(&three(|_| ()), &scene).answer;
    assert!(answer.contains("/etc/app/settings found no such file"), "{answer}");
}

#[test]
fn what_the_program_names_this_time_is_the_cause_all_the_same() {
    let failed = run(|scene| scene.say(2, "cannot read /opt/app/feature.flags: Permission denied\n"), 1);
    let answer = why(&three(|_| ()), &failed).answer;
    assert!(answer.contains("feature.flags was denied (EACCES), also in 3 runs that ended well"), "{answer}");
    // That it tells of such an error may be another's.
    let failed = run(|scene| scene.say(2, "fatal: Permission denied\n"), 1);
    assert!(!why(&three(|_| ()), &failed).answer.contains("feature.flags"));
}

#[test]
fn one_run_proves_nothing_and_neither_do_a_few_of_many() {
    let failed = run(|_| (), 1);
    let one = learned(&[run(|_| (), 0)]);
    assert!(why(&one, &failed).answer.contains("feature.flags"));
    let without = |_| {
        let mut scene = Scene::of("app --serve");
        scene.exit(700, 0);
        scene
    };
    let mut few = learned(&(0..4).map(without).collect::<Vec<_>>());
    few.merge(three(|_| ()));
    assert!(why(&few, &failed).answer.contains("feature.flags"));
}

#[test]
fn what_a_healthy_run_complained_of_is_not_learned() {
    for said in ["warning: no feature.flags, using defaults\n", "open: Permission denied\n"] {
        let memory = three(|scene| scene.say(2, said));
        assert!(why(&memory, &run(|_| (), 1)).answer.contains("feature.flags"), "{said}");
    }
    let memory = three(|scene| scene.say(2, "ready\n"));
    assert_eq!(why(&memory, &run(|_| (), 1)).answer, NONE);
}

#[test]
fn what_was_found_elsewhere_or_failed_a_child_is_not_learned() {
    let found = three(|scene| scene.open("/opt/app/feature.flags", 3));
    assert!(why(&found, &run(|_| (), 1)).answer.contains("feature.flags"));
    let of_child = |status: u32| {
        let mut scene = Scene::of("sh -c app");
        scene.child(701, 700, "app --serve");
        scene.main = 701;
        scene.open(PROBE, -13);
        scene.exit(701, status << 8);
        scene.exit(700, 0);
        scene
    };
    let failed = run(|_| (), 1);
    assert!(why(&learned(&[of_child(1), of_child(1)]), &failed).answer.contains("feature.flags"));
    assert_eq!(why(&learned(&[of_child(0), of_child(0)]), &failed).answer, NONE);
}

#[test]
fn a_peer_that_is_tried_until_the_program_gives_up_is_the_cause() {
    let tries = |times: u32, status: u32| {
        let mut scene = Scene::of("app --serve");
        for _ in 0..times {
            scene.connect([10, 0, 0, 5], 8125, -111);
            scene.later(S);
        }
        scene.exit(700, status << 8);
        scene
    };
    let memory = learned(&[tries(1, 0), tries(1, 0), tries(1, 0)]);
    assert_eq!(why(&memory, &tries(1, 1)).answer, NONE);
    let answer = why(&memory, &tries(14, 1)).answer;
    assert!(answer.contains("10.0.0.5:8125 was refused (ECONNREFUSED), 14 times in 13.0s."), "{answer}");
}

#[test]
fn a_path_that_is_another_each_time_and_what_ran_out_are_not_learned() {
    let failing = |status: u32| {
        let mut scene = Scene::of("app --serve");
        scene.open("/data/0f6a1c2b3d4e5f60", -13);
        scene.call(700, 9).arg(0).result(-12).end();
        scene.exit(700, status << 8);
        scene
    };
    let run = ended_well(&failing(0).header(), &sorted(&failing(0).records)).expect("it ended well");
    assert_eq!((run.programs, run.failures.len()), (vec!["app".to_owned()], 0));
}

#[test]
fn what_a_program_does_in_most_of_several_workloads_is_no_cause_in_another() {
    let mut memory = Memory::default();
    let learn = |memory: &mut Memory, name: &str, scene: &Scene| {
        let mut header = scene.header();
        header.container.id = name.into();
        memory.learn(&ended_well(&header, &sorted(&scene.records)).expect("it ended well"), 7);
    };
    let failed = run(|_| (), 1);
    for (name, is_known) in [("a", false), ("b", false), ("c", true)] {
        learn(&mut memory, name, &run(|_| (), 0));
        assert_eq!(why(&memory, &failed).answer == NONE, is_known, "{name}");
    }
    let said = why(&memory, &failed).failed[0].healthy.clone();
    assert_eq!(said.as_deref(), Some("also in 3 workloads of the same program that ended well"));
    // Its own healthy runs know better.
    let mut without = Scene::of("app --serve");
    without.exit(700, 0);
    learn(&mut memory, "web", &without);
    learn(&mut memory, "web", &without);
    assert!(why(&memory, &failed).answer.contains("feature.flags"));
}

/// Of a pod of a namespace.
fn header_in(scene: &Scene, namespace: &str, name: &str) -> Header {
    let mut header = scene.header();
    let pod = Pod { namespace: namespace.into(), container: name.into(), image: "app:1".into(), ..Pod::default() };
    (header.container.pod_uid, header.container.pod) = (name.into(), Some(Box::new(pod)));
    header
}

#[test]
fn another_namespace_counts_as_one_workload_whatever_it_runs() {
    let (mut memory, well) = (Memory::default(), run(|_| (), 0));
    let learn = |memory: &mut Memory, namespace: &str, name: &str| {
        let header = header_in(&well, namespace, name);
        memory.learn(&ended_well(&header, &sorted(&well.records)).expect("it ended well"), 7);
    };
    let failed = run(|_| (), 1);
    let known = |memory: &Memory| {
        let mut header = header_in(&failed, "shop", "web");
        header.healthy = known(memory, &header, &sorted(&failed.records));
        let why = diagnose(&header, &sorted(&failed.records), &Options::default());
        (why.answer == NONE, why.failed[0].healthy.clone())
    };
    for workload in 0..20 {
        learn(&mut memory, "other", &format!("made-up-{workload}"));
    }
    assert_eq!(known(&memory), (false, None));
    learn(&mut memory, "third", "app");
    assert_eq!(known(&memory), (false, None));
    learn(&mut memory, "shop", "worker");
    let said = "also in 3 workloads of the same program that ended well";
    assert_eq!(known(&memory), (true, Some(said.to_owned())));
}

#[test]
fn a_pod_of_which_the_namespace_is_not_known_teaches_nothing() {
    let well = run(|_| (), 0);
    let header = header_in(&well, "", "web");
    assert_eq!(ended_well(&header, &sorted(&well.records)), None);
}

#[test]
fn the_namespace_that_takes_most_of_the_memory_makes_room() {
    let mut memory = Memory::default();
    memory.learn(&large(1, 1, 100), 0);
    for number in 0..2_000 {
        let other = Workload { namespace: "other".into(), number };
        memory.learn(&HealthyRun { workload: other, ..large(number, 1, 100) }, number);
    }
    assert!(memory.bytes() <= MAX_BYTES && memory.programs() > 100);
    assert_eq!(memory.runs_of(&large(1, 1, 0)), 1, "the oldest, and still there");
}

#[test]
fn one_workload_cannot_say_how_often_all_may_fail() {
    let mut memory = Memory::default();
    let mut run = large(1, 1, 1);
    for (number, times) in [(1, 1), (2, 2), (3, 1_000_000)] {
        run.workload.number = number;
        run.failures.values_mut().for_each(|had| *had = times);
        memory.learn(&run, 0);
    }
    let known = memory.known(&large(9, 1, 1));
    let told = known.iter().map(|known| (known.runs, known.of, known.times)).collect::<Vec<_>>();
    assert_eq!(told, [(3, 3, 2)]);
}

#[test]
fn a_failure_that_this_very_run_had_survived_again_and_again_is_no_cause() {
    let often = |with_work: bool| {
        let mut scene = Scene::of("app");
        for _ in 0..6 {
            scene.open("/etc/app/optional", -2);
            if with_work {
                scene.open("/srv/work", 3);
            }
            scene.later(4 * S);
        }
        scene.open("/etc/app/optional", -2);
        scene.exit(700, 1 << 8);
        scene.answer()
    };
    assert_eq!(often(true), NONE);
    assert!(often(false).contains("/etc/app/optional found no such file (ENOENT), 7 times"), "{}", often(false));
}

#[test]
fn what_is_kept_reads_back() {
    let memory = three(|_| ());
    assert_eq!(Memory::parse(&memory.to_bytes().expect("bytes")).expect("parsed"), memory);
    let other = br#"{"version": 9, "programs": []}"#;
    assert!(matches!(Memory::parse(other), Err(ParseError::Version(9))));
}

/// A run of which each program has so many failures.
fn large(number: u64, programs: u32, failures: u32) -> HealthyRun {
    let workload = Workload { namespace: "shop".into(), number };
    let names: Vec<_> = (0..programs).map(|number| format!("program-{number}")).collect();
    let failed = |program: &String, number| Failed {
        program: program.clone(),
        call: "openat".to_owned(),
        errno: 2,
        subject: format!("/usr/lib/python3/dist-packages/module-{number}/__init__.abi3.so"),
    };
    let each = names.iter().flat_map(|name| (0..failures).map(move |number| (failed(name, number), 1)));
    HealthyRun { workload, failures: each.collect(), programs: names }
}

#[test]
fn two_hundred_programs_with_a_hundred_failures_fit_and_what_does_not_goes_by_age() {
    let mut memory = Memory::default();
    for program in 0..200 {
        memory.learn(&large(program, 1, 100), program);
    }
    let kept = memory.to_bytes().expect("bytes");
    println!("200 programs: {} bytes, {} as kept", memory.bytes(), kept.len());
    assert_eq!(memory.programs(), 200);
    for program in 200..2_000 {
        memory.learn(&large(program, 1, 200), program);
    }
    assert!(memory.bytes() <= MAX_BYTES && memory.programs() < 600, "{}", memory.bytes());
    assert_eq!(memory.runs_of(&large(3, 1, 0)), 0);
    assert_eq!(memory.runs_of(&large(1_999, 1, 0)), 1);
}

#[test]
fn many_runs_weigh_less_than_later_ones() {
    let mut memory = Memory::default();
    for second in 0..1_000 {
        memory.learn(&large(1, 1, 3), second);
    }
    assert!(memory.runs_of(&large(1, 1, 0)) <= 64);
    for second in 0..64 {
        memory.learn(&large(1, 1, 0), second);
    }
    let known = memory.known(&large(1, 1, 3));
    assert!(known.iter().all(|known| Learned::of(known).is_none()), "{known:?}");
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = Memory::parse(&bytes);
    }

    #[test]
    fn what_is_kept_and_cut_or_changed_is_refused_or_within_bounds(at in any::<prop::sample::Index>(), byte: u8) {
        let mut memory = Memory::default();
        memory.learn(&large(5, 3, 8), 1);
        let mut kept = memory.to_bytes().expect("bytes");
        prop_assert!(Memory::parse(&kept[..at.index(kept.len())]).is_err());
        let at = at.index(kept.len());
        kept[at] = byte;
        if let Ok(parsed) = Memory::parse(&kept) {
            prop_assert!(parsed.bytes() <= MAX_BYTES);
        }
    }
}
