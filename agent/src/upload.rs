//! Crash files are sent to an object store, for when the node is gone too.
//!
//! ```text
//! the directory of crash files -> those that are not known to be there -> PUT, if absent -> URL -> Recording
//! ```
//!
//! The directory is the queue: it is bounded, it outlives the agent, and nobody waits for what is sent. A file's
//! name in the store follows from its header alone ([`key`]), so that the next agent sends nothing twice. One that
//! cannot be sent, or hangs, holds up none of the others ([`plan`]), and neither does an API server that is away.
//!
//! Credentials and endpoints come from the environment, by the names that each store's own tools use
//! (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, `GOOGLE_SERVICE_ACCOUNT`, `AZURE_STORAGE_ACCOUNT_KEY`, ...).

mod key;
mod plan;

use crate::blocking;
use crate::counts::Counts;
use crate::crash::Keeper;
use crate::publish::Publisher;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};
use plan::Plan;
use rewind_recording::api::counter::Counter;
use rewind_recording::file;
use rewind_recording::header::Header;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use url::Url;

/// What names of variables begin with that a store's own tools take.
const VARIABLES: [&str; 3] = ["aws_", "azure_", "google_"];
/// How long one request may take; the store's own library tries again within it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Most files at a time: one that hangs holds up none of the others. Each is in memory meanwhile.
pub(crate) const LANES: usize = 2;

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
    counts: Arc<Counts>,
    plan: Mutex<Plan>,
    written: Notify,
}

impl Upload {
    /// To `url` (`s3://bucket/prefix`, `gs://`, `az://`, `file:///dir`), below the name of a cluster.
    ///
    /// # Errors
    /// [`Unusable`], if the URL or the environment cannot be meant; nothing is sent yet.
    pub(crate) fn new(url: &Url, cluster: &str, keeper: Arc<Keeper>, counts: Arc<Counts>) -> Result<Self, Unusable> {
        // What the HTTP client takes, as the API server's client does.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A program's own `TOKEN` or `REGION` is nobody's.
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?.to_ascii_lowercase(), value.into_string().ok()?))
            })
            .filter(|(name, _)| VARIABLES.iter().any(|prefix| name.starts_with(prefix)));
        let mut options: Vec<_> = variables.collect();
        let opened = object_store::parse_url_opts(url, options.clone()).or_else(|error| {
            // Where there are no certificates there is no client for HTTPS, and none for HTTP without this.
            options.push(("disable_system_certificates".to_owned(), "true".to_owned()));
            let opened = object_store::parse_url_opts(url, options).map_err(|_| error)?;
            tracing::warn!("there are no certificates here (see SSL_CERT_FILE): no object store is trusted over HTTPS");
            Ok(opened)
        });
        let (store, prefix) = opened.map_err(|source| Unusable { url: url.to_string(), source })?;
        let mut base = url.clone();
        base.set_path("");
        Ok(Self {
            store,
            base,
            prefix,
            cluster: cluster.to_owned(),
            keeper,
            counts,
            plan: Mutex::default(),
            written: Notify::new(),
        })
    }

    /// There is a new crash file.
    pub(crate) fn look(&self) {
        self.written.notify_one();
    }

    /// Sends what is there and what comes, for ever: one lane of [`LANES`].
    pub(crate) async fn run(&self, publisher: Option<&Publisher>) {
        loop {
            let now = Instant::now();
            let taken = self.plan().take(&self.keeper.numbers(), now);
            let Some(number) = taken else {
                let due = self.plan().due(now).map(tokio::time::Instant::from_std);
                tokio::select! {
                    () = self.written.notified() => {}
                    () = tokio::time::sleep_until(due.unwrap_or_else(tokio::time::Instant::now)), if due.is_some() => {}
                }
                continue;
            };
            // There may be more: that is for another lane.
            self.written.notify_one();
            let sent = self.send(number).await;
            if let (Some((header, url)), Some(publisher)) = (self.note(number, sent), publisher) {
                publisher.tell_url(header, url.to_string());
            }
        }
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what came of a file; what there is to tell.
    fn note(&self, number: u64, sent: Result<Option<(Header, Url)>, Error>) -> Option<(Header, Url)> {
        match sent {
            Ok(None) => self.plan().never(number),
            Ok(Some((header, url))) => {
                self.plan().sent(number, Instant::now());
                self.keeper.set_sent(number, &url);
                tracing::info!(crash = number, %url, "a crash file is in the object store");
                return Some((header, url));
            }
            Err(error) => {
                self.plan().failed(number, Instant::now());
                tracing::warn!(crash = number, %error, "a crash file cannot be sent; it is tried again");
                self.counts.add(Counter::UploadsFailed);
                self.keeper.set_not_sent(&error.to_string());
            }
        }
        None
    }

    /// Sends one file, unless it is there; its header and URL. `None`: it is gone here.
    async fn send(&self, number: u64) -> Result<Option<(Header, Url)>, Error> {
        let Some(path) = self.keeper.path(number) else { return Ok(None) };
        let read = blocking::run(move || {
            let bytes = match std::fs::read(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                read => read?,
            };
            // What is damaged the list of crash files says.
            Ok::<_, std::io::Error>(file::read_header(bytes.as_slice()).ok().map(|header| (header, bytes)))
        });
        let read = read.await.map_err(|error| not_read(Box::new(error)))?;
        let Some((header, bytes)) = read.map_err(|error| not_read(Box::new(error)))? else { return Ok(None) };
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

fn not_read(source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Generic { store: "crash files", source }
}
