//! Which pods and containers a request is for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which pods of the request's namespace, and which of their containers, are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Target {
    /// The pod's name. Left out: every pod of the namespace, on the node that is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub pod: Option<String>,
    /// The pod's UID, without which a pod of the same name that came later would be meant too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(rename = "podUID", length(min = 1, max = 63))]
    #[serde(rename = "podUID")]
    pub pod_uid: Option<String>,
    /// The container's name. Left out: all containers of the pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub container: Option<String>,
}

impl Target {
    /// Whether a container of a pod in the request's namespace is meant.
    #[must_use]
    pub fn covers(&self, pod_uid: &str, container: &str) -> bool {
        let pod = match (&self.pod, &self.pod_uid) {
            (None, None) => true,
            // A name alone says too little: pods of one name come one after the other.
            (_, None) => false,
            (_, Some(uid)) => !pod_uid.is_empty() && uid == pod_uid,
        };
        pod && self.container.as_deref().is_none_or(|name| name == container)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(pod: Option<&str>, pod_uid: Option<&str>, container: Option<&str>) -> Target {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Target { pod: own(pod), pod_uid: own(pod_uid), container: own(container) }
    }

    #[test]
    fn a_pod_is_its_uid_and_never_its_name_alone() {
        assert!(target(Some("web"), Some("u1"), None).covers("u1", "app"));
        assert!(!target(Some("web"), Some("u1"), None).covers("u2", "app"));
        assert!(!target(Some("web"), None, None).covers("u1", "app"));
        assert!(!target(Some("web"), Some(""), None).covers("", "app"));
    }

    #[test]
    fn a_container_is_one_of_the_pods() {
        assert!(target(Some("web"), Some("u1"), Some("app")).covers("u1", "app"));
        assert!(!target(Some("web"), Some("u1"), Some("app")).covers("u1", "sidecar"));
        assert!(target(None, None, None).covers("u7", "any"));
    }
}
