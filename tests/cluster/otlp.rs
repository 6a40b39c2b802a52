//! What an OpenTelemetry backend gets of pods, by `overlays/otlp` as it is shipped.

use crate::manifest::{server, set, workload};
use crate::overlay::Overlay;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::cluster::place::{ADDRESS, NODE};
use rewind_tests::collector::{Collector, attribute};
use rewind_tests::eventually::eventually;
use rewind_tests::points::{Point, points};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// One that the overlay lets agents speak to.
const PORT: u16 = 4318;
/// Where the overlay says that a backend is.
const EXAMPLE: &str = "http://otel-collector.observability:4318";
/// Agents have been replaced, and ends wait for names.
const SOON: Duration = Duration::from_secs(60);

/// Agents that export there: the place of the backend goes into the overlay's `config.yaml`.
pub(crate) fn exporting<'u>(admin: &'u User, endpoint: &str) -> Result<Overlay<'u>> {
    exporting_with(admin, endpoint, |_| Ok(()))
}

fn exporting_with<'u>(
    admin: &'u User,
    endpoint: &str,
    change: impl FnOnce(&Path) -> Result<()>,
) -> Result<Overlay<'u>> {
    Overlay::new(admin, "otlp", |overlay| {
        change(overlay)?;
        let config = overlay.join("config.yaml");
        let text = fs::read_to_string(&config)?;
        ensure!(text.contains(EXAMPLE), "{text}");
        Ok(fs::write(&config, text.replace(EXAMPLE, endpoint))?)
    })
}

/// The same, with the host's files.
fn with_host_root(overlay: &Path) -> Result<()> {
    let path = overlay.join("kustomization.yaml");
    let text = fs::read_to_string(&path)?;
    Ok(fs::write(&path, text + "components:\n  - ../../components/host-root\n")?)
}

/// Filesystems, and which host it is, as the host itself has it.
pub(crate) fn told_of_the_host() -> Result<()> {
    agents::with(|admin| {
        let collector = Collector::on(ADDRESS, PORT)?;
        let exports = exporting_with(admin, &collector.endpoint(), with_host_root)?;
        let of_root = || {
            collector.metrics().into_iter().find_map(|(resource, metric)| {
                let is_root =
                    |point: &Point| point.is_of("system.filesystem.usage", &[("mountpoint", "/"), ("state", "used")]);
                points(&metric).into_iter().find(is_root).map(|point| (resource.clone(), point.number))
            })
        };
        let (resource, used) = eventually("the root filesystem's use", SOON, of_root)?;
        let stat = rustix::fs::statvfs("/")?;
        let now = (stat.f_blocks - stat.f_bfree) * stat.f_frsize;
        // Others write meanwhile.
        ensure!((used / now as f64 - 1.0).abs() < 0.05, "{used} of {now} bytes: {resource}");
        if let Ok(id) = fs::read_to_string("/etc/machine-id") {
            ensure!(attribute(&resource, "host.id").as_deref() == Some(id.trim()), "{resource}");
        }
        ensure!(attribute(&resource, "host.name").as_deref() == Some(NODE), "{resource}");
        drop(exports);
        Ok(())
    })
}

/// A pod that asks for a page of the backend, which is a server of HTTP as well, and fails.
fn fails(name: &str, annotations: &Value) -> Value {
    let script = format!("wget -q -O - http://{ADDRESS}:{PORT}/asked; cat /etc/missing.conf; exit 3");
    let mut pod = workload(name, &["sh", "-c", &script]);
    set(&mut pod, "/metadata/annotations", annotations.clone());
    pod
}

/// The spans of a pod's container, and its crash, when both are there.
fn told(collector: &Collector, namespace: &Namespace, pod: &str) -> Option<(Vec<Value>, Value)> {
    let (spans, logs) = collector.of_pod(namespace.name(), pod);
    let crash = logs.iter().find(|log| log.get("eventName") == Some(&"rewind.process.crash".into()))?;
    let is_whole = spans.iter().any(|span| attribute(span, "process.exit.code").as_deref() == Some("3"));
    is_whole.then(|| (spans, crash.clone()))
}

fn is_request(span: &Value) -> bool {
    attribute(span, "http.request.method").is_some()
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const FIRST: &str = "b7ad6b7169203331";

/// Hands the trace on below a span of its own, as an application that reports nothing.
const MIDDLE: &str = r#"cat >/www/cgi-bin/page <<'EOF'
#!/bin/sh
rest=${HTTP_TRACEPARENT#00-}
for page in cgi-bin/page none; do
    span=$(head -c 8 /dev/urandom | od -An -tx1 | tr -d ' \n')
    wget -q -O /dev/null --header "traceparent: 00-${rest%%-*}-$span-01" http://last/$page
done
echo
EOF
chmod +x /www/cgi-bin/page && echo up >/www/index.html"#;

/// Is slow, and has one page alone.
const LAST: &str = r#"cat >/www/cgi-bin/page <<'EOF'
#!/bin/sh
sleep 1
echo
EOF
chmod +x /www/cgi-bin/page && echo up >/www/index.html"#;

/// Three pods of which one asks the other: one trace, each span below who has asked.
fn chain(collector: &Collector, namespace: &Namespace) -> Result<()> {
    let servers = [server("middle", MIDDLE), server("last", LAST)].concat();
    namespace.apply(&json!({"apiVersion": "v1", "kind": "List", "items": servers}).to_string())?;
    let ask = format!(
        "until wget -q -O - http://middle/ && wget -q -O - http://last/; do sleep 0.2; done; \
         wget -q -O - --header 'traceparent: 00-{TRACE}-{FIRST}-01' http://middle/cgi-bin/page; exit 0"
    );
    namespace.apply(&workload("first", &["sh", "-c", &ask]).to_string())?;
    let of = |pod: &str, kind: i64, page: &str| {
        let (spans, _) = collector.of_pod(namespace.name(), pod);
        let is = |span: &Value, key: &str, value: Value| span.get(key) == Some(&value);
        let asks = |span: &Value, key: &str| attribute(span, key).is_some_and(|url| url.ends_with(page));
        spans.into_iter().find(|span| {
            is(span, "traceId", TRACE.into())
                && is(span, "kind", kind.into())
                && (asks(span, "url.full") || asks(span, "url.path"))
        })
    };
    const SERVER: i64 = 2;
    const CLIENT: i64 = 3;
    let places = [("first", CLIENT), ("middle", SERVER), ("middle", CLIENT), ("last", SERVER)];
    let spans = eventually("each span of the chain", SOON, || {
        places.into_iter().map(|(pod, kind)| of(pod, kind, "/cgi-bin/page")).collect::<Option<Vec<_>>>()
    });
    let spans = spans.with_context(|| format!("{:?}", places.map(|(pod, kind)| of(pod, kind, "/cgi-bin/page"))))?;
    ensure!(spans.first().and_then(|span| span.get("spanId")) == Some(&FIRST.into()), "{spans:?}");
    for pair in spans.windows(2) {
        let [above, below] = pair else { continue };
        ensure!(above.get("spanId") == below.get("parentSpanId"), "{below}\nis not below\n{above}");
    }
    // Of a program's page this server writes the status line alone first: who reads it so has not seen the head's end.
    let mut statuses = spans.iter().filter_map(|span| attribute(span, "http.response.status_code"));
    ensure!(statuses.all(|status| status == "200"), "{spans:?}");
    let ns = |span: &Value, key: &str| span.get(key).and_then(Value::as_str).and_then(|ns| ns.parse::<u64>().ok());
    let took = |span: &Value| Some(ns(span, "endTimeUnixNano")?.saturating_sub(ns(span, "startTimeUnixNano")?));
    ensure!(spans.iter().all(|span| took(span).is_some_and(|ns| ns >= 1_000_000_000)), "who is slow? {spans:?}");
    // And which one failed.
    let failed = eventually("the page that is not there", SOON, || of("last", SERVER, "/none"))?;
    ensure!(attribute(&failed, "http.response.status_code").as_deref() == Some("404"), "{failed}");
    let asked = eventually("who asked for it", SOON, || of("middle", CLIENT, "/none"))?;
    ensure!(asked.get("spanId") == failed.get("parentSpanId"), "{asked} {failed}");
    ensure!(asked.pointer("/status/code") == Some(&2.into()), "{asked}");
    Ok(())
}

/// How those pods are doing, whom they ask, and which one failed.
fn measured(collector: &Collector, namespace: &Namespace) -> Result<()> {
    let last = format!("last.{}", namespace.name());
    for (pod, name, attributes) in [
        ("last", "http.server.request.duration", &[("http.request.method", "GET")][..]),
        ("middle", "http.client.request.duration", &[("server.address", &last)]),
        ("middle", "rewind.tcp.connections", &[("server.address", &last), ("rewind.tcp.direction", "out")]),
        ("middle", "rewind.container.calls", &[("rewind.call.class", "network")]),
        ("middle", "container.cpu.time", &[]),
        ("middle", "container.memory.working_set", &[]),
        ("middle", "k8s.pod.memory.working_set", &[]),
        ("web", "rewind.container.crashes", &[("rewind.cause.class", "exit")]),
    ] {
        let is_its = |of: &Value| {
            let is = |key, value| attribute(of, key).as_deref() == Some(value);
            is("k8s.namespace.name", namespace.name()) && is("k8s.pod.name", pod)
        };
        let of_pod = || {
            let all = collector.metrics().into_iter().filter(|(resource, _)| is_its(resource));
            all.flat_map(|(_, metric)| points(&metric)).filter(|point| point.name == name).collect::<Vec<_>>()
        };
        let found = eventually(name, SOON, || of_pod().into_iter().find(|point| point.is_of(name, attributes)));
        found.with_context(|| format!("{attributes:?} of {pod}: {:?}", of_pod()))?;
    }
    Ok(())
}

pub(crate) fn told_of_pods() -> Result<()> {
    agents::with(|admin| {
        let collector = Collector::on(ADDRESS, PORT)?;
        let exports = exporting(admin, &collector.endpoint())?;
        let namespace = Namespace::new("otlp")?;
        let pods = [
            ("quiet", json!({"rewind.dev/record": "false"})),
            ("reports", json!({"rewind.dev/request-spans": "false"})),
            ("web", json!({})),
        ];
        for (name, annotations) in &pods {
            namespace.apply(&fails(name, annotations).to_string())?;
            namespace.ends(name, 3, SOON)?;
        }
        let (spans, crash) = eventually("spans and the crash", SOON, || told(&collector, &namespace, "web"))?;
        let body = crash.pointer("/body/stringValue").and_then(Value::as_str).unwrap_or_default();
        ensure!(body.contains("exited with 3") && body.contains("/etc/missing.conf"), "{crash}");
        let request = || collector.of_pod(namespace.name(), "web").0.into_iter().find(is_request);
        eventually("a request of the pod's", SOON, request).with_context(|| format!("{spans:?}"))?;
        // Its sandbox is a container as well, without a name.
        let is_its = |of: &Value| {
            let is = |key, value| attribute(of, key).as_deref() == Some(value);
            is("k8s.namespace.name", namespace.name())
                && is("k8s.pod.name", "web")
                && attribute(of, "k8s.container.name").is_some()
        };
        let resource = collector.resources().into_iter().find(is_its).context("no resource")?;
        for (key, value) in
            [("k8s.container.name", "app"), ("host.name", NODE), ("container.image.name", "rewind.test/workloads")]
        {
            ensure!(attribute(&resource, key).as_deref() == Some(value), "{key} is not {value}: {resource}");
        }
        // Which reports its own requests has all but these.
        let (spans, _) = eventually("spans and the crash", SOON, || told(&collector, &namespace, "reports"))?;
        ensure!(!spans.iter().any(is_request), "{spans:?}");
        let is_connection = |span: &Value| attribute(span, "network.transport").as_deref() == Some("tcp");
        ensure!(spans.iter().any(is_connection), "no connection: {spans:?}");
        chain(&collector, &namespace)?;
        measured(&collector, &namespace)?;
        // It ended before those of which all has come.
        let (spans, logs) = collector.of_pod(namespace.name(), "quiet");
        ensure!(spans.is_empty() && logs.is_empty(), "it is not to be recorded: {spans:?} {logs:?}");
        let health = agents::health(admin)?;
        // Recordings from before it exported may have lost some of theirs.
        let is_lost = ["queue_full", "given_up", "unmade", "spill_full"].iter().any(|why| health.contains(why));
        ensure!(health.contains(&collector.endpoint()) && !is_lost, "{health}");
        drop(exports);
        Ok(())
    })
}
