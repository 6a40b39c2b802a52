//! The cluster that this node is of: one client for all that speak to its API, made when it is first needed.
//!
//! Nothing waits for the API but what needs it: it may be away when the agent starts, or at any time later.

use futures_util::StreamExt as _;
use kube::runtime::utils::Backoff as _;
use kube::runtime::watcher::{self, DefaultBackoff, Event};
use kube::{Api, Client, Config, Resource};
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::{Notify, OnceCell};

/// How long after a first try in vain the next one is made; each pause is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How many objects are listed at a time: their whole text is in memory meanwhile.
const PAGE: u32 = 50;
/// Who waits for the API to answer again.
static WAITING: Notify = Notify::const_new();

/// The API answers somebody again: who waits for it need not wait any longer.
pub(crate) fn answers_again() {
    WAITING.notify_waiters();
}

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

    /// Gives `take` what happens to the objects of a kind, in all namespaces, for as long as the agent runs; of those
    /// alone that a field selector means, if there is one. `what` they are is for the log. While the API is away it
    /// tries again, every half minute at last, and when it answers somebody else.
    pub(crate) async fn watch<K>(&self, what: &str, fields: Option<&str>, take: impl Fn(Event<K>))
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
    {
        let api: Api<K> = Api::all(self.client().await);
        let config = watcher::Config::default().page_size(PAGE);
        let config = fields.into_iter().fold(config, |config, fields| config.fields(fields));
        let mut events = pin!(watcher::watcher(api, config));
        let mut pauses = DefaultBackoff::default();
        let mut is_away = false;
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    // The beginning of a list is no answer yet.
                    if is_away && !matches!(event, Event::Init) {
                        is_away = false;
                        pauses.reset();
                        tracing::info!(what, "the API tells of them again");
                        answers_again();
                    }
                    take(event);
                }
                Err(error) => {
                    if is_away {
                        tracing::debug!(%error, what, "the API still does not tell of them");
                    } else {
                        tracing::warn!(%error, what, "the API does not tell of them: recording goes on; trying again");
                    }
                    is_away = true;
                    // Notified or not, it is tried again.
                    let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
                    let _ = tokio::time::timeout(pause, WAITING.notified()).await;
                }
            }
        }
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
