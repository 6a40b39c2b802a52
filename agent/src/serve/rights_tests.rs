use super::*;
use rewind_recording::api::Listed;
use rewind_recording::crash::{Crash, Unreadable};
use rewind_recording::header::Header;

fn rights(action: Action, target: Target) -> Rights {
    Rights::Request(Box::new(Grant {
        request: RequestName { namespace: "shop".to_owned(), name: "r1".to_owned() },
        uid: "r-uid".to_owned(),
        secret_hash: String::new(),
        action,
        target,
        user: "anna".to_owned(),
        expires: Timestamp::MAX,
    }))
}

fn target(uid: Option<&str>, container: Option<&str>) -> Target {
    let own = |text: Option<&str>| text.map(str::to_owned);
    Target { pod: uid.map(|_| "web".to_owned()), pod_uid: own(uid), container: own(container) }
}

fn container(name: &str, pod_uid: &str) -> Container {
    Container { name: name.into(), pod_uid: pod_uid.into(), ..Container::default() }
}

/// Containers of a node: two of the pod that is meant, one of the pod that had its name before, one of another pod
/// beside it, a pod of the same name and container in another namespace, one without a name, and no pod's.
fn all() -> Vec<Container> {
    vec![
        container("shop/web/app", "u1"),
        container("shop/web/proxy", "u1"),
        container("shop/web/app", "u0"),
        container("shop/db/app", "u2"),
        container("bank/web/app", "u3"),
        container("", "u1"),
        container("web", ""),
    ]
}

fn seen(rights: &Rights) -> Vec<String> {
    let seen = all().into_iter().filter(|container| rights.cover(container));
    seen.map(|container| format!("{} {}", container.name, container.pod_uid)).collect()
}

#[test]
fn the_host_sees_all_and_a_request_what_it_is_for() {
    assert_eq!(seen(&Rights::All).len(), all().len());
    let of = |uid, container| seen(&rights(Action::Read, target(uid, container)));
    assert_eq!(of(Some("u1"), None), ["shop/web/app u1", "shop/web/proxy u1"]);
    assert_eq!(of(Some("u1"), Some("app")), ["shop/web/app u1"]);
    assert_eq!(of(None, None), ["shop/web/app u1", "shop/web/proxy u1", "shop/web/app u0", "shop/db/app u2"]);
    assert_eq!(of(None, Some("proxy")), ["shop/web/proxy u1"]);
}

#[test]
fn a_request_for_one_namespace_shows_nothing_of_another_though_it_names_its_pods_uid() {
    assert_eq!(seen(&rights(Action::Read, target(Some("u3"), None))), [""; 0]);
}

#[test]
fn a_request_for_a_pod_shows_nothing_of_one_that_had_or_has_got_its_name() {
    assert_eq!(seen(&rights(Action::Read, target(Some("u0"), None))), ["shop/web/app u0"]);
    let by_name = Target { pod: Some("web".to_owned()), ..Target::default() };
    assert_eq!(seen(&rights(Action::Read, by_name)), [""; 0]);
}

#[test]
fn an_action_decides_what_may_be_asked() {
    let endpoints = [
        Endpoint::Version,
        Endpoint::Recordings,
        Endpoint::Crashes,
        Endpoint::Recording(1),
        Endpoint::Crash(1),
        Endpoint::Trace(1),
        Endpoint::Payload(1),
        Endpoint::Node,
    ];
    let allowed = |rights: &Rights| endpoints.map(|endpoint| rights.allow(endpoint));
    let of = |action| allowed(&rights(action, Target::default()));
    assert_eq!(of(Action::List), [true, true, true, false, false, false, false, false]);
    assert_eq!(of(Action::Read), [true, true, true, true, true, false, false, false]);
    assert_eq!(of(Action::Trace), [true, true, true, true, true, true, false, false]);
    assert_eq!(of(Action::Payload), [true, true, true, false, false, false, true, false]);
    assert_eq!(of(Action::Node), [true, true, true, false, false, false, false, true]);
    assert_eq!(allowed(&Rights::All), [true; 8]);
}

#[test]
fn lists_show_what_is_covered_alone() {
    let listed = |container| Listed { container, ..Listed::default() };
    let list = List { recordings: all().into_iter().map(listed).collect(), refused: all(), ..List::default() };
    let crash = |container| Crash { header: Header { container, ..Header::default() }, ..Crash::default() };
    let crashes = Crashes {
        crashes: all().into_iter().map(crash).collect(),
        unreadable: vec![Unreadable::default()],
        ..Crashes::default()
    };
    let narrowed = |rights: Rights| {
        let (mut list, mut crashes) = (list.clone(), crashes.clone());
        rights.narrow_list(&mut list);
        rights.narrow_crashes(&mut crashes);
        [list.recordings.len(), list.refused.len(), crashes.crashes.len(), crashes.unreadable.len()]
    };
    assert_eq!(narrowed(rights(Action::List, target(Some("u1"), None))), [2, 2, 2, 0]);
    assert_eq!(narrowed(Rights::All), [7, 7, 7, 1]);
}
