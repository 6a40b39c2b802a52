//! What agent and plugin say to each other: HTTP/1.1 over a Unix socket.
//!
//! | request | answer |
//! |---|---|
//! | `GET /v1/version` | [`Version`] |
//! | `GET /v1/doctor` | [`Doctor`] |
//! | `GET /v1/node` | [`node::Node`]; of the Unix socket alone |
//! | `GET /v1/recordings` | [`List`] |
//! | `GET /v1/recordings/{recording}` | a stream ([`crate::stream`]): header, records, end |
//! | `GET /v1/recordings/{recording}/trace` | a stream without end: header, then records and status as they come; an end when the container dies |
//! | `GET /v1/crashes` | [`crate::crash::Crashes`] |
//! | `GET /v1/crashes/{crash}` | a stream, as of a recording |
//! | `PUT /v1/recordings/{recording}/payload` with [`Payload`] | [`Payload`], as it is now |
//!
//! `{recording}` is [`Listed::recording`], `{crash}` is [`crate::crash::Crash::crash`]. What is not answered has a status of 4xx or 5xx and the body
//! [`Failure`]. JSON fields that are not known are ignored, missing ones are defaults, so that a plugin
//! and an agent of different versions understand each other.

pub mod counter;
pub mod node;

use crate::ending::Ending;
use crate::header::{Container, Coverage, Host};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where the agent listens if nothing else is said.
pub const DEFAULT_SOCKET: &str = "/run/rewind/agent.sock";
/// `GET`: [`Version`].
pub const VERSION_PATH: &str = "/v1/version";
/// `GET`: [`Doctor`].
pub const DOCTOR_PATH: &str = "/v1/doctor";
/// `GET`: [`node::Node`].
pub const NODE_PATH: &str = "/v1/node";
/// `GET`: [`List`].
pub const RECORDINGS_PATH: &str = "/v1/recordings";
/// `GET`: [`crate::crash::Crashes`].
pub const CRASHES_PATH: &str = "/v1/crashes";
/// The content type of everything that is not a stream.
pub const JSON: &str = "application/json";

/// The path of a recording's stream.
#[must_use]
pub fn recording_path(recording: u64) -> String {
    format!("{RECORDINGS_PATH}/{recording}")
}

/// The path of a recording's live trace.
#[must_use]
pub fn trace_path(recording: u64) -> String {
    format!("{RECORDINGS_PATH}/{recording}/trace")
}

/// The path of a recording's switch for payload.
#[must_use]
pub fn payload_path(recording: u64) -> String {
    format!("{RECORDINGS_PATH}/{recording}/payload")
}

/// The path of a crash file's stream.
#[must_use]
pub fn crash_path(crash: u64) -> String {
    format!("{CRASHES_PATH}/{crash}")
}

/// Which endpoint a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// [`VERSION_PATH`].
    Version,
    /// [`DOCTOR_PATH`].
    Doctor,
    /// [`NODE_PATH`].
    Node,
    /// [`RECORDINGS_PATH`].
    Recordings,
    /// [`recording_path`].
    Recording(u64),
    /// [`trace_path`].
    Trace(u64),
    /// [`payload_path`].
    Payload(u64),
    /// [`CRASHES_PATH`].
    Crashes,
    /// [`crash_path`].
    Crash(u64),
}

impl Endpoint {
    /// The endpoint of a request's path (without query); `None` if there is none.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        if path == VERSION_PATH {
            return Some(Self::Version);
        }
        if path == DOCTOR_PATH {
            return Some(Self::Doctor);
        }
        if path == NODE_PATH {
            return Some(Self::Node);
        }
        if let Some(rest) = path.strip_prefix(CRASHES_PATH) {
            return match rest.strip_prefix('/') {
                None => rest.is_empty().then_some(Self::Crashes),
                Some(number) => digits(number).map(Self::Crash),
            };
        }
        let rest = path.strip_prefix(RECORDINGS_PATH)?;
        if rest.is_empty() {
            return Some(Self::Recordings);
        }
        let (number, rest) = rest.strip_prefix('/').map(|rest| rest.split_once('/').unwrap_or((rest, "")))?;
        let recording = digits(number)?;
        match rest {
            "" if !path.ends_with('/') => Some(Self::Recording(recording)),
            "trace" => Some(Self::Trace(recording)),
            "payload" => Some(Self::Payload(recording)),
            _ => None,
        }
    }
}

/// A number without sign or space.
fn digits(number: &str) -> Option<u64> {
    number.parse().ok().filter(|_| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Who answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Version {
    /// Version of the agent.
    pub version: String,
    /// [`crate::header::FORMAT`] of its recordings.
    pub format: u32,
    /// Its host.
    pub host: Host,
    /// What was asked of it, in annotations, and is not understood: a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
    /// What did not come about since it started, by [`counter::Counter::name`]; zeros left out.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: counter::Counts,
    /// What became of what it exports; `None`: nothing is exported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export: Option<ExportState>,
}

/// What became of `traces`, `logs` and `metrics`.
pub type ExportState = BTreeMap<String, SignalState>;

/// What became of one signal since the agent started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SignalState {
    /// Where it is sent to; empty: nowhere.
    pub endpoint: String,
    /// Spans, log records or data points that were taken.
    pub sent: u64,
    /// Bytes that wait.
    pub queue_bytes: u64,
    /// When something was taken last, Unix time; 0: never.
    pub last_success_unix_s: u64,
    /// What was not sent, by reason; zeros left out.
    pub lost: BTreeMap<String, u64>,
    /// What went wrong last; empty: nothing since the last success.
    pub error: String,
}

impl SignalState {
    /// In a line, at this Unix time.
    #[must_use]
    pub fn words(&self, now_unix_s: u64) -> String {
        let endpoint =
            if self.endpoint.is_empty() { "not exported".to_owned() } else { format!("to {}", self.endpoint) };
        let last = match self.last_success_unix_s {
            0 => "nothing taken yet".to_owned(),
            at => format!("{} sent, the last {} s ago", self.sent, now_unix_s.saturating_sub(at)),
        };
        let lost: Vec<_> = self.lost.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let lost = if lost.is_empty() { String::new() } else { format!(", not sent: {}", lost.join(", ")) };
        let error = if self.error.is_empty() { String::new() } else { format!(" ({})", self.error) };
        format!("{endpoint}: {last}, {} bytes wait{lost}{error}", self.queue_bytes)
    }
}

/// What the agent's host can give.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Doctor {
    /// The answer, in a sentence.
    pub answer: String,
    /// Whether it can record.
    pub can_record: bool,
    /// What is not as it could be.
    pub wanting: Vec<Wanting>,
}

/// A part of a host that is not as it could be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wanting {
    /// The part, in a word or two.
    pub subject: String,
    /// What was found: a sentence.
    pub what: String,
    /// What is lost: a sentence; may be empty.
    pub costs: String,
    /// What to do about it: a sentence; may be empty.
    pub remedy: String,
}

/// All recordings of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct List {
    /// The node.
    pub host: Host,
    /// When the list was made: `CLOCK_MONOTONIC`, nanoseconds.
    pub now_ns: u64,
    /// The recordings, living and dead.
    pub recordings: Vec<Listed>,
    /// Containers that live and have no recording: there was no memory left when they made their first call.
    pub refused: Vec<Container>,
    /// What they take and leave.
    pub totals: Totals,
}

/// One recording in a list. Times are `CLOCK_MONOTONIC` in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Listed {
    /// Its number: what other requests name it by.
    pub recording: u64,
    /// Whose it is.
    pub container: Container,
    /// When it began.
    pub born_ns: u64,
    /// When the container ended: its cgroup lost its last process, or was removed; `None` while it lives.
    pub died_ns: Option<u64>,
    /// How its main process ended, as far as is known.
    pub ending: Option<Ending>,
    /// What it covers.
    pub coverage: Coverage,
    /// What was lost, by name of reason; zeros left out.
    pub losses: BTreeMap<String, u64>,
    /// Whether payload is recorded.
    pub payload: bool,
}

impl Listed {
    /// Whether its container lives.
    #[must_use]
    pub const fn is_living(&self) -> bool {
        self.died_ns.is_none()
    }

    /// How many records are missing as a whole.
    #[must_use]
    pub fn records_lost(&self) -> u64 {
        use rewind_common::loss::LossReason;
        let partial = |name: &str| LossReason::ALL.iter().any(|r| r.name() == name && !r.loses_record());
        self.losses.iter().filter(|(name, _)| !partial(name)).map(|(_, count)| count).sum()
    }
}

/// What the recordings of a node take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// The node's memory budget, bytes.
    pub budget_bytes: u64,
    /// How much of it rings hold, bytes.
    pub used_bytes: u64,
    /// Rings that are free.
    pub rings_free: u64,
    /// Containers that got no ring, since the recorder was loaded.
    pub refused: u64,
    /// Cgroups named as containers that were more than can be followed: they are not recorded.
    pub unfollowed: u64,
    /// Runs of the recorder's programs that the kernel skipped, since they were loaded: each was entered
    /// again on a CPU where it was under way. A record of some container may be missing for each.
    pub missed_runs: u64,
}

/// The switch for payload (bytes of read, write, send, recv).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// Whether it is recorded.
    pub on: bool,
}

/// Why a request is not answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Failure {
    /// One sentence: what failed, on what.
    pub error: String,
    /// One sentence: what to do; may be empty.
    pub hint: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_is_understood() {
        for (path, endpoint) in [
            (VERSION_PATH.to_owned(), Endpoint::Version),
            (DOCTOR_PATH.to_owned(), Endpoint::Doctor),
            (NODE_PATH.to_owned(), Endpoint::Node),
            (RECORDINGS_PATH.to_owned(), Endpoint::Recordings),
            (recording_path(7), Endpoint::Recording(7)),
            (trace_path(7), Endpoint::Trace(7)),
            (payload_path(u64::MAX), Endpoint::Payload(u64::MAX)),
            (CRASHES_PATH.to_owned(), Endpoint::Crashes),
            (crash_path(7), Endpoint::Crash(7)),
        ] {
            assert_eq!(Endpoint::parse(&path), Some(endpoint), "{path}");
        }
    }

    #[test]
    fn other_paths_are_refused() {
        for path in [
            "",
            "/",
            "/v1",
            "/v1/node/",
            "/v1/recordings/",
            "/v1/recordings/x",
            "/v1/recordings/+7",
            "/v1/recordings/7/",
            "/v1/recordings/7/trace/",
            "/v1/recordingsx",
            "/v1/crashes/",
            "/v1/crashes/7/",
            "/v1/crashesx",
            "/v1/recordings/99999999999999999999",
        ] {
            assert_eq!(Endpoint::parse(path), None, "{path}");
        }
    }

    #[test]
    fn shortened_arguments_are_no_lost_records() {
        let losses = [("lapped".to_owned(), 2), ("shortened_argument".to_owned(), 50), ("new_reason".to_owned(), 1)];
        let listed = Listed { losses: losses.into(), ..Listed::default() };
        assert_eq!(listed.records_lost(), 3);
    }

    #[test]
    fn lists_of_other_versions_are_read() {
        let list: Result<List, _> = serde_json::from_str(r#"{"recordings":[{"recording":3,"new":1}],"later":{}}"#);
        assert!(list.is_ok_and(|list| list.recordings[0].recording == 3));
    }
}
