//! What the diagnosis of an end said, so that a list tells of it without the records.

use crate::escape::UntrustedString;
use serde::{Deserialize, Serialize};

/// Why a container ended, in short.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Diagnosed {
    /// The likeliest cause, in one sentence.
    pub answer: UntrustedString,
    /// The class of the cause, of a closed list; `signal` or `exit` where none was found.
    pub class: UntrustedString,
    /// The same for all runs that fail by one cause: `<version>-<hash>`, of which two versions are not compared. Empty: no
    /// cause was found.
    pub fingerprint: UntrustedString,
    /// The cause without what differs from run to run, one sentence; empty where `fingerprint` is.
    pub general: UntrustedString,
    /// When this container, over all its runs, first ended by this cause as far as crash files tell: Unix time,
    /// nanoseconds.
    pub first_unix_ns: i64,
    /// How often it has by now, this end too.
    pub times: u64,
}
