//! Crash files: what there is, and each as a stream.

use super::audit::Reading;
use super::rights::Rights;
use super::{Body, Shared, encode, failed, failure, json, noted, streamed};
use crate::crash::Keeper;
use hyper::{Response, StatusCode};
use rewind_recording::file;
use std::sync::Arc;

/// All that may be seen.
pub(super) async fn list(shared: Shared, keeper: Arc<Keeper>, rights: Rights) -> Response<Body> {
    blocking(move || {
        let mut crashes = keeper.list(&shared);
        rights.narrow_crashes(&mut crashes);
        json(&crashes)
    })
    .await
}

/// One, as a recording is sent.
pub(super) async fn stream(keeper: Arc<Keeper>, rights: Rights, number: u64) -> Response<Body> {
    blocking(move || {
        let gone = || {
            let error = format!("there is no crash file {number} any more");
            failure(StatusCode::NOT_FOUND, &error, "list --crashes shows what there is")
        };
        let Some(path) = keeper.path(number) else { return gone() };
        match file::open(&path) {
            Ok(recording) if !rights.cover(&recording.header.container) => gone(),
            Ok(recording) => {
                let reading = Reading::crash(&recording.header);
                noted(streamed(encode(&recording.header, &recording.records)), reading)
            }
            // Whose it is cannot be known.
            Err(_) if matches!(rights, Rights::Request(_)) => gone(),
            Err(error) => {
                let error = format!("{}: {error}", path.display());
                failure(StatusCode::INTERNAL_SERVER_ERROR, &error, "the file is left as it is")
            }
        }
    })
    .await
}

async fn blocking(work: impl FnOnce() -> Response<Body> + Send + 'static) -> Response<Body> {
    let done = crate::blocking::run(work).await;
    done.unwrap_or_else(|_| failed())
}
