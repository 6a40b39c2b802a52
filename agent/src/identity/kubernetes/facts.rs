//! A pod of the API -> the little that is kept of it. Pure.

use super::asked::Read;
use super::owner;
use crate::identity::service;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};
use rewind_recording::header::{self, ContainerKind, Owner};
use std::collections::BTreeMap;

/// Labels that are kept.
const LABELS: [&str; 8] = [
    "app",
    "app.kubernetes.io/component",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/name",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/version",
    "k8s-app",
    "tier",
];
/// The kubelet's UID of a static pod: the name of its cgroup.
const CONFIG_HASH: &str = "kubernetes.io/config.hash";
/// Longest value of an annotation that is kept.
const MAX_VALUE_BYTES: usize = 256;

/// What is kept of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PodFacts {
    /// Its UID in the API.
    pub uid: String,
    /// The kubelet's UID of it, if that is another: of static pods.
    pub config_hash: Option<String>,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    pub(super) node: String,
    pub(super) qos: String,
    pub(super) owner: Option<Owner>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    /// What its annotations ask for.
    pub(super) read: Read,
    pub(super) containers: Vec<ContainerFacts>,
    /// The runs of its containers that its status tells of.
    pub runs: Vec<Run>,
}

/// What is kept of a container as the pod wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ContainerFacts {
    name: String,
    kind: ContainerKind,
    image: String,
}

/// One run of a container: the runtime's container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Run {
    /// The runtime's id.
    pub id: String,
    /// The container's name in the pod.
    pub container: String,
    /// How often it had been started before.
    pub restart: u32,
    /// The image, as the runtime tells.
    pub image_id: String,
}

impl PodFacts {
    /// What is kept of `pod`. `None`: it has no UID.
    #[must_use]
    pub(crate) fn of(pod: &Pod) -> Option<Self> {
        let metadata = &pod.metadata;
        let spec = pod.spec.as_ref();
        let status = pod.status.as_ref();
        let config_hash = metadata.annotations.as_ref().and_then(|all| all.get(CONFIG_HASH)).cloned();
        let uid = metadata.uid.clone().filter(|uid| !uid.is_empty())?;
        let statuses = status.into_iter().flat_map(|status| {
            let all =
                [&status.init_container_statuses, &status.container_statuses, &status.ephemeral_container_statuses];
            all.into_iter().flatten().flatten()
        });
        Some(Self {
            config_hash: config_hash.filter(|hash| !hash.is_empty() && *hash != uid),
            uid,
            namespace: metadata.namespace.clone().unwrap_or_default(),
            name: metadata.name.clone().unwrap_or_default(),
            node: spec.and_then(|spec| spec.node_name.clone()).unwrap_or_default(),
            qos: status.and_then(|status| status.qos_class.clone()).unwrap_or_default(),
            owner: owner::of(pod),
            labels: few(metadata.labels.as_ref(), |key| LABELS.contains(&key)),
            annotations: few(metadata.annotations.as_ref(), |key| key.starts_with(service::ANNOTATION)),
            read: Read::of(|name| metadata.annotations.as_ref()?.get(name).map(String::as_str)),
            containers: containers(pod),
            runs: statuses.flat_map(runs).collect(),
        })
    }

    /// The pod, for who reads of it in a sentence.
    pub(super) fn whose(&self) -> String {
        format!("pod {}/{}", self.namespace, self.name)
    }

    /// The pod as it is told of one of its containers, and of a run of it, if that is known.
    #[must_use]
    pub(crate) fn told(&self, container: &str, run: Option<&Run>) -> header::Pod {
        let wanted = self.containers.iter().find(|wanted| wanted.name == container);
        let mut told = header::Pod {
            namespace: self.namespace.as_str().into(),
            name: self.name.as_str().into(),
            uid: self.uid.as_str().into(),
            container: container.into(),
            kind: wanted.map_or(ContainerKind::Unknown, |wanted| wanted.kind),
            owner: self.owner.clone(),
            image: wanted.map_or("", |wanted| &wanted.image).into(),
            image_id: run.map_or("", |run| &run.image_id).into(),
            node: self.node.as_str().into(),
            restart: run.map(|run| run.restart),
            qos: self.qos.as_str().into(),
            labels: self.labels.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect(),
            ..header::Pod::default()
        };
        told.service = service::service(&told, &self.labels, &self.annotations);
        told
    }
}

fn few(all: Option<&BTreeMap<String, String>>, is_kept: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let kept = all.into_iter().flatten().filter(|(key, value)| is_kept(key) && value.len() <= MAX_VALUE_BYTES);
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn containers(pod: &Pod) -> Vec<ContainerFacts> {
    let Some(spec) = &pod.spec else { return Vec::new() };
    let facts = |name: &str, kind, image: Option<&String>| ContainerFacts {
        name: name.to_owned(),
        kind,
        image: image.cloned().unwrap_or_default(),
    };
    let init = |container: &Container| match container.restart_policy.as_deref() {
        Some("Always") => ContainerKind::Sidecar,
        _ => ContainerKind::Init,
    };
    let apps = spec.containers.iter().map(|one| facts(&one.name, ContainerKind::App, one.image.as_ref()));
    let inits = spec.init_containers.iter().flatten().map(|one| facts(&one.name, init(one), one.image.as_ref()));
    let ephemeral = spec.ephemeral_containers.iter().flatten();
    let ephemeral = ephemeral.map(|one| facts(&one.name, ContainerKind::Ephemeral, one.image.as_ref()));
    apps.chain(inits).chain(ephemeral).collect()
}

/// The runs that a status tells of: that which runs or ran last, and the one before.
fn runs(status: &ContainerStatus) -> Vec<Run> {
    let count = u32::try_from(status.restart_count).unwrap_or(0);
    let run = |id: Option<&String>, restart| {
        let id = bare_id(id?)?;
        let (container, image_id) = (status.name.clone(), status.image_id.clone());
        Some(Run { id: id.to_owned(), container, restart, image_id })
    };
    let terminated = |state: Option<&k8s_openapi::api::core::v1::ContainerState>| {
        state.and_then(|state| state.terminated.as_ref()).and_then(|state| state.container_id.clone())
    };
    let current = status.container_id.clone().or_else(|| terminated(status.state.as_ref()));
    let last = terminated(status.last_state.as_ref());
    // While it waits to be started again, the last one is the current one, too.
    let last = last.filter(|last| current.as_ref() != Some(last));
    let before = if current.is_some() { count.checked_sub(1) } else { Some(count) };
    let last = before.and_then(|restart| run(last.as_ref(), restart));
    // The image is that of the current one; one before may have had another.
    let last = last.map(|last| Run { image_id: if current.is_some() { String::new() } else { last.image_id }, ..last });
    run(current.as_ref(), count).into_iter().chain(last).collect()
}

/// `<runtime>://<id>` without the runtime.
fn bare_id(id: &str) -> Option<&str> {
    Some(id.split_once("://").map_or(id, |(_, id)| id)).filter(|id| !id.is_empty())
}
