//! Ends, grouped.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::cli::ListFormat;
use jiff::tz::TimeZone;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use rewind_recording::ending::Ending;
use rewind_recording::header::{Container, Diagnosed, Header};
use rewind_resources::recording::RecordingSpec;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Crash `number` of container `name`, ended at that second with 1.
fn file(number: u64, name: &str, diagnosed: Option<Diagnosed>) -> Crash {
    let header = Header {
        container: Container { id: format!("{name}-{number}").into(), name: name.into(), ..Container::default() },
        ending: Some(Ending { exit_code: Some(1), ..Ending::default() }),
        died_ns: Some(number * 1_000_000_000),
        diagnosed: diagnosed.map(Box::new),
        ..Header::default()
    };
    Crash { crash: number, header, ..Crash::default() }
}

fn by(fingerprint: &str, first_s: i64, times: u64) -> Option<Diagnosed> {
    Some(Diagnosed {
        fingerprint: fingerprint.into(),
        general: format!("general of {fingerprint}").as_str().into(),
        class: "file".into(),
        first_unix_ns: first_s * 1_000_000_000,
        times,
        ..Diagnosed::default()
    })
}

fn grouped(crashes: Vec<Crash>) -> Vec<Cause> {
    by_cause(of_files(&Crashes { crashes, ..Crashes::default() }))
}

#[test]
fn ends_by_one_cause_are_one_line_and_another_cause_is_another() {
    let causes = grouped(vec![
        file(10, "a", by("1-a", 10, 1)),
        file(20, "b", by("1-a", 20, 1)),
        file(30, "c", by("1-b", 30, 1)),
    ]);
    let told: Vec<_> = causes.iter().map(|of| (of.fingerprint.as_deref(), of.count, of.containers)).collect();
    assert_eq!(told, [(Some("1-b"), 1, 1), (Some("1-a"), 2, 2)]);
    let two = &causes[1];
    assert_eq!((two.first_seen, two.last_seen, two.newest.as_str()), (at(10), at(20), "@20"));
    assert_eq!(two.cause, "general of 1-a");
}

#[test]
fn a_crash_loop_counts_the_ends_whose_files_are_gone() {
    let causes = grouped(vec![
        file(100, "loop", by("1-a", 5, 40)),
        file(110, "loop", by("1-a", 5, 41)),
        file(120, "other", by("1-a", 120, 1)),
    ]);
    assert_eq!((causes[0].count, causes[0].containers, causes[0].first_seen), (42, 2, at(5)));
}

#[test]
fn where_no_cause_was_found_ends_alike_stand_together_and_it_is_said() {
    let none = Some(Diagnosed { class: "exit".into(), ..Diagnosed::default() });
    let causes = grouped(vec![file(1, "a", none.clone()), file(2, "b", none), file(3, "c", None)]);
    let told: Vec<_> = causes.iter().map(|of| (of.cause.as_str(), of.class.as_deref(), of.count)).collect();
    assert_eq!(told, [("no cause found: exited (1)", None, 1), ("no cause found: exited (1)", Some("exit"), 2)]);
    assert_eq!(
        footer(&causes),
        "3 ends of containers by 0 causes, 3 without a cause that was found, as far as is kept"
    );
}

#[test]
fn recordings_of_pods_are_grouped_over_namespaces() {
    let recording = |name: &str, namespace: &str, second| {
        let spec = RecordingSpec {
            pod_uid: name.into(),
            container: "app".into(),
            ending: "exited (1)".into(),
            ended: Some(Time(at(second))),
            fingerprint: Some("1-a".into()),
            general_cause: Some("It exited with 1".into()),
            ..RecordingSpec::default()
        };
        let mut made = Recording::new(name, spec);
        made.metadata.namespace = Some(namespace.to_owned());
        made
    };
    let all = [recording("web-a", "shop", 10), recording("web-b", "shop", 20), recording("web-c", "till", 30)];
    let causes = by_cause(of_recordings(&all));
    assert_eq!((causes.len(), causes[0].count, causes[0].newest.as_str()), (1, 3, "rec/web-c"));
    let mut out = Vec::new();
    write(&mut out, &causes, ListFormat::Wide, true, at(130)).unwrap();
    let text = String::from_utf8(out).unwrap();
    let row = text.lines().nth(1).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(row, "shop,till 3 3 2m ago 1m ago rec/web-c 1-a It exited with 1 -");
}

#[test]
fn json_has_the_same_for_programs() {
    let causes = grouped(vec![file(10, "a", by("1-a", 10, 1)), file(20, "b", None)]);
    let mut out = Vec::new();
    write(&mut out, &causes, ListFormat::Json, false, at(30)).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(told["causes"][0]["fingerprint"], serde_json::Value::Null);
    assert_eq!(
        (&told["causes"][1]["count"], &told["causes"][1]["first_seen"]),
        (&1.into(), &"1970-01-01T00:00:10Z".into())
    );
}

#[test]
fn a_cause_is_known_by_its_fingerprint() {
    let causes = grouped(vec![file(10, "a", by("1-a", 10, 1)), file(20, "b", None)]);
    assert_eq!(
        since(&causes[1], &TimeZone::UTC),
        "new: first seen Thu 1970-01-01 00:00, and only then as far as is kept"
    );
    let again = Cause { count: 42, containers: 40, ..causes[1].clone() };
    assert_eq!(since(&again, &TimeZone::UTC), "first seen Thu 1970-01-01 00:00, 41 times since, in 40 containers");
    assert!(known(&causes, &["1-a"]).is_some() && known(&causes, &["1-b"]).is_none() && known(&causes, &[]).is_none());
}
