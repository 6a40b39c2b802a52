//! Runs whose agent does not answer: their files are read from where their `Recording`s say that they were sent to.

use super::client::Cluster;
use crate::error::Error;
use crate::target::pods::Meant;
use crate::target::stored;
use kube::Api;
use kube::api::ListParams;
use rewind_resources::group::labels;
use rewind_resources::recording::Recording;

/// The `Recording`s of the runs that are meant, where they say where the file is.
///
/// # Errors
/// That `Recording`s may not be listed.
pub(crate) async fn of(cluster: &Cluster, meant: &Meant) -> Result<Vec<Recording>, Error> {
    let api: Api<Recording> = cluster.api(&meant.namespace);
    let of_pod = ListParams::default().labels(&format!("{}={}", labels::POD_UID, meant.uid));
    let all = cluster.list(&api, of_pod).await?;
    Ok(stored::meant(&all, meant).into_iter().cloned().collect())
}
