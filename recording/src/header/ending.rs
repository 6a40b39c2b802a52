//! How a container ended, as its header says it.

use crate::decode::signal_name;
use crate::escape::UntrustedString;
use serde::{Deserialize, Serialize};

/// The end of a main process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ending {
    /// When its last thread ended: `CLOCK_MONOTONIC`, nanoseconds.
    pub at_ns: u64,
    /// The process, as the host numbered it.
    pub tgid: u32,
    /// What it exited with, unless a signal ended it.
    pub exit_code: Option<u8>,
    /// The signal that ended it.
    pub signal: Option<u8>,
    /// Whether its memory was dumped.
    pub core_dumped: bool,
    /// Whether the OOM killer had chosen it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub oom_killed: bool,
}

/// What ended a main process that a signal ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cause {
    /// Who sent the signal, where that is recorded.
    pub sender: Option<Sender>,
    /// The OOM killer's figures, if it had chosen the process.
    pub oom: Option<Oom>,
}

/// Who sent a signal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sender {
    /// The process, as the host numbered it; where the kernel sent it, what ran meanwhile.
    pub tgid: u32,
    /// Its name.
    pub comm: UntrustedString,
    /// Its cgroup: [`crate::header::Header::origins`] has whose that is.
    pub cgroup_id: u64,
    /// Whether the kernel sent it.
    pub by_kernel: bool,
}

/// What the OOM killer saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Oom {
    /// The victim's memory without a file, bytes.
    pub anon_bytes: u64,
    /// Its memory that files stand behind, bytes.
    pub file_bytes: u64,
    /// Its shared memory, bytes.
    pub shmem_bytes: u64,
    /// What the memory cgroup held that was nearest to its limit, bytes.
    pub usage_bytes: u64,
    /// That limit, bytes; 0: there was none.
    pub limit_bytes: u64,
    /// The process that asked for more, as the host numbered it.
    pub trigger_tgid: u32,
    /// Its name.
    pub trigger_comm: UntrustedString,
}

impl Ending {
    /// In a few words: `exited with 1`, `killed by SIGSEGV (core dumped)`, `killed by the OOM killer`.
    #[must_use]
    pub fn words(&self) -> String {
        match (self.exit_code, self.signal) {
            (Some(code), _) => format!("exited with {code}"),
            _ if self.oom_killed => "killed by the OOM killer".to_owned(),
            (None, Some(signal)) => {
                let name = signal_name(u32::from(signal)).unwrap_or_else(|| format!("signal {signal}"));
                format!("killed by {name}{}", if self.core_dumped { " (core dumped)" } else { "" })
            }
            (None, None) => "ended".to_owned(),
        }
    }

    /// In two words, as runtimes show it: `exited (1)`, `killed (SIGKILL)`, `killed (OOM)`.
    #[must_use]
    pub fn short(&self) -> String {
        match (self.exit_code, self.signal) {
            (Some(code), _) => format!("exited ({code})"),
            _ if self.oom_killed => "killed (OOM)".to_owned(),
            (None, Some(signal)) => {
                let number = || signal.to_string();
                format!("killed ({})", signal_name(u32::from(signal)).unwrap_or_else(number))
            }
            (None, None) => "dead".to_owned(),
        }
    }

    /// Whether it ended as programs end that have nothing to complain of.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.exit_code == Some(0)
    }
}
