//! Two scenes, and what is said of how they differ.

use super::{Diff, Kind, Side, diff};
use crate::scene::{S, Scene, denied};
use proptest::prelude::*;
use rewind_recording::event::{build, sorted};
use rewind_recording::header::Header;

const CONFIG: &str = "/etc/app/config.yaml";

fn compared(a: &Scene, b: &Scene) -> Diff {
    with_headers((a, a.header()), (b, b.header()))
}

fn with_headers((a, of_a): (&Scene, Header), (b, of_b): (&Scene, Header)) -> Diff {
    diff((&of_a, &sorted(&a.records)), (&of_b, &sorted(&b.records)))
}

/// Reads its configuration, if that is there, and speaks to its database.
fn app(config: i64) -> Scene {
    let mut scene = Scene::of("app");
    scene.open("/lib/libc.so.6", 3);
    scene.access("/etc/app/optional.conf", -2);
    scene.open(CONFIG, config);
    if config < 0 {
        scene.say(2, "no configuration\n");
        scene.exit(700, 1 << 8);
    } else {
        scene.open("/tmp/tmpabc12345", 4);
        scene.connect([10, 0, 0, 5], 5432, 0);
        scene.exit(700, 0);
    }
    scene
}

fn texts(diff: &Diff) -> Vec<(Kind, Side, &str)> {
    diff.differences.iter().map(|found| (found.kind, found.side, found.text.as_str())).collect()
}

#[test]
fn what_went_well_before_and_failed_now_is_the_answer() {
    let (good, bad) = (app(3), app(-2));
    let mut header = bad.header();
    header.born_ns += S;
    let told = with_headers((&good, good.header()), (&bad, header.clone()));
    let answer =
        "The run before this one opened /etc/app/config.yaml at this point; this one found no such file (ENOENT).";
    assert_eq!(told.answer, answer);
    assert_eq!((told.differs, told.failed), (true, Some(Side::B)));
    assert_eq!(
        texts(&told),
        [
            (Kind::Outcome, Side::B, "openat of /etc/app/config.yaml found no such file (ENOENT)"),
            (Kind::Peer, Side::A, "connected to 10.0.0.5:5432"),
            (Kind::Path, Side::A, "opened /tmp/<temp>"),
            (Kind::Calls, Side::B, "called write"),
        ]
    );
    assert!(told.differences.iter().all(|found| found.sure && !found.ordinary));
    let parting = told.parting.unwrap();
    assert_eq!(parting.after.as_deref(), Some("access of /etc/app/optional.conf found no such file (ENOENT)"));
    assert_eq!(parting.a.as_deref(), Some("openat of /etc/app/config.yaml"));
    assert_eq!(parting.b.as_deref(), Some("openat of /etc/app/config.yaml found no such file (ENOENT)"));
    // The failed one first: it is the same that failed.
    let turned = with_headers((&bad, header), (&good, good.header()));
    assert_eq!((turned.answer.as_str(), turned.failed), (answer, Some(Side::A)));
}

#[test]
fn a_later_run_and_another_container_are_called_so() {
    let (good, bad) = (app(3), app(-13));
    let mut after = good.header();
    after.born_ns += S;
    let told = with_headers((&bad, bad.header()), (&good, after));
    assert!(told.answer.starts_with("The run after this one opened"), "{}", told.answer);
    let mut elsewhere = good.header();
    elsewhere.container.id = "other".into();
    let told = with_headers((&good, elsewhere), (&bad, bad.header()));
    assert_eq!(told.answer, "The other run opened /etc/app/config.yaml at this point; this one was denied (EACCES).");
}

#[test]
fn two_runs_that_did_the_same_differ_in_nothing_though_numbers_and_names_do() {
    let run = |main: u32, temp: &str, inode: &str| {
        let mut scene = Scene::of("app");
        scene.later(u64::from(main) * S);
        scene.open(&format!("/tmp/{temp}/lock"), 3);
        scene.open(&format!("/proc/{main}/status"), 4);
        scene.open(&format!("/cache/{inode}.json"), -2);
        scene.connect([10, 0, 0, 5], 5432, 0);
        scene.exit(700, 0);
        scene
    };
    let told = compared(&run(1, "tmpabcdef_1", "0f6a1c2b3d4e"), &run(3, "tmpzyxwvu98", "aabb1c2b3d4e"));
    assert_eq!(texts(&told), []);
    assert!(!told.differs && told.parting.is_none());
    assert_eq!(told.answer, "The runs did the same: 0 calls are held, in 1.00s and 3.00s.");
}

#[test]
fn an_error_that_only_one_has_is_the_answer_where_nothing_went_well_at_the_same() {
    let mut bad = Scene::of("app");
    bad.connect([10, 0, 0, 9], 5432, -111);
    bad.exit(700, 1 << 8);
    let told = compared(&app(3), &bad);
    assert_eq!(told.answer, "In this one connect to 10.0.0.9:5432 was refused (ECONNREFUSED); not in the other run.");
}

#[test]
fn what_is_overwritten_makes_a_difference_unsure() {
    let (good, bad) = (app(3), app(3));
    let mut short = bad.header();
    short.coverage.calls_overwritten = 9;
    short.coverage.decisive_from_ns = 11 * S;
    let mut more = app(3);
    more.open("/etc/app/extra.yaml", 5);
    let told = with_headers((&more, more.header()), (&bad, short));
    assert_eq!(texts(&told), [(Kind::Path, Side::A, "opened /etc/app/extra.yaml")]);
    assert!(!told.differences[0].sure);
    assert!(!told.differs);
    assert!(
        told.answer.starts_with("The runs may have done the same: 1 thing that one alone shows"),
        "{}",
        told.answer
    );
    assert!(told.caveats.iter().any(|caveat| caveat.contains("not all of B is held")), "{:?}", told.caveats);
    assert!(compared(&more, &good).differences[0].sure);
}

#[test]
fn a_look_that_is_ordinary_is_none_where_the_other_run_had_what_it_looked_for() {
    let run = |result: i64| {
        let mut scene = Scene::of("node app.js");
        scene.access("/app/node_modules/lib.js", result);
        scene.access("/app/package.json", if result < 0 { 0 } else { -2 });
        scene.exit(700, if result < 0 { 1 << 8 } else { 0 });
        scene
    };
    let told = compared(&run(0), &run(-2));
    assert_eq!(
        told.answer,
        "The other run looked at /app/node_modules/lib.js at this point; this one found no such file (ENOENT)."
    );
    assert!(!told.differences[0].ordinary);
}

#[test]
fn what_the_first_process_did_before_it_ran_the_containers_program_is_the_runtimes() {
    let run = |setup: bool| {
        let mut scene = Scene { records: Vec::new(), now: 10 * S, main: 700 };
        build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "exe");
        if setup {
            scene.access("/etc/ld.so.preload", -2);
            scene.open("/proc/self/setgroups", -13);
        }
        scene.exec(700, "app");
        scene.open(CONFIG, 3);
        scene.exit(700, 0);
        scene
    };
    let told = compared(&run(false), &run(true));
    assert_eq!(texts(&told), []);
}

#[test]
fn a_process_of_the_runtime_is_none_of_the_containers_under_the_names_that_it_had_before() {
    let run = |setup: bool| {
        let mut scene = Scene::of("app");
        if setup {
            build::task(&mut scene.records, scene.now, (690, 690), (90, 90), "exe");
            scene.main = 690;
            scene.open("/opt/runc.bin", 6);
            scene.call(690, 3).arg(6).result(0).end();
            scene.exec(690, "runc init");
            build::task(&mut scene.records, scene.now, (690, 690), (90, 90), "runc:[0:PARENT]");
            scene.open("/proc/self/setgroups", 3);
            scene.main = 700;
        }
        scene.open(CONFIG, 3);
        scene.exit(700, 0);
        scene
    };
    assert_eq!(texts(&compared(&run(false), &run(true))), []);
}

#[test]
fn programs_their_ends_and_signals_are_told() {
    let mut bad = Scene::of("sh");
    bad.child(701, 700, "migrate --up 1718000000");
    bad.exit(701, 3 << 8);
    bad.signal(15, 0, [0, 0]);
    bad.exit(700, 0);
    let mut good = Scene::of("sh");
    good.child(801, 700, "migrate --up 1718999999");
    good.exit(801, 0);
    good.child(802, 700, "serve");
    good.exit(802, 0);
    good.exit(700, 0);
    assert_eq!(
        texts(&compared(&good, &bad)),
        [
            (Kind::Signal, Side::B, "sh got SIGTERM"),
            (Kind::End, Side::B, "migrate --up <n> exited with 3"),
            (Kind::Program, Side::A, "ran serve"),
        ]
    );
}

#[test]
fn many_paths_of_one_directory_are_one_difference_and_many_of_a_kind_are_counted() {
    let mut more = app(3);
    for file in ["a", "b", "c", "d", "e"] {
        more.open(&format!("/srv/data/{file}"), 5);
    }
    assert_eq!(texts(&compared(&more, &app(3))), [(Kind::Path, Side::A, "opened 5 files in /srv/data")]);
    let mut most = app(3);
    (0..20).for_each(|i| most.open(&format!("/srv/{i}/data"), 5));
    let told = compared(&most, &app(3));
    assert_eq!((told.differences.iter().filter(|found| found.kind == Kind::Path).count(), told.left_out), (12, 8));
}

#[test]
fn another_order_alone_is_no_difference() {
    let run = |files: [&str; 3]| {
        let mut scene = Scene::of("app");
        files.iter().for_each(|file| scene.open(file, 3));
        scene.exit(700, 0);
        scene
    };
    let told = compared(&run(["/a", "/b", "/c"]), &run(["/c", "/a", "/b"]));
    assert!(!told.differs && told.parting.is_none(), "{told:?}");
}

#[test]
fn a_run_of_any_length_is_compared_within_bounds() {
    let run = |turn: usize| {
        let mut scene = Scene::of("app");
        (0..6_000_usize).for_each(|i| scene.open(&format!("/srv/{}", i * turn % 997), 3));
        scene.exit(700, 0);
        scene
    };
    let told = compared(&run(1), &run(7));
    assert!(told.caveats.iter().any(|caveat| caveat.contains("was not compared")), "{:?}", told.caveats);
}

#[test]
fn runs_that_ended_otherwise_and_did_the_same_are_said_to() {
    let run = |status: u32| {
        let mut scene = Scene::of("app");
        scene.open(CONFIG, 3);
        scene.exit(700, status);
        scene
    };
    let told = compared(&run(0), &run(2 << 8));
    assert!(told.differs);
    assert_eq!(
        told.answer,
        "The other run exited with 0, this one exited with 2; they did the same as far as is held."
    );
}

proptest! {
    #[test]
    fn any_records_are_compared(bytes in proptest::collection::vec(any::<u8>(), 0..512), cut in 0_usize..600) {
        let scene = denied();
        let mut records = scene.records[..cut.min(scene.records.len())].to_vec();
        records.extend(bytes);
        let (header, whole) = (scene.header(), sorted(&scene.records));
        for (a, b) in [(&records, &whole), (&whole, &records), (&records, &records)] {
            prop_assert!(!diff((&header, a), (&header, b)).answer.is_empty());
        }
        prop_assert!(!diff((&header, &records), (&header, &records)).differs);
    }
}
