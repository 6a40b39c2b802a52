//! The pod that a container is of, and which container of it.

use crate::escape::UntrustedString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A container as Kubernetes knows it. What is not known is empty: a pod that lived for a moment may have
/// left no more than its names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// The pod's namespace.
    pub namespace: UntrustedString,
    /// The pod's name.
    pub name: UntrustedString,
    /// The pod's UID in the API. That in the path of a static pod's cgroup is another.
    pub uid: UntrustedString,
    /// The container's name; empty for that which holds the pod's namespaces.
    pub container: UntrustedString,
    /// Which kind of container it is.
    pub kind: ContainerKind,
    /// What the pod belongs to, up to the Deployment or CronJob.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// The image, as the pod names it.
    pub image: UntrustedString,
    /// The image that it was, as the runtime tells: a reference with a digest, mostly.
    pub image_id: UntrustedString,
    /// The node.
    pub node: UntrustedString,
    /// How often the container had been started before in this pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<u32>,
    /// `Guaranteed`, `Burstable` or `BestEffort`.
    pub qos: UntrustedString,
    /// A few of the pod's labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<UntrustedString, UntrustedString>,
    /// The service that it is an instance of, as OpenTelemetry names it.
    pub service: Service,
}

/// Which kind of container of its pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContainerKind {
    /// One of those that the pod is for.
    App,
    /// It ends before those start.
    Init,
    /// It starts before those and is there as long as they are.
    Sidecar,
    /// Put into the pod while it ran, by `kubectl debug`.
    Ephemeral,
    /// The pause container: it holds the pod's namespaces.
    Sandbox,
    /// Not known, or not to this version.
    #[default]
    #[serde(other)]
    Unknown,
}

impl ContainerKind {
    /// The word for it, where it is worth one.
    #[must_use]
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Self::App | Self::Unknown => None,
            Self::Init => Some("init container"),
            Self::Sidecar => Some("sidecar"),
            Self::Ephemeral => Some("ephemeral container"),
            Self::Sandbox => Some("pause container"),
        }
    }
}

/// What a pod belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Owner {
    /// `Deployment`, `StatefulSet`, `DaemonSet`, `Job`, `CronJob`, or another kind.
    pub kind: UntrustedString,
    /// Its name.
    pub name: UntrustedString,
}

/// OpenTelemetry's `service.*`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Service {
    /// `service.name`.
    pub name: UntrustedString,
    /// `service.namespace`.
    pub namespace: UntrustedString,
    /// `service.instance.id`.
    pub instance_id: UntrustedString,
    /// `service.version`.
    pub version: UntrustedString,
}

impl Pod {
    /// `namespace/pod/container`; of the pause container `namespace/pod`.
    #[must_use]
    pub fn joined_name(&self) -> String {
        let Self { namespace, name, container, .. } = self;
        let parts = [namespace, name, container].map(UntrustedString::as_str);
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }

    /// What is known besides its names, for a line of its own: `Deployment/web, image nginx:1.27, restart 3, on node-1`.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        words.extend(self.kind.word().map(str::to_owned));
        words.extend(self.owner.as_ref().map(Owner::to_string));
        let told = |lead: &str, text: &UntrustedString| (!text.is_empty()).then(|| format!("{lead}{text}"));
        words.extend(told("image ", &self.image));
        words.extend(self.restart.filter(|restart| *restart > 0).map(|restart| format!("restart {restart}")));
        words.extend(told("on ", &self.node));
        words.join(", ")
    }

    /// Takes over what another source tells, but for what it does not know.
    pub fn complete(&mut self, told: Self) {
        let take = |own: &mut UntrustedString, told: UntrustedString| {
            if !told.is_empty() {
                *own = told;
            }
        };
        take(&mut self.namespace, told.namespace);
        take(&mut self.name, told.name);
        take(&mut self.uid, told.uid);
        take(&mut self.container, told.container);
        take(&mut self.image, told.image);
        take(&mut self.image_id, told.image_id);
        take(&mut self.node, told.node);
        take(&mut self.qos, told.qos);
        take(&mut self.service.name, told.service.name);
        take(&mut self.service.namespace, told.service.namespace);
        take(&mut self.service.instance_id, told.service.instance_id);
        take(&mut self.service.version, told.service.version);
        if told.kind != ContainerKind::Unknown {
            self.kind = told.kind;
        }
        self.owner = told.owner.or(self.owner.take());
        self.restart = told.restart.or(self.restart);
        if !told.labels.is_empty() {
            self.labels = told.labels;
        }
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::Container;

    fn web() -> Pod {
        Pod {
            namespace: "shop".into(),
            name: "web-1".into(),
            container: "app".into(),
            owner: Some(Owner { kind: "Deployment".into(), name: "web".into() }),
            image: "nginx:1.27".into(),
            node: "n1".into(),
            restart: Some(3),
            ..Pod::default()
        }
    }

    #[test]
    fn names_are_joined_as_far_as_they_are_known() {
        assert_eq!(web().joined_name(), "shop/web-1/app");
        assert_eq!(Pod { container: "".into(), ..web() }.joined_name(), "shop/web-1");
        assert_eq!(Pod::default().joined_name(), "");
    }

    #[test]
    fn the_words_leave_out_what_is_not_known_and_escape_what_is() {
        assert_eq!(web().words(), "Deployment/web, image nginx:1.27, restart 3, on n1");
        assert_eq!(Pod { restart: Some(0), kind: ContainerKind::Init, ..Pod::default() }.words(), "init container");
        assert!(!Pod { image: "\u{1b}[31m".into(), ..web() }.words().contains('\u{1b}'));
    }

    #[test]
    fn what_another_source_does_not_know_stays() {
        let mut pod = web();
        pod.complete(Pod { qos: "Burstable".into(), restart: None, ..Pod::default() });
        assert_eq!(pod, Pod { qos: "Burstable".into(), ..web() });
        pod.complete(Pod { restart: Some(4), kind: ContainerKind::App, ..Pod::default() });
        assert_eq!((pod.restart, pod.kind), (Some(4), ContainerKind::App));
    }

    #[test]
    fn containers_of_before_are_read_and_written_as_before() {
        let text = r#"{"id":"3f","name":"web","runtime":"docker","cgroup_path":"/x","cgroup_id":7,"pod_uid":""}"#;
        let container: Container = serde_json::from_str(text).unwrap();
        assert_eq!(container.pod, None);
        assert_eq!(serde_json::to_string(&container).unwrap(), text);
    }

    #[test]
    fn a_kind_of_a_later_version_is_unknown() {
        let pod: Pod = serde_json::from_str(r#"{"kind":"swift","later":1}"#).unwrap();
        assert_eq!(pod.kind, ContainerKind::Unknown);
        let pod = Pod { kind: ContainerKind::Sidecar, ..web() };
        assert_eq!(serde_json::from_str::<Pod>(&serde_json::to_string(&pod).unwrap()).unwrap(), pod);
    }
}
