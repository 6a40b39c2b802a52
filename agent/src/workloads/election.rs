//! The Lease is asked of the API, and written into it.
//!
//! The Lease is a part of the manifests: an agent may get and update that one, and make none. Who does not hold it looks
//! every 15 to 30 s, not every two as few candidates would: there is one on each node. So the next writer follows one that
//! died within a minute, and one that ended well within half of it.

use super::lease::{Candidate, HOLDS_S};
use crate::clock;
use crate::cluster::Cluster;
use crate::retry::{TIMEOUT, status_code};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::PostParams;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// Its name, in the agents' namespace.
const LEASE: &str = "rewind-cluster-metrics";
/// How often who holds it says so.
const RENEW: Duration = Duration::from_secs(5);
/// How long after a renewal in vain it is tried again.
const RETRY: Duration = Duration::from_secs(2);
/// How long after the last renewal who held it gives up: before others may take it.
const GIVE_UP_NS: u64 = 10_000_000_000;
/// How long a release may take: the agent ends meanwhile.
const RELEASE: Duration = Duration::from_secs(2);

/// One candidate of many.
pub(super) struct Election {
    leases: Api<Lease>,
    candidate: Candidate,
    holds_until_ns: watch::Sender<u64>,
    is_refused: bool,
}

impl Election {
    /// As the agent of this node, of which there is one: the next one goes on where it was. Until which time of the kernel
    /// side's clock it is sure to hold the Lease is noted; 0: it does not.
    pub(super) async fn of(cluster: &Cluster, holds_until_ns: watch::Sender<u64>) -> Self {
        let candidate = Candidate::named(cluster.node().to_owned());
        let leases = Api::default_namespaced(cluster.client().await);
        Self { leases, candidate, holds_until_ns, is_refused: false }
    }

    /// Waits until the Lease is this one's.
    pub(super) async fn won(&mut self) {
        while !self.holds(TIMEOUT).await.unwrap_or(false) {
            let holds = Duration::from_secs(u64::from(HOLDS_S.unsigned_abs()));
            sleep(holds + part_of(holds)).await;
        }
        tracing::info!(lease = LEASE, "this agent tells of the cluster's workloads");
    }

    /// Renews the Lease until it is another's, or may be.
    pub(super) async fn lost(&mut self) {
        let mut pause = RENEW;
        loop {
            sleep(pause).await;
            let left_ns = self.holds_until_ns.borrow().saturating_sub(clock::now_ns());
            if left_ns == 0 {
                break;
            }
            pause = match self.holds(TIMEOUT.min(Duration::from_nanos(left_ns))).await {
                Some(true) => RENEW,
                Some(false) => break,
                None => RETRY,
            };
        }
        self.holds_until_ns.send_replace(0);
        tracing::info!(lease = LEASE, "another agent may tell of the cluster's workloads");
    }

    /// Leaves it to the next one.
    pub(super) async fn release(&self) {
        if *self.holds_until_ns.borrow() == 0 {
            return;
        }
        let released = async {
            let lease = self.leases.get(LEASE).await?;
            let spec = self.candidate.released(&lease.spec.clone().unwrap_or_default(), Timestamp::now());
            let Some(spec) = spec else { return Ok(()) };
            self.leases.replace(LEASE, &PostParams::default(), &Lease { spec: Some(spec), ..lease }).await.map(drop)
        };
        let done: Result<kube::Result<()>, _> = timeout(RELEASE, released).await;
        if !matches!(done, Ok(Ok(()))) {
            tracing::debug!(lease = LEASE, "it was not released: another agent waits until it runs out");
        }
        self.holds_until_ns.send_replace(0);
    }

    /// Takes or renews it, if that may be; whether it is this one's then. `None`: nobody knows.
    async fn holds(&mut self, patience: Duration) -> Option<bool> {
        let began_ns = clock::now_ns();
        let why = match timeout(patience, self.ask()).await {
            Ok(Ok(holds)) => {
                self.is_refused = false;
                self.holds_until_ns.send_replace(if holds { began_ns + GIVE_UP_NS } else { 0 });
                return Some(holds);
            }
            // Somebody has written it meanwhile.
            Ok(Err(error)) if status_code(&error) == Some(409) => return None,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {patience:?}"),
        };
        if !self.is_refused {
            tracing::warn!(lease = LEASE, why, "who tells of the cluster's workloads cannot be asked; trying again");
        }
        self.is_refused = true;
        None
    }

    async fn ask(&mut self) -> kube::Result<bool> {
        let lease = self.leases.get(LEASE).await?;
        let spec = lease.spec.clone().unwrap_or_default();
        let Some(spec) = self.candidate.step(&spec, clock::now_ns(), Timestamp::now()) else { return Ok(false) };
        // In place of the one that was read, and no other: it has its version.
        self.leases.replace(LEASE, &PostParams::default(), &Lease { spec: Some(spec), ..lease }).await?;
        Ok(true)
    }
}

/// A part of a time, another one in each agent.
fn part_of(time: Duration) -> Duration {
    let share = RandomState::new().hash_one(()) as f64 / u64::MAX as f64;
    time.mul_f64(share)
}
