//! What the Kubernetes API tells of the pods of this node: one watch, and a source that answers from what it saw.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`owner`] | a pod -> what it belongs to. Pure. |
//! | [`asked`] | what annotations ask for. Pure. |
//! | [`facts`] | a pod of the API -> the little that is kept of it. Pure. |
//! | [`pods`] | the pods of this node, as far as they were seen; what is gone is kept for a while |
//! | [`watch`] | the API -> `pods` |
//! | [`annotations`] | what is asked for by annotations of these pods, and of their namespaces |
//!
//! A container is found by the runtime's id. The API learns that a second after the container's start, so before that
//! the pod is found by its UID, which the path of the cgroup has, and the container in it by the name that the runtime
//! left in a file.

pub(crate) mod annotations;
pub(crate) mod asked;
pub(crate) mod facts;
mod owner;
pub(crate) mod pods;
pub(crate) mod watch;

#[cfg(test)]
mod facts_tests;
#[cfg(test)]
mod pods_tests;

pub(crate) use pods::Pods;

use super::source::{Known, Source};
use pods::{Found, Wanted};
use rewind_recording::header::{Container, ContainerKind};
use std::sync::Arc;

impl Source for Arc<Pods> {
    fn known(&self, container: &Container) -> Option<Known> {
        let told = container.pod.as_deref();
        let path_uid = Some(container.pod_uid.as_str()).filter(|uid| !uid.is_empty());
        let uid = path_uid.or(told.map(|pod| pod.uid.as_str())).unwrap_or_default();
        let name = told.map_or("", |pod| pod.container.as_str());
        let Found { pod, is_run } = self.find(Wanted { id: container.id.as_str(), uid, container: name })?;
        // No status lists what holds a pod's namespaces.
        let is_sandbox = told.is_some_and(|pod| pod.kind == ContainerKind::Sandbox);
        let is_named = is_sandbox || !pod.container.is_empty() || container.name.is_empty();
        Some(Known {
            name: if is_named { pod.joined_name() } else { String::new() },
            runtime: None,
            pod_uid: Some(pod.uid.as_str().to_owned()),
            pod: Some(pod),
            is_all: is_run || is_sandbox,
        })
    }
}
