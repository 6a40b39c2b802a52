//! The cluster that this node is of: one client for all that speak to its API, made when it is first needed.
//!
//! Nothing waits for the API but what needs it: it may be away when the agent starts, or at any time later.

use kube::{Client, Config};
use std::time::Duration;
use tokio::sync::OnceCell;

/// How long after a first try in vain the next one is made; each pause is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// Neither a kubeconfig nor a pod's service account. It may come: worth a retry.
    #[error("no access to a cluster's API is configured: {0}")]
    Config(#[from] kube::config::InferConfigError),
    /// What is configured cannot be used.
    #[error("the configured access to the cluster's API cannot be used: {0}")]
    Client(#[from] kube::Error),
}

/// The cluster's API, as an agent of one node needs it.
pub(crate) struct Cluster {
    node: String,
    client: OnceCell<Client>,
}

impl Cluster {
    /// As the agent of a node.
    #[must_use]
    pub(crate) const fn of_node(node: String) -> Self {
        Self { node, client: OnceCell::const_new() }
    }

    /// The name of this node in the API.
    #[must_use]
    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    /// The client, by the pod's service account or `KUBECONFIG`; as soon as one of them is there. Connections are
    /// made when something is asked.
    pub(crate) async fn client(&self) -> Client {
        self.client.get_or_init(configured).await.clone()
    }
}

async fn configured() -> Client {
    let mut pause = FIRST_PAUSE;
    loop {
        match once().await {
            Ok(client) => return client,
            Err(error) => tracing::warn!(%error, pause_s = pause.as_secs(), "trying again"),
        }
        tokio::time::sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

async fn once() -> Result<Client, Error> {
    let config = Config::infer().await?;
    Ok(Client::try_from(config)?)
}
