//! How processes and threads are called: whose numbers are used, and names as text.

use std::borrow::Cow;

/// Whose numbers processes and threads are given by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pids {
    /// The host's.
    #[default]
    Host,
    /// Those of the process' own PID namespace.
    Container,
}

/// A thread's name as text; bytes that are not UTF-8 are replaced.
#[must_use]
pub fn comm(comm: &[u8; 16]) -> Cow<'_, str> {
    let end = comm.iter().position(|byte| *byte == 0).unwrap_or(comm.len());
    String::from_utf8_lossy(comm.get(..end).unwrap_or_default())
}
