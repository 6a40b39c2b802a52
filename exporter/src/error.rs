//! Why something was not sent.

use std::path::{Path, PathBuf};

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file of certificates or keys cannot be used.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The client cannot be made.
    #[error("no client for {url}: {why}")]
    Client {
        /// Where to.
        url: String,
        /// Why not.
        why: String,
    },
    /// It refused for good.
    #[error("{url} refused with {status}{}", said(body))]
    Refused {
        /// Where to.
        url: String,
        /// With what: a status of HTTP or of gRPC.
        status: String,
        /// What it said.
        body: String,
    },
    /// It was tried for as long as it may be.
    #[error("{url} could not take it: {why}; given up after {tries} tries")]
    GivenUp {
        /// Where to.
        url: String,
        /// What came of the last try.
        why: String,
        /// How many.
        tries: u32,
    },
}

fn said(body: &str) -> String {
    if body.is_empty() { String::new() } else { format!(": {body}") }
}

/// Reads a PEM file.
///
/// # Errors
/// [`ExportError::File`].
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ExportError> {
    std::fs::read(path).map_err(|error| ExportError::File { path: path.to_owned(), why: error.to_string() })
}
