//! Runs that fail by one cause, and by others.

use super::diagnosed;
use crate::scene::Scene;
use proptest::prelude::*;
use rewind_recording::event::sorted;
use rewind_recording::header::{Diagnosed, Pod};

fn of(scene: &Scene) -> Diagnosed {
    diagnosed(&scene.header(), &sorted(&scene.records))
}

fn missing(path: &str) -> Scene {
    let mut scene = Scene::of("app");
    scene.open(path, -2);
    scene.say(2, &format!("app: {path}: No such file or directory\n"));
    scene.exit(700, 1 << 8);
    scene
}

#[test]
fn a_cause_has_one_fingerprint_for_all_time() {
    let found = of(&missing("/etc/app.yaml"));
    assert_eq!(found.general.as_str(), "It exited with 1 after openat of /etc/app.yaml found no such file (ENOENT)");
    // Another one here means another sentence: the version is to be raised.
    assert_eq!(found.fingerprint.as_str(), "2-8c4cf0dbae628e02");
    assert_eq!(found.class.as_str(), "file");
    assert!(found.answer.as_str().starts_with("It exited with 1 after"), "{found:?}");
}

#[test]
fn a_pods_own_name_is_no_part_of_the_cause() {
    let on = |name: &str| {
        let scene = missing(&format!("/data/{name}/app.yaml"));
        let mut header = scene.header();
        header.container.pod = Some(Box::new(Pod { name: name.into(), ..Pod::default() }));
        diagnosed(&header, &sorted(&scene.records)).fingerprint
    };
    assert_eq!(on("web-alpha"), on("web-beta"));
}

#[test]
fn another_path_or_exit_is_another_cause() {
    let one = of(&missing("/etc/app.yaml")).fingerprint;
    assert_ne!(of(&missing("/etc/other.yaml")).fingerprint, one);
    let mut scene = Scene::of("app");
    scene.open("/etc/app.yaml", -2);
    scene.exit(700, 2 << 8);
    assert_ne!(of(&scene).fingerprint, one);
}

#[test]
fn how_often_it_was_tried_is_no_part_of_the_cause() {
    let tried = |times: u32, host: u8| {
        let mut scene = Scene::of("app");
        (0..times).for_each(|_| scene.connect([10, 0, 0, host], 5432, -111));
        scene.exit(700, 1 << 8);
        of(&scene)
    };
    assert_eq!(tried(1, 5), tried(1, 5));
    assert_eq!(tried(1, 5).fingerprint, tried(14, 9).fingerprint);
    assert!(tried(1, 5).general.as_str().contains("<ip>:5432"), "{:?}", tried(1, 5));
}

#[test]
fn where_no_cause_is_found_there_is_no_fingerprint() {
    let mut scene = Scene::of("app");
    scene.exit(700, 3 << 8);
    let found = of(&scene);
    assert_eq!((found.fingerprint.as_str(), found.general.as_str(), found.class.as_str()), ("", "", "exit"));
}

proptest! {
    #[test]
    fn pids_and_numbers_in_paths_do_not_matter(a in 1_u32..4_000_000, b in 1_u32..4_000_000) {
        let on = |number: u32| of(&missing(&format!("/srv/app-{number}/config"))).fingerprint;
        prop_assert_eq!(on(a), on(b));
    }
}
