//! Crash files are sent to an object store, for when the node is gone too.
//!
//! ```text
//! the directory of crash files -> those that are not known to be there -> PUT, if absent -> URL -> Recording
//! ```
//!
//! The directory is the queue: it is bounded, it outlives the agent, and nobody waits for what is sent. A file's
//! name in the store follows from its header alone ([`key`]), so that the next agent sends nothing twice. One that
//! cannot be sent holds up none of the others: it comes after those that were tried less often, for as long as it is there.
//!
//! Credentials and endpoints come from the environment, by the names that each store's own tools use
//! (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, `GOOGLE_SERVICE_ACCOUNT`, `AZURE_STORAGE_ACCOUNT_KEY`, ...).

mod key;

use crate::blocking;
use crate::crash::Keeper;
use crate::publish::Publisher;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};
use rewind_recording::file;
use rewind_recording::header::Header;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use url::Url;

/// How long after a file that could not be sent it is tried again, and how long at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(600));
/// How long one request may take; the store's own library tries again within it.
const PATIENCE: Duration = Duration::from_secs(60);
/// So many failures one after the other are the store's, not the files'.
const MAX_FAILURES: u32 = 3;

/// Why no crash files are sent.
#[derive(Debug, thiserror::Error)]
#[error("crash files cannot be sent to {url}: {source}")]
pub(crate) struct Unusable {
    url: String,
    source: Error,
}

/// Sends crash files.
pub(crate) struct Upload {
    store: Box<dyn ObjectStore>,
    /// Where it is, as `--from` takes it, without the prefix.
    base: Url,
    prefix: Path,
    cluster: String,
    keeper: Arc<Keeper>,
    written: Notify,
}

/// What came of one look through the directory.
#[derive(Debug, Default, PartialEq, Eq)]
struct Round {
    sent: u32,
    failed: u32,
}

impl Upload {
    /// To `url` (`s3://bucket/prefix`, `gs://`, `az://`, `file:///dir`), below the name of a cluster.
    ///
    /// # Errors
    /// [`Unusable`], if the URL or the environment cannot be meant; nothing is sent yet.
    pub(crate) fn new(url: &Url, cluster: &str, keeper: Arc<Keeper>) -> Result<Self, Unusable> {
        // What the HTTP client takes, as the API server's client does.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = std::env::vars().map(|(name, value)| (name.to_ascii_lowercase(), value));
        let (store, prefix) =
            object_store::parse_url_opts(url, options).map_err(|source| Unusable { url: url.to_string(), source })?;
        let mut base = url.clone();
        base.set_path("");
        Ok(Self { store, base, prefix, cluster: cluster.to_owned(), keeper, written: Notify::new() })
    }

    /// There is a new crash file.
    pub(crate) fn look(&self) {
        self.written.notify_one();
    }

    /// Sends what is there and what comes, for ever.
    pub(crate) async fn run(&self, publisher: Option<&Publisher>) {
        let (mut there, mut failures, mut wait) = (HashSet::new(), HashMap::new(), PAUSES.0);
        loop {
            let round = self.round(&mut there, &mut failures, publisher).await;
            if round.failed == 0 {
                wait = PAUSES.0;
                self.written.notified().await;
            } else {
                // New files do not wake it: the store is not asked more often because more has crashed.
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(PAUSES.1);
            }
        }
    }

    /// Sends all files that are not known to be `there`.
    async fn round(
        &self,
        there: &mut HashSet<u64>,
        failures: &mut HashMap<u64, u32>,
        publisher: Option<&Publisher>,
    ) -> Round {
        let mut numbers = self.keeper.numbers();
        there.retain(|number| numbers.contains(number));
        failures.retain(|number, _| numbers.contains(number) && !there.contains(number));
        numbers.retain(|number| !there.contains(number));
        in_order(&mut numbers, failures);
        let mut round = Round::default();
        for number in numbers {
            match self.send(number).await {
                Ok(None) => {}
                Ok(Some((header, url))) => {
                    there.insert(number);
                    round.sent += 1;
                    self.keeper.set_sent(number, &url);
                    tracing::info!(crash = number, %url, "a crash file is in the object store");
                    if let Some(publisher) = publisher {
                        publisher.tell_url(&header, url.as_str()).await;
                    }
                }
                Err(error) => {
                    round.failed += 1;
                    *failures.entry(number).or_default() += 1;
                    tracing::warn!(crash = number, %error, "a crash file cannot be sent; it is tried again");
                    self.keeper.set_not_sent(&error.to_string());
                    if round.failed >= MAX_FAILURES && round.sent == 0 {
                        return round;
                    }
                }
            }
        }
        round
    }

    /// Sends one file, unless it is there; its header and URL. `None`: it is gone here.
    async fn send(&self, number: u64) -> Result<Option<(Header, Url)>, Error> {
        let Some(path) = self.keeper.path(number) else { return Ok(None) };
        let read = blocking::run(move || {
            let bytes = std::fs::read(&path)?;
            let header = file::read_header(bytes.as_slice()).map_err(std::io::Error::other)?;
            Ok::<_, std::io::Error>((header, bytes))
        });
        let (header, bytes) = match read.await {
            Ok(Ok(read)) => read,
            // Removed meanwhile, or damaged, which the list of crash files says.
            _ => return Ok(None),
        };
        let to = key::key(&self.prefix, &self.cluster, &header);
        let done = tokio::time::timeout(PATIENCE, self.put(&to, bytes)).await;
        done.map_err(|elapsed| Error::Generic { store: "object store", source: Box::new(elapsed) })??;
        let mut url = self.base.clone();
        url.set_path(&format!("/{to}"));
        Ok(Some((header, url)))
    }

    async fn put(&self, to: &Path, bytes: Vec<u8>) -> Result<(), Error> {
        // A store that knows no conditional PUT would take it twice.
        match self.store.head(to).await {
            Ok(_) => return Ok(()),
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let how = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(to, PutPayload::from(bytes), how).await {
            Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Those that failed least often first, and of these the newest.
fn in_order(numbers: &mut [u64], failures: &HashMap<u64, u32>) {
    numbers.sort_unstable_by_key(|number| (failures.get(number).copied().unwrap_or(0), Reverse(*number)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_fail_always_hold_up_none_of_the_others() {
        let mut numbers = [1, 2, 3, 4, 5];
        in_order(&mut numbers, &HashMap::new());
        assert_eq!(numbers, [5, 4, 3, 2, 1]);
        in_order(&mut numbers, &HashMap::from([(5, 1), (4, 1), (3, 1)]));
        assert_eq!(numbers, [2, 1, 5, 4, 3]);
    }
}
