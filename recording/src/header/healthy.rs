//! What is known of a recording's failures from runs that ended well.

use crate::escape::UntrustedString;
use serde::{Deserialize, Serialize};

/// A failure of this recording that healthy runs had as well: what was counted, not what follows from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthyFailure {
    /// The program's name.
    pub program: UntrustedString,
    /// The call.
    pub call: UntrustedString,
    /// How it failed.
    pub errno: u16,
    /// The path or peer in general form; empty: nothing that is known.
    pub subject: UntrustedString,
    /// In how many healthy runs; [`Self::elsewhere`]: in how many workloads, all of another namespace as one.
    pub runs: u32,
    /// Of how many.
    pub of: u32,
    /// How often in one of them at most.
    pub times: u32,
    /// Not of the same workload: of others that run the same program.
    pub elsewhere: bool,
}
