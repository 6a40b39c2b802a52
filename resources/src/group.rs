//! Names that stand in manifests, in the agent and in the plugin.

/// The API group.
pub const GROUP: &str = "rewind.dev";
/// Its version.
pub const VERSION: &str = "v1alpha1";
/// Where agents live unless the person says otherwise.
pub const NAMESPACE: &str = "rewind-system";
/// The DaemonSet, its ServiceAccount, and the container in its pods.
pub const AGENT: &str = "rewind-agent";
/// The ConfigMap that the agent reads.
pub const CONFIG_MAP: &str = "rewind-config";
/// The key in it.
pub const CONFIG_KEY: &str = "config.yaml";
/// Selects agents' pods.
pub const AGENT_SELECTOR: &str = "app.kubernetes.io/name=rewind-agent";
/// The port on which an agent answers who comes through a port-forward.
pub const PORT: u16 = 7979;

/// Labels of `Recording`s, to select by. Values that are longer than a label's may be are left out.
pub mod labels {
    /// The pod's name.
    pub const POD: &str = "rewind.dev/pod";
    /// The pod's UID.
    pub const POD_UID: &str = "rewind.dev/pod-uid";
    /// The container's name.
    pub const CONTAINER: &str = "rewind.dev/container";
    /// The node's name.
    pub const NODE: &str = "rewind.dev/node";
}

/// Annotations of pods, and of namespaces for all pods in them that do not say otherwise.
pub mod annotations {
    /// `true` or `false`: whether it is recorded.
    pub const RECORD: &str = "rewind.dev/record";
    /// `true` or `false`: whether payload is recorded. Heeded only where the ConfigMap allows it.
    pub const PAYLOAD: &str = "rewind.dev/payload";
    /// A size, as `256Ki`: how large a container's ring may become, within the node's budget.
    pub const RING_SIZE: &str = "rewind.dev/ring-size";
    /// `true` or `false`: whether spans of requests are exported. `false` where the application reports its own.
    pub const REQUEST_SPANS: &str = "rewind.dev/request-spans";
    /// On an Event: what tells the cause from others.
    pub const FINGERPRINT: &str = "rewind.dev/fingerprint";
}
