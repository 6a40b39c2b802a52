//! Asks the API server for the request that is shown, and takes it. Tries are limited, refusals counted and logged.

use super::requests::{Refusal, Shown, check, check_again};
use super::rights::Grant;
use crate::bucket::Bucket;
use crate::cluster::Cluster;
use crate::retry::{TIMEOUT, status_code};
use hyper::HeaderMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::PostParams;
use rewind_resources::request::{RecordingRequest, RecordingRequestStatus};
use rewind_resources::session::RequestName;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often anybody may try in vain, and how many at once. Who comes through a port-forward comes from the pod's own
/// loopback, whoever it is.
const TRIES: (Duration, u32) = (Duration::from_millis(100), 40);
/// How often all together may.
const TRIES_OF_ALL: (Duration, u32) = (Duration::from_millis(50), 100);
/// Most peers that are told apart.
const MAX_PEERS: usize = 1024;
/// How often a request is read again that has changed while it was taken: it was renewed, most likely.
const MAX_CONFLICTS: usize = 3;
/// How often it is logged that there are too many tries.
const LOG_AGAIN: Duration = Duration::from_secs(10);

/// Lets in who has a good request.
pub(crate) struct Gate {
    cluster: Arc<Cluster>,
    tries: Mutex<Tries>,
    refused: Mutex<Refused>,
}

/// How many were refused, by reason.
#[derive(Default)]
struct Refused {
    counts: BTreeMap<Refusal, u64>,
    /// When it was logged that there are too many tries.
    logged: Option<Instant>,
}

impl Gate {
    pub(crate) fn new(cluster: Arc<Cluster>) -> Self {
        Self { cluster, tries: Mutex::new(Tries::new(Instant::now())), refused: Mutex::default() }
    }

    /// What the request grants that is shown in `headers`. One that this connection has taken before is `held`.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(super) async fn admit(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        held: Option<&Grant>,
    ) -> Result<Grant, Refusal> {
        let admitted = if lock(&self.tries).take(peer, Instant::now()) {
            self.checked(headers, held).await
        } else {
            Err(Refusal::TooMany)
        };
        match admitted {
            Ok(_) | Err(Refusal::Unreachable) => lock(&self.tries).give_back(peer),
            Err(_) => {}
        }
        admitted.inspect_err(|refusal| self.count(*refusal, peer, headers))
    }

    async fn checked(&self, headers: &HeaderMap, held: Option<&Grant>) -> Result<Grant, Refusal> {
        let shown = Shown::read(headers)?;
        if let Some(grant) = held.filter(|grant| grant.request == shown.name) {
            if !shown.secret.matches(&grant.secret_hash) {
                return Err(Refusal::Unknown);
            }
            let expires = if grant.expires > Timestamp::now() { grant.expires } else { self.again(grant).await? };
            return Ok(Grant { expires, ..grant.clone() });
        }
        for _ in 0..MAX_CONFLICTS {
            let found = self.read(&shown.name).await?;
            let grant = check(&shown, found.as_ref(), self.cluster.node(), Timestamp::now())?;
            let Some(request) = found else { return Err(Refusal::Unknown) };
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
        let found = self.read(&grant.request).await?;
        check_again(grant, found.as_ref(), Timestamp::now())
    }

    async fn read(&self, name: &RequestName) -> Result<Option<RecordingRequest>, Refusal> {
        let read = async { self.api(name).await.get_opt(&name.name).await };
        match tokio::time::timeout(TIMEOUT, read).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(unreachable(&error.to_string())),
            Err(_) => Err(unreachable("no answer in time")),
        }
    }

    /// Takes it as it was read; `false`: it has changed since.
    async fn take(&self, name: &RequestName, request: RecordingRequest) -> Result<bool, Refusal> {
        let status = Some(RecordingRequestStatus { accepted: Some(Time(Timestamp::now())) });
        let taken = RecordingRequest { status, ..request };
        let how = PostParams::default();
        let take = async { self.api(name).await.replace_status(&name.name, &how, &taken).await };
        match tokio::time::timeout(TIMEOUT, take).await {
            Ok(Ok(_)) => Ok(true),
            Ok(Err(error)) => match status_code(&error) {
                Some(409) => Ok(false),
                Some(404) => Err(Refusal::Unknown),
                _ => Err(unreachable(&error.to_string())),
            },
            Err(_) => Err(unreachable("no answer in time")),
        }
    }

    async fn api(&self, name: &RequestName) -> Api<RecordingRequest> {
        Api::namespaced(self.cluster.client().await, &name.namespace)
    }

    /// Counts a refusal, and logs it.
    pub(super) fn count(&self, refusal: Refusal, peer: IpAddr, headers: &HeaderMap) {
        let mut refused = lock(&self.refused);
        let count = refused.counts.entry(refusal).or_default();
        *count += 1;
        let (count, now) = (*count, Instant::now());
        if refusal == Refusal::TooMany {
            if refused.logged.is_some_and(|logged| now.duration_since(logged) < LOG_AGAIN) {
                return;
            }
            refused.logged = Some(now);
        }
        drop(refused);
        let request = Shown::read(headers).map_or_else(|_| "-".to_owned(), |shown| shown.name.to_string());
        tracing::warn!(reason = refusal.name(), count, %peer, %request, "refused at the port");
    }
}

fn unreachable(error: &str) -> Refusal {
    tracing::warn!(%error, "the API server cannot be asked about a request");
    Refusal::Unreachable
}

/// Who may try how often.
struct Tries {
    all: Bucket,
    of_peers: HashMap<IpAddr, Bucket>,
}

impl Tries {
    fn new(now: Instant) -> Self {
        Self { all: Bucket::new(TRIES_OF_ALL.0, TRIES_OF_ALL.1, now), of_peers: HashMap::new() }
    }

    fn take(&mut self, peer: IpAddr, now: Instant) -> bool {
        if self.of_peers.len() >= MAX_PEERS {
            self.of_peers.retain(|_, bucket| !bucket.is_full(now));
        }
        if self.of_peers.len() >= MAX_PEERS && !self.of_peers.contains_key(&peer) {
            return false;
        }
        let own = self.of_peers.entry(peer).or_insert_with(|| Bucket::new(TRIES.0, TRIES.1, now));
        // In this order: who may not try any more takes nothing from the others.
        own.take(now) && self.all.take(now)
    }

    fn give_back(&mut self, peer: IpAddr) {
        self.all.give_back();
        self.of_peers.get_mut(&peer).into_iter().for_each(Bucket::give_back);
    }
}

fn lock<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from_bits(number))
    }

    #[test]
    fn tries_are_limited_for_each_and_for_all_together() {
        let now = Instant::now();
        let mut tries = Tries::new(now);
        let mut many = |number| (0..1000).filter(|_| tries.take(peer(number), now)).count();
        assert_eq!([many(1), many(2), many(3), many(4)], [40, 40, 20, 0]);
        assert!(tries.take(peer(4), now + Duration::from_secs(10)));
    }

    #[test]
    fn who_is_let_in_has_not_tried_in_vain() {
        let now = Instant::now();
        let mut tries = Tries::new(now);
        for _ in 0..1000 {
            assert!(tries.take(peer(1), now));
            tries.give_back(peer(1));
        }
    }

    #[test]
    fn peers_without_end_take_no_memory_without_end() {
        let now = Instant::now();
        let mut tries = Tries::new(now);
        let taken = (0..5_000).filter(|number| tries.take(peer(*number), now)).count();
        assert_eq!(taken, 100);
        assert!(tries.of_peers.len() <= MAX_PEERS);
        // After a while they are forgotten.
        assert!(tries.take(peer(7), now + Duration::from_secs(60)));
        assert!(tries.of_peers.len() < MAX_PEERS);
    }
}
