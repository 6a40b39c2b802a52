//! Lets in who shows a good request, and takes that. Refusals are counted, and logged now and then.

use super::lookup::{Lookup, unreachable};
use super::places::Place;
use super::requests::{Here, Refusal, check, check_again, shown};
use super::rights::Grant;
use crate::cluster::Cluster;
use crate::counts::Counts;
use crate::retry::{TIMEOUT, status_code};
use hyper::HeaderMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::PostParams;
use rewind_resources::request::{RecordingRequest, RecordingRequestStatus};
use rewind_resources::session::RequestName;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a request is read again that has changed while it was taken: it was renewed, most likely.
const MAX_CONFLICTS: usize = 3;
/// How often refusals of one kind are logged.
const LOG_AGAIN: Duration = Duration::from_secs(10);

/// Lets in who has a good request.
pub(crate) struct Gate {
    cluster: Arc<Cluster>,
    lookup: Lookup,
    counts: Arc<Counts>,
    /// When refusals of each kind were logged last.
    logged: Mutex<BTreeMap<Refusal, Instant>>,
}

impl Gate {
    pub(crate) fn new(cluster: Arc<Cluster>, counts: Arc<Counts>) -> Self {
        let lookup = Lookup::new(Arc::clone(&cluster));
        Self { cluster, lookup, counts, logged: Mutex::default() }
    }

    /// What the request grants that is shown in `headers`. One that this connection has taken before is `held`; one
    /// that it takes now makes it a reader.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(super) async fn admit(
        &self,
        headers: &HeaderMap,
        held: Option<&Grant>,
        place: &Place,
    ) -> Result<Grant, Refusal> {
        let shown = shown(headers)?;
        if let Some(grant) = held.filter(|grant| grant.request == shown.name) {
            if !shown.secret.matches(&grant.secret_hash) {
                return Err(Refusal::Unknown);
            }
            let expires = if grant.expires > Timestamp::now() { grant.expires } else { self.again(grant).await? };
            return Ok(Grant { expires, ..grant.clone() });
        }
        for _ in 0..MAX_CONFLICTS {
            let found = self.lookup.find(&shown.name).await?;
            let client = self.cluster.client().await;
            let here = Here { node: self.cluster.node(), namespace: client.default_namespace() };
            let grant = check(&shown, found.as_ref(), here, Timestamp::now())?;
            let Some(request) = found else { return Err(Refusal::Unknown) };
            // Before it is taken: who has no place may come again with it.
            place.read(&grant.user)?;
            if self.take(&shown.name, request).await? {
                tracing::info!(request = %grant.request, user = %grant.user, action = ?grant.action, target = ?grant.target, "a request was taken");
                return Ok(grant);
            }
        }
        Err(Refusal::Taken)
    }

    /// Until when a request that was taken is good, as the API server has it now.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(super) async fn again(&self, grant: &Grant) -> Result<Timestamp, Refusal> {
        let found = self.lookup.get(&grant.request).await?;
        check_again(grant, found.as_ref(), Timestamp::now())
    }

    /// Takes it as it was read; `false`: it has changed since.
    async fn take(&self, name: &RequestName, request: RecordingRequest) -> Result<bool, Refusal> {
        let status = Some(RecordingRequestStatus { accepted: Some(Time(Timestamp::now())) });
        let taken = RecordingRequest { status, ..request };
        let how = PostParams::default();
        let api: Api<RecordingRequest> = Api::namespaced(self.cluster.client().await, &name.namespace);
        match tokio::time::timeout(TIMEOUT, api.replace_status(&name.name, &how, &taken)).await {
            Ok(Ok(_)) => Ok(true),
            Ok(Err(error)) => match status_code(&error) {
                Some(409) => Ok(false),
                Some(404) => Err(Refusal::Unknown),
                _ => Err(unreachable(&error.to_string())),
            },
            Err(_) => Err(unreachable("no answer in time")),
        }
    }

    /// Counts a refusal. It is logged, too, unless one of its kind was just now.
    pub(super) fn count(&self, refusal: Refusal, peer: IpAddr, headers: Option<&HeaderMap>) {
        let count = self.counts.add(refusal.counter());
        let now = Instant::now();
        {
            let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
            let is_logged = logged.get(&refusal).is_some_and(|last| now.duration_since(*last) < LOG_AGAIN);
            if is_logged {
                return;
            }
            logged.insert(refusal, now);
        }
        let shown = headers.and_then(|headers| shown(headers).ok());
        let request = shown.map_or_else(|| "-".to_owned(), |shown| shown.name.to_string());
        tracing::warn!(reason = refusal.counter().name(), count, %peer, %request, "refused at the port");
    }
}
