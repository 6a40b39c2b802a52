//! What every source of names implements.

use rewind_recording::header::{Container, Pod};

/// What a source knows of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The name that people know it by: `web`, or `namespace/pod/container`.
    pub name: String,
    /// The runtime, where the source knows better than the path.
    pub runtime: Option<String>,
    /// The pod's UID, where the source has one.
    pub pod_uid: Option<String>,
    /// The pod, where it is of one.
    pub pod: Option<Pod>,
    /// Whether nothing better will be known of it later.
    pub is_all: bool,
}

impl Known {
    /// That it is of a pod, whose names are known.
    #[must_use]
    pub(crate) fn of_pod(pod: Pod) -> Self {
        let pod_uid = Some(pod.uid.as_str().to_owned()).filter(|uid| !uid.is_empty());
        Self { name: pod.joined_name(), pod_uid, pod: Some(pod), ..Self::default() }
    }
}

/// Something that may know a container's name. It is asked by who records: it must not wait for anybody.
pub(crate) trait Source: Send + Sync {
    /// What is known of a container of which `container` holds what the path told, and sources before this one.
    fn known(&self, container: &Container) -> Option<Known>;
}
