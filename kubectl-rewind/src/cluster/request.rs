//! Makes, renews and deletes `RecordingRequest`s.

use super::client::Cluster;
use crate::failure::Failure;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use rewind_resources::request::{Action, LIFE_S, RecordingRequest, RecordingRequestSpec};
use rewind_resources::secret::{self, Secret};
use rewind_resources::session::RequestName;
use rewind_resources::target::Target;
use serde_json::json;
use std::time::Duration;

/// How long deleting may take at the end; what is left behind expires.
const CLEANING: Duration = Duration::from_secs(5);

/// What is asked of one agent.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// The pods' namespace.
    pub namespace: String,
    /// The node.
    pub node: String,
    /// Which pods and containers of the namespace.
    pub target: Target,
    /// What for.
    pub action: Action,
}

/// A request that stands in the cluster, and what shows that it is one's own.
#[derive(Debug)]
pub(crate) struct Made {
    /// Its name.
    pub name: RequestName,
    /// Its secret.
    pub secret: Secret,
}

/// Makes a request. It is deleted by [`delete`], or at the latest by [`delete_all`].
///
/// # Errors
/// [`Failure`]: who may not make it is told so here.
pub(crate) async fn make(cluster: &Cluster, ask: &Ask) -> Result<Made, Failure> {
    let mut random = [0; secret::BYTES];
    let drawn = getrandom::fill(&mut random);
    drawn.map_err(|error| Failure::Kubeconfig(format!("this system gives no random bytes ({error})")))?;
    let secret = Secret::of(random);
    let spec = RecordingRequestSpec {
        action: ask.action,
        target: ask.target.clone(),
        node: ask.node.clone(),
        expires: expiry(),
        secret_hash: secret.hash(),
        user: cluster.user().await?,
    };
    let mut request = RecordingRequest::new("", spec);
    request.metadata.name = None;
    request.metadata.generate_name = Some("rewind-".to_owned());
    let api: Api<RecordingRequest> = cluster.api(&ask.namespace);
    let made = cluster.answer(api.create(&PostParams::default(), &request)).await?;
    let name = RequestName { namespace: ask.namespace.clone(), name: made.metadata.name.unwrap_or_default() };
    cluster.with_open(|open| open.push(name.clone()));
    Ok(Made { name, secret })
}

/// Makes a request good for another minute.
///
/// # Errors
/// [`Failure`]: the right was taken away, or the request is gone.
pub(crate) async fn renew(cluster: &Cluster, name: &RequestName) -> Result<(), Failure> {
    let api: Api<RecordingRequest> = cluster.api(&name.namespace);
    let patch = Patch::Merge(json!({"spec": {"expires": expiry()}}));
    cluster.answer(api.patch(&name.name, &PatchParams::default(), &patch)).await.map(drop)
}

/// Deletes a request; one that is gone already is as good.
pub(crate) async fn delete(cluster: &Cluster, name: &RequestName) {
    let api: Api<RecordingRequest> = cluster.api(&name.namespace);
    cluster.with_open(|open| open.retain(|other| other != name));
    // It expires, whatever the API server says now.
    let _ = tokio::time::timeout(CLEANING, api.delete(&name.name, &DeleteParams::default())).await;
}

/// Deletes what is left, when all is done or has failed.
pub(crate) async fn delete_all(cluster: &Cluster) {
    let left = cluster.with_open(std::mem::take);
    let mut deleting = tokio::task::JoinSet::new();
    for name in left {
        let api: Api<RecordingRequest> = cluster.api(&name.namespace);
        deleting.spawn(async move { api.delete(&name.name, &DeleteParams::default()).await.map(drop) });
    }
    let _ = tokio::time::timeout(CLEANING, deleting.join_all()).await;
}

fn expiry() -> Time {
    let now = jiff::Timestamp::now();
    Time(now.checked_add(jiff::SignedDuration::from_secs(LIFE_S)).unwrap_or(now))
}
