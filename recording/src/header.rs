//! What is said of a recording as a whole: whose it is, what it covers, what it lost.

mod diagnosed;
mod ending;
mod healthy;
mod living;
mod pod;

pub use diagnosed::Diagnosed;
pub use ending::{Cause, Ending, Oom, Sender};
pub use healthy::HealthyFailure;
pub use living::{CpuLimit, Living, ThreadState};
pub use pod::{ContainerKind, Owner, Pod, Service};

use crate::escape::UntrustedString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the format of recordings that this code writes. Older ones are read.
pub const FORMAT: u32 = 1;

/// Stands in front of the records. Times are `CLOCK_MONOTONIC` in nanoseconds (names end in `_ns`)
/// unless said otherwise. Unknown fields are ignored, missing ones are defaults, so that old and new
/// versions read each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Header {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of the agent that made it.
    pub agent_version: String,
    /// Where it was made.
    pub host: Host,
    /// Whose calls these are.
    pub container: Container,
    /// Numbers recordings of one agent's pins, from 1 on. 0: not from a ring (`record`).
    pub recording: u64,
    /// When the recording began.
    pub born_ns: u64,
    /// When the container ended: its cgroup lost its last process, or was removed; `None` while it lives.
    pub died_ns: Option<u64>,
    /// How its main process ended, as far as is known.
    pub ending: Option<Ending>,
    /// The main process, as the host numbered it; 0: not known. `None`: made by an agent that left it to the
    /// records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main_tgid: Option<u32>,
    /// What ended it so, if a signal did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Why it was written as a crash file; `None` if it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What the diagnosis said when it was written as a crash file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnosed: Option<Box<Diagnosed>>,
    /// When the ring was read.
    pub read_ns: u64,
    /// Whether payload (bytes of read, write, send, recv) was recorded.
    pub payload: bool,
    /// What the records cover.
    pub coverage: Coverage,
    /// What was lost, by name of reason (`rewind_common::loss::LossReason::name`); zeros left out.
    pub losses: BTreeMap<String, u64>,
    /// In how many arguments secrets were hidden; left out where it is none.
    #[serde(skip_serializing_if = "is_none")]
    pub redacted: u64,
    /// What this host cannot give, a sentence each.
    pub given_up: Vec<String>,
    /// Whose the cgroups are that records name besides the container's own, by id
    /// ([`crate::origin`]); those that could not be found out are left out.
    #[serde(alias = "neighbours", skip_serializing_if = "BTreeMap::is_empty")]
    pub origins: BTreeMap<u64, Origin>,
    /// What the kernel said of its threads; `None`: it has ended, or they were not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub living: Option<Living>,
    /// Names of addresses that its calls were given, as the cluster knows them: `10.96.0.12:5432` is `db.shop:5432`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub peers: BTreeMap<String, UntrustedString>,
    /// Failures of this recording that healthy runs had as well, as far as its agent knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub healthy: Vec<HealthyFailure>,
}

impl Header {
    /// When what it tells of was over, the container or the reading: Unix time, nanoseconds.
    #[must_use]
    pub fn over_unix_ns(&self) -> i64 {
        self.died_ns.unwrap_or(self.read_ns).cast_signed().saturating_add(self.host.unix_offset_ns)
    }
}

/// The host that a recording was made on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Host {
    /// `uname -n`.
    pub name: String,
    /// `x86_64` or `aarch64`: which syscall table the numbers belong to.
    pub arch: String,
    /// `uname -r`.
    pub kernel: String,
    /// Nanoseconds to add to a `CLOCK_MONOTONIC` time to get Unix time, when the ring was read.
    pub unix_offset_ns: i64,
}

/// Whose recording it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    /// The runtime's id of the container (64 hex digits for most), or the unit's or cgroup's name.
    pub id: UntrustedString,
    /// A name where one is known; may be empty.
    pub name: UntrustedString,
    /// `containerd`, `cri-o`, `docker`, `podman`, `systemd`, `rewind`, or `unknown`.
    pub runtime: UntrustedString,
    /// Path of the cgroup, from the root of the v2 hierarchy.
    pub cgroup_path: UntrustedString,
    /// Inode number of that directory.
    pub cgroup_id: u64,
    /// The pod's UID, where the path gives one; may be empty.
    pub pod_uid: UntrustedString,
    /// The pod, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<Box<Pod>>,
}

impl Container {
    /// What stays the same from one run of a container to the next: the pod, and the name (the id
    /// where there is no name).
    #[must_use]
    pub const fn identity(&self) -> (&UntrustedString, &UntrustedString) {
        (&self.pod_uid, if self.name.is_empty() { &self.id } else { &self.name })
    }
}

/// What is known of a cgroup that records name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// Whose it is.
    #[serde(flatten)]
    pub container: Container,
    /// Its recording on the same host, if it has one.
    pub recording: Option<u64>,
}

/// Why a recording was written as a crash file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The main process exited with a code other than 0.
    ExitCode,
    /// A signal ended the main process.
    Signal,
    /// The OOM killer ended the main process.
    Oom,
    /// The container ended, and how its main process did is not among the records.
    UnknownEnd,
    /// The main process exited with 0, and the agent was told to keep every end.
    Always,
    /// A process other than the main one failed in a container that lives on.
    Child,
    /// An agent of another version took over, which cannot use the ring.
    Drained,
    /// A reason that this version does not know.
    #[serde(other)]
    Other,
}

impl Reason {
    /// In a few words, to stand behind "because".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ExitCode => "its main process failed",
            Self::Oom => "the OOM killer ended its main process",
            Self::Signal => "a signal ended its main process",
            Self::UnknownEnd => "it ended, and how is not recorded",
            Self::Always => "every end is kept",
            Self::Child => "one of its processes failed, not the main one",
            Self::Drained => "an agent of another version took over",
            Self::Other => "its agent had a reason that this version does not know",
        }
    }
}

/// What the records cover. `made` = `held` + `overwritten`, exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Coverage {
    /// Calls that were recorded since the recording began.
    pub calls_made: u64,
    /// Calls that are held.
    pub calls_held: u64,
    /// Calls that newer ones have overwritten.
    pub calls_overwritten: u64,
    /// From this time on no call is missing, but for `losses`.
    pub complete_from_ns: u64,
    /// From this time on no decisive record (failed calls, opens, connects, signals, exits) is missing.
    pub decisive_from_ns: u64,
    /// From this time on no connection, request or lookup is missing. `None`: an agent wrote it that held them as calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_from_ns: Option<u64>,
    /// Start of the oldest record that is held: of those that were written, the first.
    pub oldest_ns: u64,
    /// End of the newest record that is held.
    pub newest_ns: u64,
    /// Bytes of memory that the ring takes.
    pub ring_bytes: u64,
}

impl Coverage {
    /// Until when calls may be missing: `CLOCK_MONOTONIC`, nanoseconds. 0: newer ones have overwritten none.
    #[must_use]
    pub const fn missing_until_ns(&self) -> u64 {
        if self.calls_overwritten == 0 { 0 } else { self.complete_from_ns }
    }
}

/// The first twelve digits of an id that is all hex digits, as runtimes show it; other ids whole.
#[must_use]
pub fn short_id(id: &UntrustedString) -> UntrustedString {
    let id = id.as_str();
    let is_hex = id.len() >= 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex { id.get(..12).unwrap_or(id) } else { id }.into()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}
