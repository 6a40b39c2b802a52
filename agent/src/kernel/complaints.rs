//! What the kernel side complains of, where both sides are built with the feature `log` (`cargo xtask debug`,
//! `agent-ebpf/src/complain.rs`): read now and then, and written into the agent's own log. Without it there is
//! nothing to read.

use aya::Ebpf;
use std::path::Path;

/// Where the complaints come from.
pub(super) struct Complaints(Option<Flush>);

/// Writes what has come since into the log.
type Flush = Box<dyn FnMut() + Send>;

impl Complaints {
    /// Logs what has come since the last time.
    pub(super) fn log(&mut self) {
        if let Some(flush) = &mut self.0 {
            flush();
        }
    }
}

#[cfg(not(feature = "log"))]
impl Complaints {
    /// Of programs that were just loaded.
    pub(super) fn of_loaded(_: &mut Ebpf) -> Self {
        Self(None)
    }

    /// Of a pinned program.
    pub(super) fn of_pinned(_: &Path) -> Self {
        Self(None)
    }
}

#[cfg(feature = "log")]
impl Complaints {
    /// Of programs that were just loaded.
    pub(super) fn of_loaded(ebpf: &mut Ebpf) -> Self {
        Self::of(aya_log::EbpfLogger::init(ebpf).map(|mut log| -> Flush { Box::new(move || log.flush()) }))
    }

    /// Of the pinned program at `path`; all of them share one map.
    pub(super) fn of_pinned(path: &Path) -> Self {
        let Ok(program) = aya::programs::ProgramInfo::from_pin(path) else { return Self(None) };
        let log = aya_log::EbpfLogger::init_from_id(program.id());
        Self::of(log.map(|mut log| -> Flush { Box::new(move || log.flush()) }))
    }

    fn of(flush: Result<Flush, aya_log::Error>) -> Self {
        Self(
            flush.inspect_err(|error| tracing::warn!(%error, "the kernel side does not say what it complains of")).ok(),
        )
    }
}
