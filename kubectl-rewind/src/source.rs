//! A recording that needs no agent: a file, standard input, or an object in a store.

use crate::error::Error;
use object_store::ObjectStoreExt as _;
use rewind_recording::file;
use rewind_recording::stream::Recording;
use std::io;
use std::path::Path;
use std::time::Duration;
use url::Url;

/// What names of variables begin with that a store's own tools take.
const VARIABLES: [&str; 3] = ["aws_", "azure_", "google_"];
/// How long a store may take for all of it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Reads what `--from` names.
///
/// # Errors
/// [`Error::File`], [`Error::Store`], and what is wrong with standard input.
pub(crate) async fn read(from: &Path) -> Result<Recording, Error> {
    if from == Path::new("-") {
        return Ok(file::read(io::stdin().lock())?);
    }
    if let Some(url) = from.to_str().and_then(url) {
        return stored(&url).await;
    }
    file::open(from).map_err(|source| Error::File { path: from.to_owned(), source })
}

/// What is no path: `s3://bucket/name`. A drive's letter is no scheme.
fn url(text: &str) -> Option<Url> {
    let (scheme, _) = text.split_once("://")?;
    Url::parse(text).ok().filter(|_| scheme.len() > 1)
}

/// Reads an object, with the variables in the environment that the store's own tools take.
async fn stored(url: &Url) -> Result<Recording, Error> {
    let failed = |why: String| Error::Store { url: url.to_string(), why };
    // It is there already where something else has asked for it: that is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?.to_ascii_lowercase(), value.into_string().ok()?)))
        // A person's own `TOKEN` or `REGION` is no store's.
        .filter(|(name, _)| VARIABLES.iter().any(|prefix| name.starts_with(prefix)));
    let variables: Vec<_> = variables.collect();
    let read = async {
        let (store, path) = object_store::parse_url_opts(url, variables)?;
        store.get(&path).await?.bytes().await
    };
    let in_time = tokio::time::timeout(PATIENCE, read).await;
    let bytes = in_time.map_err(|_| failed(format!("it took longer than {} s", PATIENCE.as_secs())))?;
    let bytes = bytes.map_err(|error| failed(words(&error)))?;
    file::read(&*bytes).map_err(|error| failed(error.to_string()))
}

/// Why it cannot be read, and what to do.
fn words(error: &object_store::Error) -> String {
    use object_store::Error as Failed;
    match error {
        Failed::NotFound { .. } => "there is no such object".to_owned(),
        Failed::Unauthenticated { .. } | Failed::PermissionDenied { .. } => {
            "the store does not let you read it; its keys are taken from the environment, as AWS_ACCESS_KEY_ID"
                .to_owned()
        }
        other => {
            let mut inner: &(dyn std::error::Error + 'static) = other;
            while let Some(source) = inner.source() {
                inner = source;
            }
            inner.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_path_is_no_url() {
        for path in ["web.rewind", "/var/lib/x.rewind", r"C:\x.rewind", "c://x"] {
            assert_eq!(url(path), None, "{path}");
        }
        for text in ["s3://crashes/web.rewind", "gs://crashes/web.rewind", "file:///tmp/web.rewind"] {
            assert!(url(text).is_some(), "{text}");
        }
    }

    #[tokio::test]
    async fn an_object_that_is_not_there_is_named() {
        let error = read(Path::new("file:///nonexistent/web.rewind")).await.unwrap_err().to_string();
        assert_eq!(error, "cannot read file:///nonexistent/web.rewind: there is no such object");
        let error = read(Path::new("ftp://host/web.rewind")).await.unwrap_err().to_string();
        assert!(error.starts_with("cannot read ftp://host/web.rewind: "), "{error}");
    }
}
