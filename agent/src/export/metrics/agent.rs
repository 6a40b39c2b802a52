//! The agent's own figures, under the agent's own resource.
//!
//! They go by the exporter that spans and log records go by, not by `opentelemetry-otlp`: that one reads the
//! environment alone, so that the file of settings would not hold for it, and it obeys no `Retry-After`; and the counts
//! are there already. Sums are cumulative since the agent's start.

use super::group::Group;
use super::{Asked, Source, Told};
use crate::clock;
use crate::export::Export;
use crate::export::telemetry::{OfSignal, Reason, SIGNALS};
use crate::export::variables::Variables;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::resource::v1::Resource;
use rewind_exporter::Signal;
use rewind_otlp::attribute;
use rewind_otlp::metric::{self, Points, gauge, sum};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Looks at the agent itself.
pub(crate) struct AgentSource {
    export: Arc<Export>,
    began_unix_ns: u64,
}

impl AgentSource {
    pub(crate) fn new(export: Arc<Export>) -> Self {
        Self { export, began_unix_ns: clock::unix_ns().cast_unsigned() }
    }
}

impl Source for AgentSource {
    const GROUP: Group = Group::Agent;

    async fn read(&mut self, asked: &Asked) -> Told {
        let points = Points { began_unix_ns: self.began_unix_ns, now_unix_ns: asked.now_unix_ns };
        let variables = self.export.state().borrow().variables.clone();
        let resource = resource(&variables, &self.export.recorder().host().name);
        Told { now: vec![metric::of_resource(resource, metrics(&self.export, points))], ended: Vec::new() }
    }
}

/// All figures as of now.
fn metrics(export: &Export, points: Points) -> Vec<Metric> {
    let by_signal = |of: fn(&OfSignal) -> &AtomicU64| {
        let value = |signal: &Signal| of(export.telemetry().of(*signal)).load(Ordering::Relaxed);
        SIGNALS.iter().map(|signal| points.of(value(signal), &[("signal", name(*signal))])).collect::<Vec<_>>()
    };
    let lost = SIGNALS.iter().flat_map(|signal| {
        let of = export.telemetry().of(*signal);
        Reason::ALL.map(|reason| points.of(of.lost(reason), &[("signal", name(*signal)), ("reason", reason.name())]))
    });
    let unread = export.unread().counts();
    let unread = unread.iter().map(|(what, count)| points.of(*count, &[("what", what)])).collect::<Vec<_>>();
    let (telemetry, of) = (export.telemetry(), |of: &AtomicU64| of.load(Ordering::Relaxed));
    let totals = export.recorder().totals();
    let mut metrics = vec![
        sum("rewind.agent.events", "{event}", "Events that were taken from the feed", by_signal(|of| &of.seen)),
        sum("rewind.agent.export.sent", "{item}", "Items that a backend took", by_signal(|of| &of.sent)),
        sum("rewind.agent.export.lost", "{item}", "Items that no backend will have", lost.collect()),
        sum("rewind.agent.export.requests", "{request}", "Requests to backends", by_signal(|of| &of.requests)),
        sum("rewind.agent.export.retries", "{request}", "Requests that are tried again", by_signal(|of| &of.retries)),
        sum("rewind.agent.export.io", "By", "Bytes of requests that were taken", by_signal(|of| &of.sent_bytes)),
        sum("rewind.agent.export.forgotten", "{item}", "Beginnings forgotten", by_signal(|of| &of.forgotten)),
        gauge("rewind.agent.export.queue", "By", "Bytes that wait", by_signal(|of| &of.queue_bytes)),
        gauge("rewind.agent.export.spill", "By", "Ends on disk", vec![points.of(export.ends().bytes(), &[])]),
        gauge("rewind.agent.rings.usage", "By", "Memory of rings in use", vec![points.of(totals.used_bytes, &[])]),
        gauge("rewind.agent.rings.limit", "By", "Memory for rings", vec![points.of(totals.budget_bytes, &[])]),
        sum(
            "rewind.agent.metrics.unmeasured",
            "{event}",
            "Events that were not measured",
            vec![points.of(of(&telemetry.unmeasured), &[])],
        ),
        sum(
            "rewind.agent.metrics.beyond",
            "{time}",
            "What went under other: too many series",
            vec![points.of(of(&telemetry.beyond), &[])],
        ),
        sum(
            "rewind.agent.metrics.forgotten",
            "{container}",
            "Containers whose figures made room for those of others",
            [("crashes", export.crashes.forgotten()), ("ended", export.latest.forgotten())]
                .map(|(what, count)| points.of(count, &[("what", what)]))
                .to_vec(),
        ),
        sum("process.cpu.time", "s", "CPU time of the agent", vec![points.of(cpu_seconds(), &[])]),
    ];
    if !unread.is_empty() {
        let description = "How often figures of the host could not be read";
        metrics.push(sum("rewind.agent.host.unread", "{time}", description, unread));
    }
    metrics
}

/// This process, not what it observes.
fn resource(variables: &Variables, host: &str) -> Resource {
    let name = variables.get("OTEL_SERVICE_NAME").unwrap_or_else(|| "rewind-agent".to_owned());
    let own = [
        ("service.name", name.as_str()),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("service.instance.id", host),
        ("telemetry.distro.name", "rewind"),
        ("telemetry.distro.version", env!("CARGO_PKG_VERSION")),
        ("host.name", host),
        ("os.type", "linux"),
    ];
    let mut attributes: Vec<KeyValue> = own.iter().map(|(key, text)| attribute(key, *text)).collect();
    for (key, text) in variables.resource_attributes() {
        // What is told goes before what is known, but for the name, which has a variable of its own.
        attributes.retain(|known| known.key != key || key == "service.name");
        if key != "service.name" || variables.get("OTEL_SERVICE_NAME").is_none() {
            attributes.retain(|known| known.key != key);
            attributes.push(attribute(&key, text.as_str()));
        }
    }
    Resource { attributes, ..Resource::default() }
}

const fn name(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "traces",
        Signal::Logs => "logs",
        Signal::Metrics => "metrics",
    }
}

/// Seconds of CPU that this process has used.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0));
    Duration::new(seconds, nanos).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;

    #[test]
    fn the_resource_is_this_process_and_the_variables_go_before() {
        let of = |set: &[(&str, &str)]| {
            let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let resource = resource(&Variables(set), "node-1");
            move |key: &str| {
                let found: Vec<_> = resource.attributes.iter().filter(|attribute| attribute.key == key).collect();
                assert!(found.len() < 2, "{found:?}");
                match found.first()?.value.as_ref()?.value.as_ref()? {
                    Value::StringValue(text) => Some(text.clone()),
                    _ => None,
                }
            }
        };
        assert_eq!(of(&[])("service.name").as_deref(), Some("rewind-agent"));
        let told = ("OTEL_RESOURCE_ATTRIBUTES", "service.name=a, k8s.cluster.name=lab,host.name=b");
        assert_eq!(of(&[told])("service.name").as_deref(), Some("a"));
        assert_eq!(of(&[told])("host.name").as_deref(), Some("b"));
        assert_eq!(of(&[told])("k8s.cluster.name").as_deref(), Some("lab"));
        assert_eq!(of(&[told, ("OTEL_SERVICE_NAME", "c")])("service.name").as_deref(), Some("c"));
    }
}
