//! How processes and threads are called: whose numbers are used, and names as text.

use crate::escape::Untrusted;

/// Whose numbers processes and threads are given by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pids {
    /// The host's.
    #[default]
    Host,
    /// Those of the process' own PID namespace.
    Container,
}

/// A thread's name, which the thread itself chooses.
#[must_use]
pub fn comm(comm: &[u8; 16]) -> Untrusted<'_> {
    let end = comm.iter().position(|byte| *byte == 0).unwrap_or(comm.len());
    Untrusted::new(comm.get(..end).unwrap_or_default())
}
