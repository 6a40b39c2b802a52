//! The labels of a point.

use crate::{name, text};
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use std::collections::BTreeMap;

/// What becomes labels, beside the attributes of points.
#[derive(Clone, Copy, Debug, Default)]
pub struct Labels<'l> {
    /// The keys of the resource attributes that each point has as labels. They must tell resources apart that have the same
    /// metrics.
    pub of_resource: &'l [&'l str],
    /// Whether each point says which scope it is of (`otel_scope_name` and others).
    pub has_scope: bool,
    /// The resource that is `target_info`: who is asked for the text.
    pub target: Option<&'l Resource>,
}

/// The labels of a scope that its attributes cannot have.
const SCOPE: [&str; 3] = ["otel_scope_name", "otel_scope_version", "otel_scope_schema_url"];

impl Labels<'_> {
    /// What each point of a resource and a scope has, after its own.
    pub(crate) fn shared(
        &self,
        resource: Option<&Resource>,
        scope: Option<&InstrumentationScope>,
        schema_url: &str,
    ) -> Vec<(String, String)> {
        let copied = resource.map(|resource| resource.attributes.as_slice()).unwrap_or_default();
        let copied = copied.iter().filter(|attribute| self.of_resource.contains(&attribute.key.as_str()));
        let mut pairs: Vec<_> = copied.map(|attribute| pair("", attribute)).collect();
        if let Some(scope) = scope.filter(|_| self.has_scope) {
            let told = SCOPE.into_iter().zip([scope.name.as_str(), &scope.version, schema_url]);
            pairs.extend(told.map(|(key, text)| (key.to_owned(), text.to_owned())));
            let attributes = scope.attributes.iter().map(|attribute| pair("otel_scope_", attribute));
            pairs.extend(attributes.filter(|(key, _)| !SCOPE.contains(&name::label(key).as_str())));
        }
        pairs
    }
}

fn pair(prefix: &str, attribute: &KeyValue) -> (String, String) {
    (format!("{prefix}{}", attribute.key), text::of(attribute.value.as_ref()))
}

/// Labels by their names, as they stand between braces: of the point's attributes, and of those that it shares, unless it
/// has one of that key. `reserved` is the label that lines of its kind have for themselves.
pub(crate) fn text_of(attributes: &[KeyValue], shared: &[(String, String)], reserved: Option<&str>) -> String {
    let own = attributes.iter().map(|KeyValue { key, value, .. }| (key.as_str(), text::of(value.as_ref())));
    let shared = shared.iter().map(|(key, text)| (key.as_str(), text.clone()));
    // Several keys may be one label, whose value is then those of all, by their keys.
    let mut labels = BTreeMap::<String, BTreeMap<&str, String>>::new();
    for (key, text) in own.chain(shared) {
        let name = name::label(key);
        let name = if Some(name.as_str()) == reserved { format!("exported_{name}") } else { name };
        labels.entry(name).or_default().entry(key).or_insert(text);
    }
    let labels = labels.into_iter().filter_map(|(name, texts)| {
        let text = texts.into_values().collect::<Vec<_>>().join(";");
        // For Prometheus an empty label is none.
        (!text.is_empty()).then(|| format!("{name}=\"{}\"", text::escaped(&text)))
    });
    labels.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{attribute, resource};

    #[test]
    fn keys_that_become_one_label_are_joined_by_their_order() {
        let attributes = [attribute("a_b", "2"), attribute("a.b", "1"), attribute("a.b", "again"), attribute("c", "")];
        assert_eq!(text_of(&attributes, &[("a-b".to_owned(), "0".to_owned())], None), "a_b=\"0;1;2\"");
    }

    #[test]
    fn the_points_own_attribute_goes_before_its_resources() {
        let shared = [("a".to_owned(), "resource".to_owned()), ("b".to_owned(), "resource".to_owned())];
        assert_eq!(text_of(&[attribute("a", "point")], &shared, None), "a=\"point\",b=\"resource\"");
    }

    #[test]
    fn what_a_line_has_for_itself_is_no_attributes() {
        assert_eq!(text_of(&[attribute("le", "1")], &[], Some("le")), "exported_le=\"1\"");
        assert_eq!(text_of(&[attribute("le", "1")], &[], Some("quantile")), "le=\"1\"");
    }

    #[test]
    fn only_what_is_asked_for_of_a_resource_is_a_label() {
        let labels = Labels { of_resource: &["k8s.pod.name"], ..Labels::default() };
        let resource = resource(&[("k8s.pod.name", "web"), ("k8s.pod.uid", "1")]);
        assert_eq!(labels.shared(Some(&resource), None, ""), [("k8s.pod.name".to_owned(), "web".to_owned())]);
    }

    #[test]
    fn a_scopes_attributes_do_not_hide_the_scope() {
        let scope = InstrumentationScope {
            name: "rewind".to_owned(),
            attributes: vec![attribute("name", "a"), attribute("animal", "bear")],
            ..InstrumentationScope::default()
        };
        let labels = Labels { has_scope: true, ..Labels::default() };
        let text = text_of(&[], &labels.shared(None, Some(&scope), "u"), None);
        assert_eq!(text, "otel_scope_animal=\"bear\",otel_scope_name=\"rewind\",otel_scope_schema_url=\"u\"");
        assert_eq!(Labels::default().shared(None, Some(&scope), "u"), []);
    }
}
