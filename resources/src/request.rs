//! `RecordingRequest`: what a person wants to read. That they may make it, in the pods' own namespace, is the right
//! to read; the API server's audit log has who did.

use crate::target::Target;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long a request is good for at most, seconds. A live trace is renewed, by who has the right still.
pub const MAX_LIFE_S: i64 = 600;
/// How long a plugin makes it good for: it is used at once.
pub const LIFE_S: i64 = 60;

/// Asks the agent of one node for recordings of pods in this namespace. It is made by `kubectl rewind`, shown to the
/// agent through a port-forward together with a secret, and deleted afterwards.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "rewind.dev",
    version = "v1alpha1",
    kind = "RecordingRequest",
    plural = "recordingrequests",
    shortname = "recreq",
    namespaced,
    status = "RecordingRequestStatus",
    selectable = ".spec.node",
    printcolumn = r#"{"name":"Action","type":"string","jsonPath":".spec.action"}"#,
    printcolumn = r#"{"name":"Pod","type":"string","jsonPath":".spec.target.pod"}"#,
    printcolumn = r#"{"name":"Node","type":"string","jsonPath":".spec.node"}"#,
    printcolumn = r#"{"name":"User","type":"string","jsonPath":".spec.user"}"#,
    printcolumn = r#"{"name":"Expires","type":"date","jsonPath":".spec.expires"}"#,
    printcolumn = r#"{"name":"Accepted","type":"date","jsonPath":".status.accepted"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct RecordingRequestSpec {
    /// What is wanted.
    #[schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "what is asked for does not change: make another request"}]))]
    pub action: Action,
    /// Whose recordings.
    #[schemars(extend("x-kubernetes-validations" = [
        {"rule": "self == oldSelf", "message": "whose recordings are asked for does not change: make another request"},
        {"rule": "has(self.pod) == has(self.podUID)", "message": "a pod is named together with its UID"},
    ]))]
    pub target: Target,
    /// The node whose agent is asked.
    #[schemars(length(min = 1, max = 253), extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "the node does not change: make another request"}]))]
    pub node: String,
    /// When it is good for nothing any more. An agent refuses one that is good for longer than ten minutes.
    pub expires: Time,
    /// SHA-256, in hex digits, of the secret that is shown to the agent.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"), extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "the hash does not change: make another request"}]))]
    pub secret_hash: String,
    /// Who asks, as the API server calls them. It refuses another name than that of who makes the request.
    #[schemars(length(max = 1024), extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "who asks does not change: make another request"}]))]
    pub user: String,
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Action {
    /// List what is recorded, and what is kept of containers that ended.
    List,
    /// Read recordings.
    Read,
    /// See calls as they are made.
    Trace,
    /// Switch the recording of payload on or off: a right of its own.
    Payload,
    /// See how the node and all its containers are doing. It is no namespace's, so it is asked in the agents' own.
    Node,
}

/// What became of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RecordingRequestStatus {
    /// When an agent has taken it; it is taken once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Time>,
}
