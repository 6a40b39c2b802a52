//! What can go wrong, each with its exit code.

use crate::failure::Failure;
use rewind_recording::stream::StreamError;
use std::io;
use std::path::PathBuf;

/// Why a command failed. The text is one sentence or two: what failed, on what, what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The program's own machinery could not be started.
    #[error("could not start: {0}")]
    Runtime(io::Error),
    /// What is shown could not be written. Closed output is no error that is shown.
    #[error("could not write the output: {0}")]
    Output(io::Error),
    /// There is no socket, or nobody listens on it. Worth a retry when the agent is up.
    #[cfg(unix)]
    #[error("no agent listens on {}: {source}; start it with 'rewind-agent run', or name its socket with --socket", path.display())]
    NobodyListens {
        /// The socket.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The socket belongs to somebody else.
    #[cfg(unix)]
    #[error("you may not read {}: {source}; recordings are for root: try sudo", path.display())]
    NotAllowed {
        /// The socket.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The connection broke, or what answered does not speak HTTP. Worth a retry.
    #[error("the agent {agent} did not answer {request}: {reason}")]
    NoAnswer {
        /// `on /run/rewind/agent.sock`, or `of node n1`.
        agent: String,
        /// Method and path.
        request: String,
        /// Why not.
        reason: String,
    },
    /// The agent refused.
    #[error("the agent refused {request} ({status}): {error}{}", hint_suffix(hint))]
    Refused {
        /// Method and path.
        request: String,
        /// HTTP status.
        status: u16,
        /// What it says.
        error: String,
        /// What to do; may be empty.
        hint: String,
    },
    /// What came is not what was asked for.
    #[error("the agent's answer to {request} cannot be read: {source}; do plugin and agent have the same version?")]
    Answer {
        /// Method and path.
        request: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// What came is not a recording.
    #[error("{0}")]
    Stream(#[from] StreamError),
    /// A file that cannot be read, or is no recording.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: StreamError,
    },
    /// An object that cannot be read, or is no recording.
    #[error("cannot read {url}: {why}")]
    Store {
        /// Which.
        url: String,
        /// Why not.
        why: String,
    },
    /// A file that cannot be written.
    #[error("cannot save {}: {source}", path.display())]
    Save {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The connection broke before all had come. Worth a retry.
    #[error("the recording of {0} came only in part, nothing is saved: the connection ended early; try again")]
    Torn(String),
    /// Neither TARGET nor a file was named.
    #[error("whose recording? name a container, or a file with --from")]
    NoSource,
    /// No recording is meant by TARGET.
    #[error("{0}")]
    Target(#[from] crate::target::TargetError),
    /// A dead container makes no more calls.
    #[error("{0} is dead and makes no more calls: 'rewind dump' shows its last ones")]
    Dead(String),
    /// The cluster, or an agent in it.
    #[error("{0}")]
    Cluster(#[from] Failure),
    /// Something was shown, and not all of it: what is missing has been said.
    #[error("shown in part: {silent} of {all} could not be read")]
    InPart {
        /// Pods, or nodes, that are missing.
        silent: String,
        /// How many there are.
        all: usize,
    },
    /// The manifests of this build are no manifests.
    #[error("the manifests of this build cannot be read: {0}")]
    Manifests(String),
    /// A variable of the exporter cannot be meant.
    #[error("nothing was sent: {0}")]
    Destination(#[from] rewind_exporter::Unusable),
    /// The backend did not take it.
    #[error("not all was sent: {0}")]
    Export(#[from] rewind_exporter::ExportError),
    /// The backend took it, but for some.
    #[error("sent in part: the backend rejected {count}, and says: {why}")]
    Rejected {
        /// How many spans and log records.
        count: u64,
        /// What it says.
        why: String,
    },
    /// The command is one for a cluster.
    #[error("{0} needs a cluster: name one with --context or --kubeconfig")]
    NeedsCluster(&'static str),
    /// A node is to be named.
    #[error("which node? There is an agent on {0}")]
    WhichNode(String),
    /// An assistant cannot be served.
    #[error("the Model Context Protocol: {0}")]
    Mcp(String),
    /// What changes is drawn on a terminal.
    #[error("what changes is drawn on a terminal, and this is none: 'rewind node' shows the same once")]
    NeedsTerminal,
    /// What was asked for is for a file.
    #[error("a trace is nothing for a terminal: write it to a file, as in '... -o perfetto > web.pftrace'")]
    NotForTerminals,
    /// Two runs were compared, and how they differ is shown; nothing more is said.
    #[error("they differ")]
    Differ,
    /// The person ended it; nothing more is said.
    #[error("ended by you")]
    Interrupted,
    /// What was waited for did not come.
    #[error("{0}")]
    Unready(String),
    /// This system has no Unix sockets.
    #[cfg(not(unix))]
    #[error("this system has no Unix sockets to speak to an agent by")]
    NoSockets,
}

fn hint_suffix(hint: &str) -> String {
    if hint.is_empty() { String::new() } else { format!("; {hint}") }
}

impl Error {
    /// Whether an agent does not answer, is not there, or has lost what it held.
    #[must_use]
    pub(crate) const fn is_silence(&self) -> bool {
        matches!(
            self,
            Self::NoAnswer { .. }
                | Self::Cluster(Failure::NoAgent { .. } | Failure::Silent { .. })
                | Self::Target(crate::target::TargetError::NothingHeld { .. })
        )
    }

    /// The exit code, as `--help` lists them.
    #[must_use]
    pub(crate) fn exit_code(&self) -> u8 {
        use crate::target::TargetError;
        match self {
            Self::Target(TargetError::Ambiguous { .. } | TargetError::Several { .. }) => 4,
            Self::Target(_) => 3,
            #[cfg(unix)]
            Self::NobodyListens { .. } | Self::NotAllowed { .. } => 5,
            Self::InPart { .. } | Self::Rejected { .. } => 6,
            Self::Cluster(failure) if failure.is_not_found() => 3,
            Self::Cluster(failure) if failure.is_forbidden() => 7,
            Self::Cluster(Failure::NoAgents(_) | Failure::NoAgent { .. } | Failure::Silent { .. }) => 5,
            Self::Cluster(Failure::Unreachable { .. } | Failure::Kubeconfig(_)) => 8,
            Self::Interrupted => 130,
            #[cfg(not(unix))]
            Self::NoSockets => 5,
            _ => 1,
        }
    }

    /// Whether it is to be said nowhere.
    #[must_use]
    pub(crate) const fn is_silent(&self) -> bool {
        matches!(self, Self::Interrupted | Self::Differ)
    }

    /// Whether it only says that the reader of the output has gone: `rewind dump x | head`.
    #[must_use]
    pub(crate) fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
