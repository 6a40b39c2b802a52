//! `service.*` of a container in a pod: semantic conventions 1.44.0, `docs/non-normative/k8s-attributes.md`.
//!
//! | attribute | the first that is there |
//! |---|---|
//! | `service.name` | annotation, label `app.kubernetes.io/instance`, `app.kubernetes.io/name`, what the pod belongs to, the pod, the container |
//! | `service.namespace` | annotation, the namespace |
//! | `service.instance.id` | annotation, `<namespace>.<pod>.<container>` |
//! | `service.version` | annotation, label `app.kubernetes.io/version`, tag and digest of the image |

use rewind_recording::header::{Owner, Pod, Service};
use std::collections::BTreeMap;

/// What the annotations' keys begin with.
pub(crate) const ANNOTATION: &str = "resource.opentelemetry.io/";

/// Labels that name a service.
const INSTANCE: &str = "app.kubernetes.io/instance";
const NAME: &str = "app.kubernetes.io/name";
const VERSION: &str = "app.kubernetes.io/version";

/// Kinds of owners that a service is named after.
const NAMING: [&str; 6] = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "CronJob", "Job"];

/// The service that a container is an instance of, by what is known of it, its pod's labels and annotations.
#[must_use]
pub(crate) fn service(pod: &Pod, labels: &BTreeMap<String, String>, annotations: &BTreeMap<String, String>) -> Service {
    let annotation = |key: &str| filled(annotations, &format!("{ANNOTATION}{key}"));
    let label = |key: &str| filled(labels, key);
    let (namespace, name, container) = (pod.namespace.as_str(), pod.name.as_str(), pod.container.as_str());
    let owner = pod.owner.as_ref().filter(|owner| NAMING.contains(&owner.kind.as_str()));
    let named = annotation("service.name").or_else(|| label(INSTANCE)).or_else(|| label(NAME));
    let named = named.or_else(|| owner.map(|Owner { name, .. }| name.as_str().to_owned()));
    let named = named.or_else(|| [name, container].into_iter().find(|name| !name.is_empty()).map(str::to_owned));
    let version = annotation("service.version").or_else(|| label(VERSION)).or_else(|| version(pod.image.as_str()));
    let instance = annotation("service.instance.id").or_else(|| {
        let parts = [namespace, name, container];
        parts.iter().all(|part| !part.is_empty()).then(|| parts.join("."))
    });
    Service {
        name: named.unwrap_or_default().into(),
        namespace: annotation("service.namespace").unwrap_or_else(|| namespace.to_owned()).into(),
        instance_id: instance.unwrap_or_default().into(),
        version: version.unwrap_or_default().into(),
    }
}

fn filled(of: &BTreeMap<String, String>, key: &str) -> Option<String> {
    of.get(key).filter(|value| !value.is_empty()).cloned()
}

/// `<tag>@<digest>`, `<digest>` or `<tag>` of an image's reference.
fn version(image: &str) -> Option<String> {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    // A colon before the last slash is a registry's port.
    let last = name.rsplit('/').next().unwrap_or(name);
    let tag = last.split_once(':').map(|(_, tag)| tag);
    let parts: Vec<&str> = [tag, digest].into_iter().flatten().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(owner: Option<(&str, &str)>) -> Pod {
        Pod {
            namespace: "shop".into(),
            name: "web-7f-x2".into(),
            container: "app".into(),
            owner: owner.map(|(kind, name)| Owner { kind: kind.into(), name: name.into() }),
            image: "registry:5000/shop/web:1.4".into(),
            ..Pod::default()
        }
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn name(owner: Option<(&str, &str)>, labels: &[(&str, &str)], annotations: &[(&str, &str)]) -> String {
        service(&pod(owner), &map(labels), &map(annotations)).name.as_str().to_owned()
    }

    #[test]
    fn the_name_is_the_first_that_is_there() {
        let owner = Some(("Deployment", "web"));
        let labels = [(NAME, "by-name"), (INSTANCE, "by-instance"), ("app", "never")];
        let annotation = [("resource.opentelemetry.io/service.name", "by-annotation")];
        assert_eq!(name(owner, &labels, &annotation), "by-annotation");
        assert_eq!(name(owner, &labels, &[]), "by-instance");
        assert_eq!(name(owner, &labels[..1], &[]), "by-name");
        assert_eq!(name(owner, &labels[2..], &[]), "web");
        assert_eq!(name(owner, &[(NAME, "")], &[]), "web");
        assert_eq!(name(None, &[], &[]), "web-7f-x2");
        assert_eq!(service(&Pod { container: "app".into(), ..Pod::default() }, &map(&[]), &map(&[])).name, "app");
    }

    #[test]
    fn each_kind_of_workload_names_a_service_and_a_node_does_not() {
        for kind in NAMING {
            assert_eq!(name(Some((kind, "w")), &[], &[]), "w", "{kind}");
        }
        assert_eq!(name(Some(("Node", "n1")), &[], &[]), "web-7f-x2");
    }

    #[test]
    fn namespace_and_instance_are_the_pods_unless_annotated() {
        let plain = service(&pod(None), &map(&[]), &map(&[]));
        assert_eq!((plain.namespace.as_str(), plain.instance_id.as_str()), ("shop", "shop.web-7f-x2.app"));
        let annotations = map(&[
            ("resource.opentelemetry.io/service.namespace", "team"),
            ("resource.opentelemetry.io/service.instance.id", "one"),
            ("resource.opentelemetry.io/service.version", "9"),
        ]);
        let told = service(&pod(None), &map(&[(VERSION, "8")]), &annotations);
        let told = [told.namespace, told.instance_id, told.version].map(|text| text.as_str().to_owned());
        assert_eq!(told, ["team", "one", "9"]);
        let labels = map(&[(INSTANCE, "i"), (VERSION, "8")]);
        let labelled = service(&pod(None), &labels, &map(&[]));
        assert_eq!((labelled.version.as_str(), labelled.instance_id.as_str()), ("8", "shop.web-7f-x2.app"));
        let pause = Pod { container: "".into(), ..pod(None) };
        assert!(service(&pause, &map(&[]), &map(&[])).instance_id.is_empty());
    }

    #[test]
    fn a_version_is_tag_and_digest_of_the_image() {
        for (image, expected) in [
            ("nginx", None),
            ("nginx:1.27", Some("1.27")),
            ("registry:5000/nginx", None),
            ("registry:5000/a/nginx:1.27", Some("1.27")),
            ("nginx@sha256:ab", Some("sha256:ab")),
            ("r:5/nginx:1.27@sha256:ab", Some("1.27@sha256:ab")),
            ("nginx:", None),
            ("", None),
        ] {
            assert_eq!(version(image).as_deref(), expected, "{image}");
        }
    }
}
