//! Whose figures they are, with what was told of all of them in `OTEL_RESOURCE_ATTRIBUTES`.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::resource::v1::Resource;
use rewind_otlp::attribute;

/// Attributes that are told of who sends, and are wrong for what it observes.
const OF_WHO_SENDS: [&str; 5] = ["service.", "telemetry.", "process.", "container.", "k8s."];
/// But these, which both have.
const OF_BOTH: [&str; 2] = ["k8s.cluster.", "k8s.node."];

/// A resource by what is known of it, and by what is told: of host and cluster, that goes before.
pub(super) fn with_told(mut attributes: Vec<KeyValue>, told: &[(String, String)]) -> Resource {
    let is_any = |key: &str, prefixes: &[&str]| prefixes.iter().any(|prefix| key.starts_with(prefix));
    for (key, text) in told.iter().filter(|(key, _)| !is_any(key, &OF_WHO_SENDS) || is_any(key, &OF_BOTH)) {
        attributes.retain(|known| known.key != *key);
        attributes.push(attribute(key, text.as_str()));
    }
    Resource { attributes, ..Resource::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_the_host_goes_before_what_is_known_and_the_senders_own_name_is_left_out() {
        let told = ["service.name=a", "k8s.namespace.name=n", "k8s.cluster.name=lab", "host.name=b", "cloud.region=r"];
        let told = told.map(|pair| pair.split_once('=').map(|(key, text)| (key.to_owned(), text.to_owned())).unwrap());
        let known = vec![attribute("host.name", "node-1"), attribute("k8s.namespace.name", "shop")];
        let mut of = with_told(known, &told).attributes;
        of.sort_by(|one, other| one.key.cmp(&other.key));
        let wanted =
            [("cloud.region", "r"), ("host.name", "b"), ("k8s.cluster.name", "lab"), ("k8s.namespace.name", "shop")];
        assert_eq!(of, wanted.map(|(key, text)| attribute(key, text)));
    }
}
