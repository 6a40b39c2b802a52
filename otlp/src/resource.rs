//! The resource of a recording: the container that was observed, not who observed it.

use crate::attribute::{attribute, known};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::resource::v1::Resource;
use rewind_recording::header::{Container, Header, Pod};

/// What OpenTelemetry's rules fall back to (semantic conventions 1.44.0, `model/service/registry.yaml`).
const UNKNOWN_SERVICE: &str = "unknown_service";

/// The container of a recording, its pod and its host.
#[must_use]
pub fn resource(header: &Header) -> Resource {
    let container = &header.container;
    let mut attributes = vec![
        attribute("telemetry.distro.name", "rewind"),
        attribute("telemetry.distro.version", env!("CARGO_PKG_VERSION")),
        attribute("os.type", "linux"),
    ];
    attributes.extend(known("host.name", &header.host.name));
    attributes.extend(known("host.arch", arch(&header.host.arch)));
    attributes.extend(known("container.id", container.id.as_str()));
    let runtime = container.runtime.as_str();
    attributes.extend(known("container.runtime.name", runtime).filter(|_| runtime != "unknown"));
    match container.pod.as_deref() {
        Some(pod) => attributes.extend(pod_attributes(pod)),
        None => of_host(&mut attributes, container),
    }
    Resource { attributes, ..Resource::default() }
}

/// A machine of `uname -m`, as the conventions spell it.
#[must_use]
pub fn arch(machine: &str) -> &str {
    match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn of_host(attributes: &mut Vec<KeyValue>, container: &Container) {
    attributes.extend(known("container.name", container.name.as_str()));
    attributes.extend(known("k8s.pod.uid", container.pod_uid.as_str()));
    let named = [container.name.as_str(), UNKNOWN_SERVICE].into_iter().find(|name| !name.is_empty());
    attributes.extend(named.map(|name| attribute("service.name", name)));
}

/// A pod and, as far as it is told of one, its container; without the host.
#[must_use]
pub fn pod_attributes(pod: &Pod) -> Vec<KeyValue> {
    let (image, tag, digest) = parts(pod.image.as_str(), pod.image_id.as_str());
    let owner =
        pod.owner.as_ref().map(|owner| (format!("k8s.{}.name", owner.kind.as_str().to_lowercase()), &owner.name));
    let service = &pod.service;
    let told = [
        ("k8s.namespace.name", pod.namespace.as_str()),
        ("k8s.pod.name", pod.name.as_str()),
        ("k8s.pod.uid", pod.uid.as_str()),
        ("k8s.container.name", pod.container.as_str()),
        ("k8s.node.name", pod.node.as_str()),
        ("container.image.name", image),
        ("service.name", service.name.as_str()),
        ("service.namespace", service.namespace.as_str()),
        ("service.instance.id", service.instance_id.as_str()),
        ("service.version", service.version.as_str()),
    ];
    let mut attributes: Vec<KeyValue> = told.iter().filter_map(|(key, text)| known(key, text)).collect();
    attributes.extend(owner.and_then(|(key, name)| known(&key, name.as_str())));
    attributes.extend(pod.restart.map(|restart| attribute("k8s.container.restart_count", restart)));
    attributes.extend(tag.map(|tag| attribute("container.image.tags", vec![tag.to_owned()])));
    attributes.extend(digest.map(|digest| attribute("container.image.repo_digests", vec![digest.to_owned()])));
    attributes.extend(pod.labels.iter().map(|(key, text)| {
        // Singular, as the conventions have it.
        attribute(&format!("k8s.pod.label.{key}"), text.as_str())
    }));
    attributes
}

/// Repository, tag, and reference with digest of an image.
fn parts<'i>(image: &'i str, id: &'i str) -> (&'i str, Option<&'i str>, Option<&'i str>) {
    let digest = [id, image].into_iter().find(|reference| reference.contains("@sha256:"));
    let digest = digest.map(|reference| reference.rsplit_once("://").map_or(reference, |(_, reference)| reference));
    let tagged = image.split_once('@').map_or(image, |(tagged, _)| tagged);
    // A colon before the last slash is that of a registry's port.
    match tagged.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
        Some((repository, tag)) => (repository, Some(tag), digest),
        None => (tagged, None, digest),
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn an_image_is_repository_tag_and_digest() {
        assert_eq!(parts("nginx", ""), ("nginx", None, None));
        assert_eq!(parts("reg:5000/web", ""), ("reg:5000/web", None, None));
        assert_eq!(
            parts("reg:5000/web:1.2", "docker://reg:5000/web@sha256:ab"),
            ("reg:5000/web", Some("1.2"), Some("reg:5000/web@sha256:ab"))
        );
        assert_eq!(parts("web@sha256:cd", "sha256:ef"), ("web", None, Some("web@sha256:cd")));
    }
}
