use super::*;
use crate::export::{Endpoint, Group, Setting, Variables};
use std::time::Duration;

#[test]
fn the_example_is_understood_and_says_what_holds_by_default() {
    let example: String = include_str!("config.rs")
        .lines()
        .skip_while(|line| !line.contains("```yaml"))
        .skip(1)
        .take_while(|line| !line.contains("```"))
        .map(|line| format!("{}\n", line.trim_start_matches("//!").strip_prefix(' ').unwrap_or_default()))
        .collect();
    let settings = Settings::parse(&example).unwrap();
    let changed = Settings {
        exclude: vec!["kube-system".to_owned()],
        redact: vec!["token=(\\w+)".to_owned()],
        budget_bytes: Some(64 << 20),
        ring_bytes: Some(1 << 20),
        protocols: Some(vec![Protocol::Http, Protocol::Dns]),
        when: Some(When::Failed),
        on_child: Some(false),
        export: export::Settings {
            variables: Variables(
                [
                    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel-collector:4318"),
                    ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
                    ("OTEL_TRACES_EXPORTER", "none"),
                ]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            ),
            prometheus: Some(Endpoint::new(([127, 0, 0, 1], 9464).into(), None).unwrap()),
            ..export::Settings::default()
        },
        ..Settings::default()
    };
    assert_eq!(settings, changed);
}

#[test]
fn an_empty_file_changes_nothing() {
    for text in ["", "{}", "\n\n", "# nothing yet\n", "---\n", "record:\n"] {
        assert_eq!(Settings::parse(text), Ok(Settings::default()), "{text:?}");
    }
}

#[test]
fn a_value_that_is_not_understood_is_refused_by_its_name() {
    for (text, name) in [
        ("recordings: true", "`recordings`"),
        ("record: {namespace: {}}", "`record.namespace`"),
        ("record: {namespaces: {include: shop}}", "`record.namespaces.include`"),
        ("record: {namespaces: {exclude: [1]}}", "`record.namespaces.exclude`"),
        ("record: {pods: some}", "`record.pods`"),
        ("record: 7", "`record`"),
        ("memory: {budget: much}", "`memory.budget`"),
        ("memory: {ring: [1]}", "`memory.ring`"),
        ("protocols: [gopher]", "`protocols`"),
        ("protocols: http", "`protocols`"),
        ("crashes: {when: sometimes}", "`crashes.when`"),
        ("crashes: {onChild: maybe}", "`crashes.onChild`"),
        ("redact: ['(']", "`redact`"),
        ("publish: {events: 2}", "`publish.events`"),
        ("payload: {byAnnotation: [true]}", "`payload.byAnnotation`"),
        ("export: {url: a}", "`export.url`"),
        ("export: {logs: {headers: {a: b}}}", "`export.logs.headers`"),
        ("export: {requestSpans: some}", "`export.requestSpans`"),
        ("export: {hostMetrics: true}", "`export.hostMetrics`"),
        ("export: {hostMetrics: {enabled: some}}", "`export.hostMetrics.enabled`"),
        ("export: {hostMetrics: {interval: 0s}}", "`export.hostMetrics.interval`"),
        ("export: {hostMetrics: {interval: 15}}", "`export.hostMetrics.interval`"),
        ("export: {hostMetrics: {every: 1s}}", "`export.hostMetrics.every`"),
        ("export: {containerMetrics: {interval: never}}", "`export.containerMetrics.interval`"),
        ("export: {prometheus: {listen: everywhere}}", "`export.prometheus.listen`"),
        ("export: {prometheus: {listen: 0.0.0.0:9464}}", "`export.prometheus`"),
        ("[1, 2]", "``"),
        ("record: {", "YAML"),
        ("a: 1\na: 2", "a"),
    ] {
        let error = Settings::parse(text).unwrap_err();
        assert!(error.contains(name), "{text}: {error}");
    }
}

#[test]
fn sizes_are_read_as_people_and_kubernetes_write_them() {
    let budget = |text: &str| Settings::parse(&format!("memory: {{budget: {text}}}")).unwrap().budget_bytes;
    assert_eq!([budget("64MiB"), budget("64Mi"), budget("67108864")], [Some(64 << 20); 3]);
}

#[test]
fn the_hosts_metrics_can_be_switched_off_and_have_an_interval() {
    let of = |text: &str| {
        Settings::parse(&format!("export: {{hostMetrics: {text}}}")).unwrap().export.groups.of(Group::Host)
    };
    let (fifteen, minutes) = (Duration::from_secs(15), Duration::from_secs(90));
    assert_eq!(of("{}"), Setting { is_on: true, interval: fifteen });
    assert_eq!(of("{enabled: false}"), Setting { is_on: false, interval: fifteen });
    assert_eq!(of("{interval: 1m 30s}"), Setting { is_on: true, interval: minutes });
}

#[test]
fn a_bad_file_leaves_the_last_good_one_whatever_happens_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.yaml");
    let mut watched = Watched::open(&path);
    assert_eq!(watched.good(), &Settings::default());
    std::fs::write(&path, "publish: {events: false}").unwrap();
    assert!(watched.look() && !watched.good().events);
    assert!(!watched.look());
    std::fs::write(&path, "publish: {event: true}").unwrap();
    assert!(!watched.look() && !watched.good().events);
    std::fs::remove_file(&path).unwrap();
    assert!(!watched.look() && !watched.good().events);
    // As a ConfigMap's mount does it.
    let new = dir.path().join("..data_tmp");
    std::fs::write(&new, "{}").unwrap();
    std::os::unix::fs::symlink(&new, &path).unwrap();
    assert!(watched.look() && watched.good().events);
}

#[test]
fn memory_is_said_to_change_later() {
    let larger = Settings { budget_bytes: Some(1 << 30), ..Settings::default() };
    assert!(larger.later(&Settings::default()).is_some());
    assert!(Settings { events: false, ..Settings::default() }.later(&Settings::default()).is_none());
}

/// A pod of which all is known, and its namespace.
fn both(pod: Asked, namespace: Asked) -> [Option<Asked>; 2] {
    [Some(pod), Some(namespace)]
}

#[test]
fn namespaces_go_before_annotations_and_those_before_what_holds_for_all() {
    let settings = |text: &str| Settings::parse(text).unwrap();
    let said = |record| Asked { record, ..Asked::default() };
    let of = |settings: &Settings, namespace| {
        let pods = [Some(said(None)), Some(said(Some(true))), Some(said(Some(false))), None];
        pods.map(|pod| settings.wish(namespace, [pod, Some(said(None))]).record)
    };
    let all = settings("record: {namespaces: {exclude: [kube-system]}}");
    assert_eq!(of(&all, "shop"), [true, true, false, true]);
    assert_eq!(of(&all, "kube-system"), [false; 4]);
    let some = settings("record: {namespaces: {include: [shop, bank], exclude: [bank]}, pods: annotated}");
    // A pod that is not known yet may say so still.
    assert_eq!(of(&some, "shop"), [false, true, false, true]);
    assert_eq!(of(&some, "bank"), [false; 4]);
    assert_eq!(of(&some, "web"), [false; 4]);
}

#[test]
fn a_pods_annotation_goes_before_its_namespaces() {
    let (nothing, settings) = (Asked::default(), Settings { payload_by_annotation: true, ..Settings::default() });
    let small =
        Asked { record: Some(false), payload: Some(true), ring_bytes: Some(1 << 17), request_spans: Some(false) };
    let large =
        Asked { record: Some(true), payload: Some(false), ring_bytes: Some(1 << 22), request_spans: Some(true) };
    let of = |wish: Wish| (wish.record, wish.payload, wish.ring_bytes, wish.request_spans);
    let wish = |asked| of(settings.wish("shop", asked));
    assert_eq!(wish(both(nothing, small)), (false, Some(true), Some(1 << 17), Some(false)));
    assert_eq!(wish(both(large, small)), (true, Some(false), Some(1 << 22), Some(true)));
    assert_eq!(wish(both(small, large)), (false, Some(true), Some(1 << 17), Some(false)));
    // Each for itself.
    let quiet = Asked { record: Some(false), ..nothing };
    assert_eq!(wish(both(quiet, large)), (false, Some(false), Some(1 << 22), Some(true)));
    // Before the namespace is known, what the pod says holds, and nothing else.
    assert_eq!(wish([Some(quiet), None]), (false, None, None, None));
    assert_eq!(wish([Some(nothing), None]), (true, None, None, None));
}

#[test]
fn payload_is_switched_by_an_annotation_only_where_that_is_allowed() {
    let (nothing, on) = (Asked::default(), Asked { payload: Some(true), ..Asked::default() });
    let payload = |text: &str, asked| Settings::parse(text).unwrap().wish("shop", asked).payload;
    for asked in [both(on, nothing), both(nothing, on)] {
        assert_eq!(payload("payload: {byAnnotation: true}", asked), Some(true));
        assert_eq!(payload("", asked), None);
    }
}
