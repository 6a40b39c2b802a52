//! Work that waits, for the kernel or the disk: it is done on a thread where it holds up no task.

use tokio::task::{JoinError, spawn_blocking};

/// Does it and waits for it, so that nothing outlives who asked.
///
/// # Errors
/// It panicked.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    spawn_blocking(work).await
}
