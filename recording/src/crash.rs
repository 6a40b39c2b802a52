//! Crash files as an agent lists them, and why each was written.

pub use crate::header::Reason;

use crate::header::{Header, Host};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All crash files of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Crashes {
    /// The node, with its clock as of now.
    pub host: Host,
    /// When the list was made: Unix time, nanoseconds.
    pub now_unix_ns: i64,
    /// The directory.
    pub directory: String,
    /// The files, in the order in which they were written.
    pub crashes: Vec<Crash>,
    /// Files that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// What they take, and what became of others.
    pub totals: Totals,
}

/// One crash file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Crash {
    /// Its number: what other requests name it by.
    pub crash: u64,
    /// Its name in the directory.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// What stands in front of its records.
    pub header: Header,
    /// Where it was sent to, as `--from` takes it; empty if it was not.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// A file that cannot be read: it is left as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Unreadable {
    /// Its name in the directory.
    pub file: String,
    /// What is wrong with it, one sentence.
    pub error: String,
}

/// Sums over all crash files. Counts are since the agent started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// What ends are kept: `failed`, `always`, `never`.
    pub when: String,
    /// Files that are there.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Most bytes that they may have.
    pub max_bytes: u64,
    /// How old one may get, seconds.
    pub max_age_s: u64,
    /// How many of one container are kept.
    pub per_container: u64,
    /// Files written.
    pub written: u64,
    /// Files removed to keep within a limit, by the limit: `age`, `bytes`, `container`, `files`; zeros left out.
    pub evicted: BTreeMap<String, u64>,
    /// Files found half-written by an agent that was killed, and removed.
    pub torn: u64,
    /// Attempts to write a file, or to use the directory, that failed.
    pub failed_writes: u64,
    /// Why the last one failed; empty once one has succeeded again.
    pub last_error: String,
    /// Files that are known to be in the object store.
    pub sent: u64,
    /// Attempts to send one that failed.
    pub failed_sends: u64,
    /// Why the last one failed; empty once one has succeeded again.
    pub last_send_error: String,
    /// Recordings that wait in memory until they can be written.
    pub waiting: u64,
    /// Of these, recordings that had to make room before.
    pub lost: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_a_later_version_is_read() {
        assert_eq!(serde_json::from_str::<Reason>("\"meteor\"").unwrap(), Reason::Other);
        assert_eq!(serde_json::to_string(&Reason::ExitCode).unwrap(), "\"exit_code\"");
    }
}
