//! Applies manifests, and deletes what they made.

use super::client::Cluster;
use super::manifests::Manifest;
use crate::failure::Failure;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PropagationPolicy};
use std::time::{Duration, Instant};

/// Who has set a field, as `kubectl apply --server-side` has it.
const MANAGER: &str = "kubectl-rewind";
/// How often is looked at what is waited for.
const INTERVAL: Duration = Duration::from_millis(500);
/// How long the API server may take to serve a new kind.
const KINDS: Duration = Duration::from_secs(30);
/// Where objects are checked whose namespace is not there yet.
const STANDS_IN: &str = "default";

/// Applies one object; with `dry_run` the API server only says whether it would take it.
///
/// # Errors
/// [`Failure`].
pub(crate) async fn apply(cluster: &Cluster, manifest: &Manifest, dry_run: bool) -> Result<(), Failure> {
    let mut object = manifest.object.clone();
    if dry_run && let Some(namespace) = manifest.namespace() {
        let namespaces: Api<Namespace> = Api::all(cluster.client());
        if cluster.get(&namespaces, namespace).await?.is_none() {
            object.metadata.namespace = Some(STANDS_IN.to_owned());
        }
    }
    let api = api(cluster, manifest, object.metadata.namespace.as_deref());
    // What somebody else has set by hand is set back: these are Rewind's own objects.
    let mut params = PatchParams::apply(MANAGER).force();
    params.dry_run = dry_run;
    cluster.answer(api.patch(manifest.name(), &params, &Patch::Apply(&object))).await?;
    if !dry_run && manifest.is("CustomResourceDefinition") {
        eventually(KINDS, async || Ok(cluster.get(&api, manifest.name()).await?.filter(is_served))).await?;
    }
    Ok(())
}

/// The object as it is now.
///
/// # Errors
/// [`Failure`].
pub(crate) async fn get(cluster: &Cluster, manifest: &Manifest) -> Result<Option<DynamicObject>, Failure> {
    cluster.get(&api(cluster, manifest, manifest.namespace()), manifest.name()).await
}

/// Deletes an object and waits until it is gone; `false`: it is still there. One that is gone already is as good.
///
/// # Errors
/// [`Failure`].
pub(crate) async fn delete(cluster: &Cluster, manifest: &Manifest, patience: Duration) -> Result<bool, Failure> {
    let api = api(cluster, manifest, manifest.namespace());
    let params = DeleteParams { propagation_policy: Some(PropagationPolicy::Foreground), ..DeleteParams::default() };
    match cluster.answer(api.delete(manifest.name(), &params)).await {
        Err(error) if error.is_not_found() => return Ok(true),
        answer => drop(answer?),
    }
    let gone = eventually(patience, async || match cluster.get(&api, manifest.name()).await {
        Ok(there) => Ok(there.is_none().then_some(())),
        Err(error) => Err(error),
    });
    Ok(gone.await?.is_some())
}

/// Asks until there is an answer; `None`: there was none in time.
///
/// # Errors
/// Those of `ask`.
pub(crate) async fn eventually<T>(
    patience: Duration,
    mut ask: impl AsyncFnMut() -> Result<Option<T>, Failure>,
) -> Result<Option<T>, Failure> {
    let since = Instant::now();
    loop {
        if let Some(answer) = ask().await? {
            return Ok(Some(answer));
        }
        if since.elapsed() >= patience {
            return Ok(None);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

fn api(cluster: &Cluster, manifest: &Manifest, namespace: Option<&str>) -> Api<DynamicObject> {
    match namespace {
        Some(namespace) => Api::namespaced_with(cluster.client(), namespace, &manifest.resource),
        None => Api::all_with(cluster.client(), &manifest.resource),
    }
}

/// Whether the API server serves a kind.
fn is_served(definition: &DynamicObject) -> bool {
    let conditions = definition.data["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|c| c["type"] == "Established" && c["status"] == "True")
}
