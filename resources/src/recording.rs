//! `Recording`: what an agent holds of a container that has ended. Nothing of what was recorded stands in it but the
//! cause in one sentence, redacted as everything that leaves the agent.
//!
//! It has an expiry, which agents sweep by, and no ownerReference: it has to outlive its pod, the Deployment that the pod
//! was of, and the node, for those that are gone are found by it. Its namespace takes it along.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is held of one run of a container that has ended: who, how, why in a sentence, and where it can be read.
/// Agents write it; `kubectl rewind why` and `dump` read what it tells of.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "rewind.dev",
    version = "v1alpha1",
    kind = "Recording",
    plural = "recordings",
    shortname = "rec",
    namespaced,
    selectable = ".spec.node",
    selectable = ".spec.pod",
    printcolumn = r#"{"name":"Pod","type":"string","jsonPath":".spec.pod"}"#,
    printcolumn = r#"{"name":"Container","type":"string","jsonPath":".spec.container"}"#,
    printcolumn = r#"{"name":"Ended","type":"string","jsonPath":".spec.ending"}"#,
    printcolumn = r#"{"name":"When","type":"date","jsonPath":".spec.ended"}"#,
    printcolumn = r#"{"name":"Cause","type":"string","jsonPath":".spec.cause"}"#,
    printcolumn = r#"{"name":"Fingerprint","type":"string","jsonPath":".spec.fingerprint","priority":1}"#,
    printcolumn = r#"{"name":"Node","type":"string","jsonPath":".spec.node","priority":1}"#,
    printcolumn = r#"{"name":"Calls","type":"integer","jsonPath":".spec.coverage.callsHeld","priority":1}"#,
    printcolumn = r#"{"name":"Expires","type":"date","jsonPath":".spec.expires","priority":1}"#
)]
#[serde(rename_all = "camelCase")]
pub struct RecordingSpec {
    /// The pod's name.
    #[schemars(length(min = 1, max = 253))]
    pub pod: String,
    /// The pod's UID.
    #[serde(rename = "podUID")]
    #[schemars(length(min = 1, max = 63))]
    pub pod_uid: String,
    /// The container's name.
    #[schemars(length(max = 63))]
    pub container: String,
    /// The container's id, as its runtime spells it.
    #[serde(rename = "containerID")]
    #[schemars(length(max = 256))]
    pub container_id: String,
    /// How often the container had been started again before, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<i32>,
    /// What the pod belongs to, up to the Deployment or CronJob.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// The node whose agent holds it.
    #[schemars(length(min = 1, max = 253))]
    pub node: String,
    /// When recording began.
    pub started: Option<Time>,
    /// When the container ended.
    pub ended: Option<Time>,
    /// How, as `kubectl rewind list` shows it: `exited (1)`, `killed (SIGKILL)`, `killed (OOM)`.
    #[schemars(length(max = 64))]
    pub ending: String,
    /// The likeliest cause, in one sentence.
    #[schemars(length(max = 1024))]
    pub cause: String,
    /// The cause without what differs from run to run; absent where none was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub general_cause: Option<String>,
    /// A hash of that, the same for all that fail by it, behind a version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub fingerprint: Option<String>,
    /// The class of the cause; `signal` or `exit` where none was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub cause_class: Option<String>,
    /// When this container first ended by that cause, as far as is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Time>,
    /// How often it has by now, this end too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<i64>,
    /// What the recording covers.
    pub coverage: Coverage,
    /// The number of the crash file on the node (`@N`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crash: Option<i64>,
    /// Where the crash file was sent to, as `--from` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub url: Option<String>,
    /// When it may be deleted.
    pub expires: Option<Time>,
}

/// What a pod belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// `Deployment`, `StatefulSet`, `DaemonSet`, `Job`, `CronJob`, or another kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// What a recording covers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// Calls that are held.
    pub calls_held: i64,
    /// Calls that newer ones have overwritten.
    pub calls_overwritten: i64,
    /// Records that were lost for another reason.
    pub lost: i64,
}
