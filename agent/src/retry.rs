//! The API server is asked again until it has answered; who asks goes on with nothing else, everybody else does.

use std::future::Future;
use std::time::Duration;

/// How long one request may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);
/// How long after the first failure it is tried again, and how long at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Does it until it is done, or cannot be: while the API server is away it waits, longer each time.
///
/// # Errors
/// What no further try would change.
pub(crate) async fn retried<T, F: Future<Output = kube::Result<T>>>(
    what: &'static str,
    mut attempt: impl FnMut() -> F,
) -> kube::Result<T> {
    let (mut wait, most) = PAUSES;
    let mut failures = 0_u32;
    loop {
        let error = match tokio::time::timeout(TIMEOUT, attempt()).await {
            Ok(Ok(done)) => {
                if failures > 0 {
                    tracing::info!(what, failures, "the API server answers again");
                    crate::cluster::answers_again();
                }
                return Ok(done);
            }
            Ok(Err(error)) if is_final(&error) => return Err(error),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {TIMEOUT:?}"),
        };
        if failures == 0 {
            tracing::warn!(what, %error, "the API server cannot be asked; it is tried again");
        }
        failures += 1;
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(most);
    }
}

/// Whether another try would end in the same way: what the API server has understood and refused.
#[must_use]
pub(crate) fn is_final(error: &kube::Error) -> bool {
    status_code(error).is_some_and(|code| (400..500).contains(&code) && ![401, 408, 429].contains(&code))
}

/// The status of the API server's answer, where there was one.
#[must_use]
pub(crate) fn status_code(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}
