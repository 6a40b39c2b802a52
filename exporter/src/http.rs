//! OTLP over HTTP.

use crate::answer::{self, MAX_ANSWER, Try};
use crate::destination::{Destination, Signal};
use crate::error::{ExportError, read};
use ::http::HeaderMap;
use bytes::Bytes;
use jiff::Timestamp;
use reqwest::{Certificate, Client, Identity};
use std::path::Path;

/// A client for one destination.
#[derive(Clone)]
pub(crate) struct Http(Client);

impl Http {
    /// # Errors
    /// [`ExportError::File`], [`ExportError::Client`].
    pub(crate) fn new(destination: &Destination) -> Result<Self, ExportError> {
        let mut builder = Client::builder()
            .timeout(destination.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(crate::USER_AGENT);
        let refused =
            |path: &Path, error: reqwest::Error| ExportError::File { path: path.to_owned(), why: root(&error) };
        if destination.url.scheme() == "http" && destination.certificate.is_none() {
            // In an image without certificates there is no client else.
            builder = builder.tls_certs_only(Vec::new());
        }
        if let Some(path) = &destination.certificate {
            let certificates = Certificate::from_pem_bundle(&read(path)?).map_err(|error| refused(path, error))?;
            builder = builder.tls_certs_only(certificates);
        }
        if let Some((certificate, key)) = &destination.client {
            let both = [read(certificate)?, read(key)?].concat();
            builder = builder.identity(Identity::from_pem(&both).map_err(|error| refused(certificate, error))?);
        }
        let client = builder.build();
        client.map(Self).map_err(|error| ExportError::Client { url: destination.shown(), why: root(&error) })
    }

    /// One try.
    pub(crate) async fn once(&self, to: &Destination, signal: Signal, headers: HeaderMap, body: Bytes) -> Try {
        let mut response = match self.0.post(to.url.clone()).headers(headers).body(body).send().await {
            Ok(response) => response,
            Err(error) => return Try::Failed(root(&error)),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_ANSWER => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Ok(Some(_)) => return Try::Failed(format!("its answer is longer than {MAX_ANSWER} bytes")),
                // Half an answer of success may be one of partial success: which, only another try tells.
                Err(error) => return Try::Failed(root(&error)),
            }
        }
        let answer = answer::read(signal, to.protocol, status, &headers, &body, Timestamp::now());
        let text: String = String::from_utf8_lossy(&body).chars().filter(|char| !char.is_control()).take(200).collect();
        Try::Answered(status.to_string(), answer, text)
    }
}

/// What is at the bottom of an error: "connection refused", where the top says that a request failed.
fn root(error: &reqwest::Error) -> String {
    if error.is_timeout() { "no answer in time".to_owned() } else { crate::root(error) }
}
