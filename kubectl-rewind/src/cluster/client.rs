//! The connection to the API server, by the kubeconfig and kubectl's flags.

use crate::cli::ClusterFlags;
use crate::failure::Failure;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::apimachinery::pkg::version::Info as Version;
use kube::api::{ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, Resource};
use rewind_resources::session::RequestName;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// How long the API server may take to take a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one answer of it may take.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Most objects asked for at once.
const PAGE: u32 = 500;

/// A cluster, as one person.
pub(crate) struct Cluster {
    client: Client,
    /// The API server's address, for errors.
    pub(super) server: String,
    /// The namespace that is meant if none is said.
    pub namespace: String,
    /// The agents' namespace.
    pub agent_namespace: String,
    user: OnceCell<String>,
    /// Requests that were made and not yet deleted.
    pub(super) open: Mutex<Vec<RequestName>>,
}

impl Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Reads the kubeconfig; talks to nobody yet.
    ///
    /// # Errors
    /// [`Failure::Kubeconfig`].
    pub(crate) async fn new(flags: &ClusterFlags) -> Result<Self, Failure> {
        let mut config = config(flags).await.map_err(Failure::Kubeconfig)?;
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        if flags.as_user.is_some() {
            config.auth_info.impersonate.clone_from(&flags.as_user);
        }
        if !flags.as_groups.is_empty() {
            if config.auth_info.impersonate.is_none() {
                return Err(Failure::Kubeconfig("--as-group needs --as".to_owned()));
            }
            config.auth_info.impersonate_groups = Some(flags.as_groups.clone());
        }
        let namespace = flags.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let client = Client::try_from(config).map_err(|error| Failure::Kubeconfig(error.to_string()))?;
        let agent_namespace = flags.agent_namespace.clone();
        Ok(Self { client, server, namespace, agent_namespace, user: OnceCell::new(), open: Mutex::default() })
    }

    /// For what has no function here.
    #[must_use]
    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Objects of a kind in a namespace.
    #[must_use]
    pub(crate) fn api<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client(), namespace)
    }

    /// Objects of a kind in all namespaces.
    #[must_use]
    pub(crate) fn everywhere<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = ()>,
    {
        Api::all(self.client())
    }

    /// All objects that are meant, page by page.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) async fn list<K>(&self, api: &Api<K>, params: ListParams) -> Result<Vec<K>, Failure>
    where
        K: Clone + DeserializeOwned + Debug,
    {
        let mut all = Vec::new();
        let mut params = params.limit(PAGE);
        loop {
            let page = self.answer(api.list(&params)).await?;
            all.extend(page.items);
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return Ok(all),
            }
        }
    }

    /// One object; `None`: there is none of that name.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) async fn get<K>(&self, api: &Api<K>, name: &str) -> Result<Option<K>, Failure>
    where
        K: Clone + DeserializeOwned + Debug,
    {
        match self.answer(api.get(name)).await {
            Err(error) if error.is_not_found() => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// The API server's address.
    #[must_use]
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// Which version the API server is of.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) async fn version(&self) -> Result<Version, Failure> {
        self.answer(self.client.apiserver_version()).await
    }

    /// Who asks, as the API server calls them.
    ///
    /// # Errors
    /// [`Failure`].
    pub(super) async fn user(&self) -> Result<String, Failure> {
        let ask = || async {
            let api: Api<SelfSubjectReview> = Api::all(self.client());
            let review = self.answer(api.create(&PostParams::default(), &SelfSubjectReview::default())).await?;
            Ok(review.status.and_then(|status| status.user_info).and_then(|user| user.username).unwrap_or_default())
        };
        self.user.get_or_try_init(ask).await.cloned()
    }

    /// Waits for the API server, but not for ever.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) async fn answer<T>(&self, asked: impl Future<Output = kube::Result<T>>) -> Result<T, Failure> {
        let silent = |_| {
            let why = format!("nothing came for {} seconds", READ_TIMEOUT.as_secs());
            Failure::Unreachable { server: self.server.clone(), why }
        };
        let answer = tokio::time::timeout(READ_TIMEOUT, asked).await.map_err(silent)?;
        answer.map_err(|error| Failure::of(error, &self.server))
    }

    /// The requests that are open, for who adds or takes one.
    pub(super) fn with_open<T>(&self, then: impl FnOnce(&mut Vec<RequestName>) -> T) -> T {
        then(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The contexts of the kubeconfig.
#[must_use]
pub(crate) fn contexts(flags: &ClusterFlags) -> Vec<String> {
    let file = flags.kubeconfig.as_ref().map_or_else(Kubeconfig::read, Kubeconfig::read_from);
    file.into_iter().flat_map(|file| file.contexts).map(|context| context.name).collect()
}

async fn config(flags: &ClusterFlags) -> Result<Config, String> {
    let options = KubeConfigOptions { context: flags.context.clone(), ..KubeConfigOptions::default() };
    let said = |error: &dyn std::fmt::Display| error.to_string();
    if let Some(path) = &flags.kubeconfig {
        let file = Kubeconfig::read_from(path).map_err(|error| said(&error))?;
        return Config::from_custom_kubeconfig(file, &options).await.map_err(|error| said(&error));
    }
    if options.context.is_some() {
        return Config::from_kubeconfig(&options).await.map_err(|error| said(&error));
    }
    // The innermost cause: of the two places that were looked at, the kubeconfig is the one that was meant.
    let meant = |error: &dyn std::error::Error| error.source().map_or_else(|| error.to_string(), ToString::to_string);
    Config::infer().await.map_err(|error| meant(&error))
}
