//! Who sets a container up: the threads of its runtime, before one of them becomes its first program.

/// The runtime whose thread has that name: `runc` of `runc:[2:INIT]`.
#[must_use]
pub fn runtime(comm: &str) -> &str {
    comm.split(':').next().unwrap_or(comm)
}

/// Whether a thread of that name is a container runtime's: what it does and fails to do is none of the
/// container's affairs.
#[must_use]
pub fn is_runtime(comm: &str) -> bool {
    // `runc:[2:INIT]` (libcontainer's nsexec.c), `crun`, `youki:[2:INIT]`.
    comm.starts_with("runc:[") || comm.starts_with("youki:[") || comm == "crun"
}
