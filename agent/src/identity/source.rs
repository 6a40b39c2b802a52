//! What every source of names implements.

use rewind_recording::header::Container;

/// What a source knows of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The name that people know it by: `web`, or `namespace/pod/container`.
    pub name: String,
    /// The runtime, where the source knows better than the path.
    pub runtime: Option<String>,
    /// The pod's UID, where the source has one.
    pub pod_uid: Option<String>,
}

/// Something that may know a container's name.
pub(crate) trait Source: Send + Sync {
    /// What is known of a container of which `container` holds what the path told.
    fn known(&self, container: &Container) -> Option<Known>;
}
