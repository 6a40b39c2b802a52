//! Crash files: what there is, and each as a stream.

use super::{Body, Shared, encode, failure, json, streamed};
use crate::crash::Keeper;
use hyper::{Response, StatusCode};
use rewind_recording::file;
use std::sync::Arc;

/// All of them.
pub(super) async fn list(shared: Shared, keeper: Arc<Keeper>) -> Response<Body> {
    blocking(move || json(&keeper.list(&shared))).await
}

/// One, as a recording is sent.
pub(super) async fn stream(keeper: Arc<Keeper>, number: u64) -> Response<Body> {
    blocking(move || {
        let Some(path) = keeper.path(number) else {
            let error = format!("there is no crash file {number} any more");
            return failure(StatusCode::NOT_FOUND, &error, "list --crashes shows what there is");
        };
        match file::open(&path) {
            Ok(recording) => streamed(encode(&recording.header, &recording.records)),
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
    done.unwrap_or_else(|_| {
        failure(StatusCode::INTERNAL_SERVER_ERROR, "the agent failed over this request", "see its log")
    })
}
