use super::*;
use rewind_recording::ending::Ending;
use rewind_recording::header::{Container, Host};

const WEB: PodContainer<'_> = PodContainer { namespace: "shop", pod: "web-1", uid: "u1", container: "app" };
const HELD: Held<'_> = Held { node: "node-a", crash: 7, max_age_s: 3600, url: "" };

fn header(id: &str) -> Header {
    let host = Host { unix_offset_ns: 1_795_000_000_000_000_000, ..Host::default() };
    let container = Container { id: id.into(), ..Container::default() };
    let ending = Some(Ending { exit_code: Some(1), ..Ending::default() });
    Header { container, host, ending, born_ns: 1_000_000_000, died_ns: Some(5_000_000_000), ..Header::default() }
}

fn said(answer: &str) -> Diagnosed {
    Diagnosed { answer: answer.into(), ..Diagnosed::default() }
}

fn named(of: PodContainer<'_>, id: &str) -> String {
    recording(of, &header(id), &said(""), HELD).metadata.name.unwrap()
}

#[test]
fn it_says_who_how_when_why_and_until_when() {
    let made = recording(WEB, &header("c1"), &said("exited with 1: /etc/app.yaml is not there"), HELD);
    let spec = &made.spec;
    assert_eq!(
        (spec.ending.as_str(), spec.cause.as_str()),
        ("exited (1)", "exited with 1: /etc/app.yaml is not there")
    );
    assert_eq!((spec.node.as_str(), spec.crash, spec.container_id.as_str()), ("node-a", Some(7), "c1"));
    let at = |second| Some(Time(Timestamp::from_second(second).unwrap()));
    assert_eq!((&spec.started, &spec.ended), (&at(1_795_000_001), &at(1_795_000_005)));
    assert_eq!(spec.expires, at(1_795_003_605));
    let labels = made.metadata.labels.unwrap();
    assert_eq!((labels[labels::POD_UID].as_str(), labels[labels::CONTAINER].as_str()), ("u1", "app"));
}

#[test]
fn a_run_has_one_name_whichever_agent_gives_it_and_another_run_has_another() {
    assert_eq!(named(WEB, "c1"), named(WEB, "c1"));
    assert_ne!(named(WEB, "c1"), named(WEB, "c2"));
    // Recreated under the same name, and the same container in another pod.
    assert_ne!(named(WEB, "c1"), named(PodContainer { uid: "u2", ..WEB }, "c1"));
    assert!(named(WEB, "c1").starts_with("web-1-app-"));
}

#[test]
fn names_and_labels_are_what_the_api_server_takes_however_long_the_pods_is() {
    let long = format!("{}.{}", "a".repeat(220), "b".repeat(32));
    let of = PodContainer { pod: &long, ..WEB };
    let made = recording(of, &header("c1"), &said(""), HELD);
    let name = made.metadata.name.unwrap();
    assert!(name.len() <= 253 && name.split('.').all(|part| !part.is_empty() && !part.ends_with('-')), "{name}");
    assert!(!made.metadata.labels.unwrap().contains_key(labels::POD));
}

#[test]
fn what_is_said_is_bounded_and_steers_no_terminal() {
    let cause = |cause: &str| recording(WEB, &header("c1"), &said(cause), HELD).spec.cause;
    assert_eq!(cause(&"\u{e4}".repeat(5000)).chars().count(), MAX_CAUSE_CHARS);
    assert!(cause(&"x".repeat(5000)).ends_with('\u{2026}'));
    assert!(!cause("a \u{1b}[2J b\nc").contains(['\u{1b}', '\n']));
}

#[test]
fn the_newest_stay() {
    let run = |number: i64| {
        let mut made = recording(WEB, &header(&number.to_string()), &said(""), HELD);
        made.metadata.name = Some(number.to_string());
        made.spec.ended = Some(Time(Timestamp::from_second(number).unwrap()));
        made
    };
    assert_eq!(too_many([5, 1, 9, 3].map(run).into(), 2), ["1", "3"]);
    assert_eq!(too_many([5, 1].map(run).into(), 2), [""; 0]);
}

#[test]
fn pods_are_told_of_bad_ends_alone() {
    let reasons = [Reason::ExitCode, Reason::Signal, Reason::Oom, Reason::UnknownEnd, Reason::Always, Reason::Child];
    assert_eq!(reasons.map(|reason| is_bad(Some(reason))), [true, true, true, true, false, false]);
    assert_eq!(reasons.map(|reason| is_end(Some(reason))), [true, true, true, true, true, false]);
}

#[test]
fn a_cause_that_was_found_stands_in_general_form_with_how_often_it_was() {
    let cause = Diagnosed {
        fingerprint: "1-4f2a".into(),
        general: "It exited with 1 after <n>".into(),
        class: "file".into(),
        first_unix_ns: 1_795_000_000_000_000_000,
        times: 3,
        ..Diagnosed::default()
    };
    let spec = recording(WEB, &header("c1"), &cause, HELD).spec;
    let texts = [spec.fingerprint, spec.general_cause, spec.cause_class].map(Option::unwrap_or_default);
    assert_eq!(texts, ["1-4f2a", "It exited with 1 after <n>", "file"]);
    assert_eq!((spec.first_seen.unwrap().0.as_second(), spec.times), (1_795_000_000, Some(3)));
    let spec = recording(WEB, &header("c1"), &said("exited with 3"), HELD).spec;
    assert_eq!((spec.fingerprint, spec.general_cause, spec.times), (None, None, None));
}
