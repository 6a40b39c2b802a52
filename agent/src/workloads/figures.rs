//! Figures of an object, and whose they are -> metrics of one resource. Pure.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use rewind_otlp::attribute;
use rewind_otlp::metric::{self, Number, Points};
use std::borrow::Cow;

/// Attributes that `OTEL_RESOURCE_ATTRIBUTES` may have for who sends, and that are wrong for who is observed.
const SENDERS: [&str; 6] = ["service.", "telemetry.", "process.", "container.", "k8s.pod.", "k8s.container."];
/// Those that are wrong, too, for what is of no node.
const NODES: [&str; 3] = ["host.", "os.", "k8s.node."];

/// A metric, before it says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instrument {
    /// Its name.
    pub name: Cow<'static, str>,
    /// What is counted, or a unit of measure.
    pub unit: &'static str,
    /// What it says.
    pub description: &'static str,
}

impl Instrument {
    /// One whose name is known beforehand.
    pub(super) const fn new(name: &'static str, unit: &'static str, description: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), unit, description }
    }
}

/// What an instrument says of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    instrument: Cow<'static, Instrument>,
    number: Number,
    /// Which of several it is, by an attribute.
    which: Option<(&'static str, Cow<'static, str>)>,
}

impl Figure {
    /// What is so at a moment.
    pub(super) fn of(instrument: &'static Instrument, number: impl Into<Number>) -> Self {
        Self::named(Cow::Borrowed(instrument), number)
    }

    /// As [`Figure::of`], of an instrument that is not known beforehand.
    pub(super) fn named(instrument: Cow<'static, Instrument>, number: impl Into<Number>) -> Self {
        Self { instrument, number: number.into(), which: None }
    }

    /// One of several that exclude each other: 1 where it is the one, otherwise 0.
    pub(super) fn is(
        instrument: &'static Instrument,
        key: &'static str,
        one: impl Into<Cow<'static, str>>,
        is: bool,
    ) -> Self {
        Self { which: Some((key, one.into())), ..Self::of(instrument, u64::from(is)) }
    }
}

/// An object, and what is known of it. Figures of one instrument stand together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Facts {
    /// Who it is.
    pub attributes: Vec<KeyValue>,
    /// What is known.
    pub figures: Vec<Figure>,
}

/// What the objects are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// This node.
    Node,
    /// The cluster as a whole.
    Cluster,
}

/// What is the same for all objects.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'f> {
    /// What `OTEL_RESOURCE_ATTRIBUTES` says.
    pub told: &'f [(String, String)],
    /// The cluster, if it is known.
    pub cluster_uid: Option<&'f str>,
    /// The moment.
    pub now_unix_ns: u64,
}

impl Frame<'_> {
    /// Metrics of one object. `None`: nothing is known of it.
    pub(super) fn metrics(&self, facts: &Facts, scope: Scope) -> Option<ResourceMetrics> {
        let of = |figures: &[Figure]| Some(self.metric(figures.first()?, figures));
        let metrics = facts.figures.chunk_by(|one, other| one.instrument == other.instrument).filter_map(of);
        let metrics: Vec<Metric> = metrics.collect();
        (!metrics.is_empty()).then(|| metric::of_resource(self.resource(&facts.attributes, scope), metrics))
    }

    fn metric(&self, first: &Figure, figures: &[Figure]) -> Metric {
        // They begin with what they are of, which nobody needs for what is so at a moment.
        let points = Points { began_unix_ns: 0, now_unix_ns: self.now_unix_ns };
        let point = |figure: &Figure| match &figure.which {
            Some((key, one)) => points.of(figure.number, &[(key, one)]),
            None => points.of(figure.number, &[]),
        };
        let all = figures.iter().map(point).collect();
        let Instrument { name, unit, description } = &*first.instrument;
        let kind = if first.which.is_some() { metric::up_down } else { metric::gauge };
        kind(name, unit, description, all)
    }

    fn resource(&self, of: &[KeyValue], scope: Scope) -> Resource {
        let mut attributes = of.to_vec();
        attributes.push(attribute("telemetry.distro.name", "rewind"));
        attributes.push(attribute("telemetry.distro.version", env!("CARGO_PKG_VERSION")));
        attributes.extend(self.cluster_uid.map(|uid| attribute("k8s.cluster.uid", uid)));
        let wrong = [SENDERS.as_slice(), if scope == Scope::Cluster { &NODES } else { &[] }].concat();
        for (key, text) in self.told {
            let is_known = attributes.iter().any(|known| known.key == *key);
            let is_wrong = wrong.iter().any(|prefix| key.starts_with(prefix));
            // What is known of the object goes before what is told of all.
            if !is_known && !is_wrong {
                attributes.push(attribute(key, text.as_str()));
            }
        }
        Resource { attributes, ..Resource::default() }
    }
}

/// What the metrics of a resource say, a line a data point, for tests.
#[cfg(test)]
pub(super) fn lines(of: &ResourceMetrics) -> Vec<String> {
    use opentelemetry_proto::tonic::metrics::v1::{metric::Data, number_data_point::Value};
    let points = |metric: &Metric| match metric.data.clone().unwrap() {
        Data::Gauge(gauge) => gauge.data_points,
        Data::Sum(sum) if !sum.is_monotonic => sum.data_points,
        other => panic!("{other:?}"),
    };
    let line = |metric: &Metric| {
        let name = metric.name.clone();
        points(metric).into_iter().map(move |point| {
            let number = match point.value.unwrap() {
                Value::AsInt(number) => number.to_string(),
                Value::AsDouble(number) => format!("{number:?}"),
            };
            let which = texts(&point.attributes).iter().fold(String::new(), |which, (_, one)| format!("{which} {one}"));
            format!("{name}{which} = {number}")
        })
    };
    of.scope_metrics.iter().flat_map(|of| &of.metrics).flat_map(line).collect()
}

/// Attributes that are text, for tests.
#[cfg(test)]
pub(super) fn texts(attributes: &[KeyValue]) -> std::collections::BTreeMap<String, String> {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    let text = |attribute: &KeyValue| match attribute.value.clone()?.value? {
        Value::StringValue(text) => Some((attribute.key.clone(), text)),
        _ => None,
    };
    attributes.iter().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    static PHASE: Instrument = Instrument::new("k8s.pod.phase", "", "Where it is");
    static STATE: Instrument = Instrument::new("k8s.container.status.state", "{container}", "Its state");

    fn frame(told: &[(String, String)]) -> Frame<'_> {
        Frame { told, cluster_uid: Some("c-1"), now_unix_ns: 7 }
    }

    fn facts(figures: Vec<Figure>) -> Facts {
        Facts { attributes: vec![attribute("k8s.namespace.name", "shop")], figures }
    }

    #[test]
    fn figures_of_one_instrument_are_one_metric() {
        let state = |one, is| Figure::is(&STATE, "k8s.container.status.state", one, is);
        let all = facts(vec![Figure::of(&PHASE, 2_u64), state("running", true), state("waiting", false)]);
        let metrics = frame(&[]).metrics(&all, Scope::Node).unwrap();
        assert_eq!(metrics.scope_metrics[0].metrics.len(), 2);
        let expected =
            ["k8s.pod.phase = 2", "k8s.container.status.state running = 1", "k8s.container.status.state waiting = 0"];
        assert_eq!(lines(&metrics), expected);
    }

    #[test]
    fn of_what_nothing_is_known_nothing_is_told() {
        assert_eq!(frame(&[]).metrics(&facts(Vec::new()), Scope::Node), None);
    }

    #[test]
    fn what_is_told_of_who_sends_is_not_told_of_the_object() {
        let told = [
            ("k8s.cluster.name", "lab"),
            ("k8s.namespace.name", "rewind-system"),
            ("service.name", "agent"),
            ("host.name", "node-1"),
            ("k8s.node.name", "node-1"),
        ];
        let told = told.map(|(key, text)| (key.to_owned(), text.to_owned()));
        let keys = |scope| {
            let metrics = frame(&told).metrics(&facts(vec![Figure::of(&PHASE, 1_u64)]), scope).unwrap();
            texts(&metrics.resource.unwrap().attributes)
        };
        let of_node = keys(Scope::Node);
        assert_eq!(of_node["k8s.namespace.name"], "shop");
        assert_eq!((&*of_node["k8s.cluster.name"], &*of_node["k8s.cluster.uid"]), ("lab", "c-1"));
        assert!(of_node.contains_key("host.name") && !of_node.contains_key("service.name"));
        let of_cluster = keys(Scope::Cluster);
        assert_eq!(of_cluster["k8s.cluster.name"], "lab");
        assert!(!of_cluster.contains_key("host.name") && !of_cluster.contains_key("k8s.node.name"));
    }
}
