//! Finds the request that is shown, at a cost that does not grow with how many ask.
//!
//! Names can be guessed without end. So many are asked for one by one; beyond that one list of the node's requests
//! answers all who have asked before it began, in the order in which they came. Who is right waits for a list, whoever
//! guesses beside, and the API server sees no more than these rates.

use super::requests::Refusal;
use crate::bucket::Bucket;
use crate::cluster::Cluster;
use crate::retry::TIMEOUT;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use rewind_resources::request::RecordingRequest;
use rewind_resources::session::RequestName;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often one is asked for by name, and how many at once.
const GETS: (Duration, u32) = (Duration::from_millis(100), 20);
/// How often they are listed.
const LISTS: Duration = Duration::from_millis(300);
/// Most that are listed: a node has as many as people read from it in a minute.
const MAX_LISTED: u32 = 2000;

/// Finds requests.
pub(super) struct Lookup {
    cluster: Arc<Cluster>,
    gets: Mutex<Bucket>,
    /// Whoever has it makes the list; it is handed on in the order in which it was asked for.
    list: tokio::sync::Mutex<List>,
}

/// The last list.
#[derive(Default)]
struct List {
    /// When the next one may begin.
    due: Option<Instant>,
    /// When this one began.
    began: Option<Instant>,
    /// What it was; `None`: the API server did not say.
    found: Option<HashMap<RequestName, RecordingRequest>>,
    /// Whether there were no more than are listed: only then what is not on it is not there.
    is_whole: bool,
}

impl Lookup {
    pub(super) fn new(cluster: Arc<Cluster>) -> Self {
        let gets = Mutex::new(Bucket::new(GETS.0, GETS.1, Instant::now()));
        Self { cluster, gets, list: tokio::sync::Mutex::default() }
    }

    /// The request of that name as the API server has it; `None`: there is none, or it is another node's.
    ///
    /// # Errors
    /// [`Refusal::Unreachable`].
    pub(super) async fn find(&self, name: &RequestName) -> Result<Option<RecordingRequest>, Refusal> {
        let may_get = self.gets.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
        if may_get { self.get(name).await } else { self.listed(name).await }
    }

    /// As [`Self::find`], asked for by name in any case.
    ///
    /// # Errors
    /// [`Refusal::Unreachable`].
    pub(super) async fn get(&self, name: &RequestName) -> Result<Option<RecordingRequest>, Refusal> {
        let api: Api<RecordingRequest> = Api::namespaced(self.cluster.client().await, &name.namespace);
        in_time(api.get_opt(&name.name)).await
    }

    async fn listed(&self, name: &RequestName) -> Result<Option<RecordingRequest>, Refusal> {
        let asked = Instant::now();
        let mut list = self.list.lock().await;
        if list.began.is_none_or(|began| began < asked) {
            if let Some(due) = list.due {
                tokio::time::sleep_until(due.into()).await;
            }
            // What is cancelled here has changed nothing but when the next may begin.
            let began = Instant::now();
            list.due = Some(began + LISTS);
            let (found, is_whole) = self.all().await.ok().unzip();
            (list.began, list.found, list.is_whole) = (Some(began), found, is_whole.unwrap_or(false));
        }
        let found = list.found.as_ref().ok_or(Refusal::Unreachable)?;
        let request = found.get(name).cloned();
        if request.is_none() && !list.is_whole { Err(Refusal::Unreachable) } else { Ok(request) }
    }

    /// Those of the node, and whether these are all.
    async fn all(&self) -> Result<(HashMap<RequestName, RecordingRequest>, bool), Refusal> {
        let api: Api<RecordingRequest> = Api::all(self.cluster.client().await);
        let of_node = ListParams::default().fields(&format!("spec.node={}", self.cluster.node())).limit(MAX_LISTED);
        let found = in_time(api.list(&of_node)).await?;
        let is_whole = found.metadata.continue_.as_deref().unwrap_or_default().is_empty();
        let named = found.items.into_iter().filter_map(|request| {
            Some((RequestName { namespace: request.namespace()?, name: request.name_any() }, request))
        });
        Ok((named.collect(), is_whole))
    }
}

async fn in_time<T>(asked: impl Future<Output = kube::Result<T>>) -> Result<T, Refusal> {
    match tokio::time::timeout(TIMEOUT, asked).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(unreachable(&error.to_string())),
        Err(_) => Err(unreachable("no answer in time")),
    }
}

pub(super) fn unreachable(error: &str) -> Refusal {
    tracing::warn!(%error, "the API server cannot be asked about a request");
    Refusal::Unreachable
}
