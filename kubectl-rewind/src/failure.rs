//! What the API server refuses, and why it cannot be reached: in kubectl's words, and what to do.

use kube::core::Status;
use kube::core::response::reason;

/// What went wrong between the plugin and the API server, or an agent behind it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The API server refused.
    #[error("Error from server ({reason}): {message}{}", hint(reason, message))]
    Server {
        /// Kubernetes' own word: `Forbidden`, `NotFound`.
        reason: String,
        /// Its sentence.
        message: String,
    },
    /// Nobody answers at its address. Worth a retry.
    #[error("the API server {server} cannot be reached: {why}; is it up, and is this the right context?")]
    Unreachable {
        /// Its address.
        server: String,
        /// Why not.
        why: String,
    },
    /// The API server does not forward the port.
    #[error("the port is not forwarded: {0}")]
    Upgrade(String),
    /// The kubeconfig says no cluster.
    #[error(
        "the kubeconfig cannot be used: {0}; name another with --kubeconfig or --context, or ask this host's agent with --host"
    )]
    Kubeconfig(String),
    /// There are no agents.
    #[error("no agent runs in namespace {0}: 'kubectl rewind deploy' starts one on each node")]
    NoAgents(String),
    /// There is none on the node.
    #[error("no agent runs on node {node}{}", known(told))]
    NoAgent {
        /// The node.
        node: String,
        /// What is known of what was asked for.
        told: String,
    },
    /// There is one, and it does not answer. Worth a retry.
    #[error("the agent of node {node} (pod {pod}) does not answer: {why}")]
    Silent {
        /// The node.
        node: String,
        /// The agent's pod.
        pod: String,
        /// Why not.
        why: String,
    },
}

fn known(told: &str) -> String {
    if told.is_empty() { ": see 'kubectl rewind status'".to_owned() } else { format!("; {told}") }
}

/// What to do, where that is not plain from what the server says.
fn hint(reason: &str, message: &str) -> &'static str {
    // Kinds of our group, and the agents' namespace.
    let is_ours = message.contains("rewind.dev") || message.contains("\"rewind-");
    match reason {
        reason::FORBIDDEN if is_ours => "; ask for the ClusterRole rewind-viewer, bound in that namespace",
        reason::NOT_FOUND if message.contains("the server could not find the requested resource") => {
            "; is Rewind deployed in this cluster? 'kubectl rewind deploy' does it"
        }
        reason::UNAUTHORIZED => "; log in again",
        _ => "",
    }
}

impl Failure {
    /// What the client met at `server`.
    #[must_use]
    pub(crate) fn of(error: kube::Error, server: &str) -> Self {
        match error {
            kube::Error::Api(status) => Self::refused(*status),
            kube::Error::UpgradeConnection(error) => Self::Upgrade(chain(&error)),
            kube::Error::Auth(error) => Self::Kubeconfig(chain(&error)),
            other => Self::Unreachable { server: server.to_owned(), why: chain(&other) },
        }
    }

    fn refused(status: Status) -> Self {
        let Status { reason, message, code, .. } = status;
        let reason = if reason.is_empty() { code.to_string() } else { reason };
        Self::Server { reason, message }
    }

    /// Whether a connection was not upgraded; why is not known.
    #[must_use]
    pub(crate) const fn is_upgrade(&self) -> bool {
        matches!(self, Self::Upgrade(_))
    }

    /// Whether the API server says that there is no such object.
    #[must_use]
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Server { reason, .. } if reason == reason::NOT_FOUND)
    }

    /// Whether the API server says that one may not.
    #[must_use]
    pub(crate) fn is_forbidden(&self) -> bool {
        matches!(self, Self::Server { reason, .. } if reason == reason::FORBIDDEN || reason == reason::UNAUTHORIZED)
    }
}

/// The innermost cause: those around it repeat it, or say less.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(reason: &str, message: &str) -> Failure {
        Failure::refused(Status { reason: reason.into(), message: message.into(), ..Status::default() })
    }

    #[test]
    fn forbidden_reads_as_kubectl_says_it_and_names_the_role() {
        let message = r#"recordingrequests.rewind.dev is forbidden: User "ann" cannot create resource "recordingrequests" in API group "rewind.dev" in the namespace "shop""#;
        let failure = refused("Forbidden", message);
        assert!(failure.is_forbidden());
        let text = failure.to_string();
        assert_eq!(
            text,
            format!(
                "Error from server (Forbidden): {message}; ask for the ClusterRole rewind-viewer, bound in that namespace"
            )
        );
        let pods = refused("Forbidden", r#"pods is forbidden: User "ann" cannot list resource "pods""#).to_string();
        assert!(!pods.contains("rewind-viewer"), "{pods}");
    }

    #[test]
    fn an_object_that_is_not_there_reads_as_kubectl_says_it() {
        let failure = refused("NotFound", "pods \"web\" not found");
        assert_eq!(failure.to_string(), "Error from server (NotFound): pods \"web\" not found");
        assert!(failure.is_not_found());
        let missing = refused("NotFound", "the server could not find the requested resource").to_string();
        assert!(missing.contains("kubectl rewind deploy"), "{missing}");
    }

    #[test]
    fn a_node_without_an_agent_says_what_is_known_still() {
        let failure = Failure::NoAgent { node: "n1".into(), told: "it exited (1)".into() };
        assert_eq!(failure.to_string(), "no agent runs on node n1; it exited (1)");
    }
}
