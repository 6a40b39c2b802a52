//! The pods that TARGET means: living ones by their owners, those that are gone by their `Recording`s.

use super::client::Cluster;
use crate::cli::PodFlags;
use crate::error::Error;
use crate::target::TargetError;
use crate::target::pods::{Meant, Run, is_owned, last_gone};
use crate::target::typed::{OwnerKind, Typed};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::ListParams;
use kube::{Api, Resource};
use rewind_resources::group::labels;
use rewind_resources::recording::Recording;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The pods, each with its container.
    pub meant: Vec<Meant>,
    /// Where none of them has an earlier run: the pod that was there before them.
    pub before: Option<Meant>,
    /// What is worth saying: which container was taken, which pod is on no node yet.
    pub notes: Vec<String>,
}

/// Finds what TARGET or the flags mean.
///
/// # Errors
/// [`Error`]: the API server's refusals, and [`TargetError`].
pub(crate) async fn find(
    cluster: &Cluster,
    target: Option<&str>,
    flags: &PodFlags,
    previous: bool,
) -> Result<Found, Error> {
    let typed = match (target, &flags.selector) {
        (Some(target), _) => Typed::parse(target)?,
        (None, Some(selector)) => Typed::Labels(selector.clone()),
        (None, None) => return Err(Error::NoSource),
    };
    let mut found = match &typed {
        Typed::Recording(name) => return run(cluster, name).await,
        Typed::Pod(name) => pod(cluster, name, previous).await?,
        Typed::Owner(kind, name) => owner(cluster, *kind, name, previous).await?,
        Typed::Labels(selector) => by_labels(cluster, selector, flags.all_namespaces).await?,
    };
    if found.meant.is_empty() {
        let target = target.map_or_else(|| format!("-l {}", flags.selector.as_deref().unwrap_or_default()), Into::into);
        return Err(TargetError::NoPods { target }.into());
    }
    for meant in found.meant.iter_mut().chain(&mut found.before) {
        meant.run = if previous { Run::Previous } else { Run::Newest };
        if !flags.all_containers {
            found.notes.extend(meant.choose(flags.container.as_deref())?);
        }
    }
    // Of pods of one owner it is always the same.
    found.notes.dedup();
    // The last run of the pod before is the one before the first of this.
    found.before.iter_mut().for_each(|before| before.run = Run::Newest);
    Ok(found)
}

/// One `Recording`.
async fn run(cluster: &Cluster, name: &str) -> Result<Found, Error> {
    let api: Api<Recording> = cluster.api(&cluster.namespace);
    let recording = cluster.answer(api.get(name)).await?;
    Ok(Found { meant: vec![Meant::of_run(&recording)], ..Found::default() })
}

async fn pod(cluster: &Cluster, name: &str, previous: bool) -> Result<Found, Error> {
    let api: Api<Pod> = cluster.api(&cluster.namespace);
    let answer = cluster.answer(api.get(name)).await;
    let (pod, gone) = match answer {
        Ok(pod) => (Some(pod), None),
        Err(error) if error.is_not_found() => (None, Some(error)),
        Err(error) => return Err(error.into()),
    };
    if let Some(pod) = &pod
        && !previous
    {
        return Ok(living([pod].into_iter()));
    }
    let uid = pod.as_ref().and_then(|pod| pod.metadata.uid.clone());
    let kept = recordings(cluster, ListParams::default().labels(&format!("{}={name}", labels::POD))).await;
    let last = |kept: &[Recording]| last_gone(kept, |recording| Some(&recording.spec.pod_uid) != uid.as_ref());
    match (pod, kept, gone) {
        (Some(pod), kept, _) => {
            Ok(Found { before: kept.ok().and_then(|kept| last(&kept)), ..living([&pod].into_iter()) })
        }
        // That there is no such pod is what the person should read, not what else was tried.
        (None, kept, Some(gone)) => {
            let Some(last) = kept.ok().and_then(|kept| last(&kept)) else { return Err(gone.into()) };
            Ok(Found { meant: vec![last], ..Found::default() })
        }
        (None, kept, None) => kept.map(|_| Found::default()),
    }
}

async fn owner(cluster: &Cluster, kind: OwnerKind, name: &str, previous: bool) -> Result<Found, Error> {
    let namespace = &cluster.namespace;
    let (uids, gone) = match uids(cluster, kind, name).await {
        Ok(uids) => (uids, None),
        Err(Error::Cluster(error)) if error.is_not_found() => (Vec::new(), Some(error)),
        Err(error) => return Err(error),
    };
    let pods: Vec<Pod> = if uids.is_empty() {
        Vec::new()
    } else {
        let all = cluster.list(&cluster.api::<Pod>(namespace), ListParams::default()).await?;
        all.into_iter().filter(|pod| is_owned(&pod.metadata, &uids)).collect()
    };
    let mut found = living(pods.iter());
    if !found.meant.is_empty() && !previous {
        return Ok(found);
    }
    let kept = match (recordings(cluster, ListParams::default()).await, gone) {
        (Ok(kept), _) => kept,
        (Err(_), Some(gone)) => return Err(gone.into()),
        (Err(error), None) if found.meant.is_empty() => return Err(error),
        (Err(_), None) => Vec::new(),
    };
    let is_before = |recording: &Recording| {
        let owner = recording.spec.owner.as_ref();
        owner.is_some_and(|owner| owner.kind == kind.name() && owner.name == name)
            && found.meant.iter().all(|living| living.uid != recording.spec.pod_uid)
    };
    let before = last_gone(&kept, is_before);
    if found.meant.is_empty() {
        found.meant.extend(before);
    } else {
        found.before = before;
    }
    Ok(found)
}

async fn by_labels(cluster: &Cluster, selector: &str, everywhere: bool) -> Result<Found, Error> {
    let api: Api<Pod> = if everywhere { Api::all(cluster.client()) } else { cluster.api(&cluster.namespace) };
    let pods = cluster.list(&api, ListParams::default().labels(selector)).await?;
    Ok(living(pods.iter()))
}

/// Pods that are there, as what is meant.
fn living<'p>(pods: impl Iterator<Item = &'p Pod>) -> Found {
    let mut found = Found::default();
    for pod in pods {
        match Meant::of_pod(pod) {
            Some(meant) => found.meant.push(meant),
            None => {
                let name = pod.metadata.name.as_deref().unwrap_or_default();
                found.notes.push(format!("pod {name} is on no node yet: nothing of it can be recorded"));
            }
        }
    }
    found.meant.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    found
}

/// The `Recording`s of the namespace.
async fn recordings(cluster: &Cluster, params: ListParams) -> Result<Vec<Recording>, Error> {
    Ok(cluster.list(&cluster.api::<Recording>(&cluster.namespace), params).await?)
}

/// The UIDs of what the pods of an object have as their controller.
async fn uids(cluster: &Cluster, kind: OwnerKind, name: &str) -> Result<Vec<String>, Error> {
    match kind {
        OwnerKind::ReplicaSet => uid::<ReplicaSet>(cluster, name).await,
        OwnerKind::StatefulSet => uid::<StatefulSet>(cluster, name).await,
        OwnerKind::DaemonSet => uid::<DaemonSet>(cluster, name).await,
        OwnerKind::Job => uid::<Job>(cluster, name).await,
        OwnerKind::Deployment => between::<ReplicaSet>(cluster, uid::<Deployment>(cluster, name).await?).await,
        OwnerKind::CronJob => {
            let jobs = between::<Job>(cluster, uid::<CronJob>(cluster, name).await?).await?;
            // Its jobs are its runs.
            Ok(jobs.into_iter().take(1).collect())
        }
    }
}

/// The UIDs of objects that these own, the newest first.
async fn between<K>(cluster: &Cluster, owners: Vec<String>) -> Result<Vec<String>, Error>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
{
    let all = cluster.list(&cluster.api::<K>(&cluster.namespace), ListParams::default()).await?;
    let mut owned: Vec<&ObjectMeta> = all.iter().map(Resource::meta).filter(|meta| is_owned(meta, &owners)).collect();
    owned.sort_by_key(|meta| std::cmp::Reverse(meta.creation_timestamp.clone()));
    Ok(owned.into_iter().filter_map(|meta| meta.uid.clone()).collect())
}

async fn uid<K>(cluster: &Cluster, name: &str) -> Result<Vec<String>, Error>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
{
    let object = cluster.answer(cluster.api::<K>(&cluster.namespace).get(name)).await?;
    Ok(object.meta().uid.clone().into_iter().collect())
}
