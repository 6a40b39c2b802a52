//! What was typed.

use crate::crash::{Limits, Policy, When};
use crate::kernel::Protocol;
use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand, ValueEnum};
use rewind_recording::api::DEFAULT_SOCKET;
use rewind_recording::render::Format;
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use url::Url;

/// Rewind's agent: a flight recorder for containers.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 this host cannot record (doctor says why). \
`record` exits as its command did, with 128+N if signal N ended it.";

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Record all containers of this host, and answer on a socket
    Run(Box<Run>),
    /// Record one command, without a daemon; print what it did at its end
    Record(Record),
    /// Say what this host offers, what is missing and what that costs, and what recording costs here
    Doctor(Doctor),
    /// Say whether an agent answers, by the exit code: for probes
    Health(Health),
    /// Take out of the kernel what `run` has left there, recordings included
    Unload(Unload),
    /// Make the calls that `doctor` measures
    #[command(name = crate::measure::WORKLOAD, hide = true)]
    Workload,
}

/// MemoryOptions.
#[derive(Clone, Debug, Args)]
pub(crate) struct MemoryOptions {
    /// Most memory of one container's ring
    #[arg(long, value_name = "SIZE", default_value = "1MiB")]
    pub ring: ByteSize,
    /// Most bytes kept of one read, write, send or recv; of one write to standard error 1024, and of a longer one the
    /// first 384 and the last 640, whatever this says
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub payload_bytes: u32,
    /// What is read of sockets: the heads of HTTP/1 messages, questions and answers of DNS; or `none`
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "http,dns")]
    pub protocols: Vec<Protocol>,
}

/// What is hidden.
#[derive(Clone, Debug, Args)]
pub(crate) struct Redaction {
    /// Hide what this regular expression finds too, or what its groups capture; may be given more than
    /// once, and in $REWIND_REDACT, one a line
    #[arg(long, value_name = "REGEX")]
    pub redact: Vec<String>,
    /// More of them, one a line
    #[arg(long, env = "REWIND_REDACT", value_name = "REGEXES", default_value = "", hide = true)]
    pub redact_lines: String,
}

impl Redaction {
    /// All patterns, wherever they were given.
    #[must_use]
    pub(crate) fn patterns(&self) -> Vec<String> {
        let lines = self.redact_lines.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned);
        self.redact.iter().cloned().chain(lines).collect()
    }
}

/// `run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The socket to answer on
    #[arg(long, env = "REWIND_SOCKET", value_name = "PATH", default_value = DEFAULT_SOCKET)]
    pub socket: PathBuf,
    /// Memory of all rings together
    #[arg(long, env = "REWIND_BUDGET", value_name = "SIZE", default_value = "64MiB")]
    pub budget: ByteSize,
    /// Of one ring and one call.
    #[command(flatten)]
    pub memory: MemoryOptions,
    /// Record systemd's units too
    #[arg(long)]
    pub units: bool,
    /// Start with payload on: record the bytes of read, write, send and recv of all containers
    #[arg(long)]
    pub payload: bool,
    /// What is hidden besides known shapes of secrets.
    #[command(flatten)]
    pub redaction: Redaction,
    /// Pins.
    #[command(flatten)]
    pub place: PinOptions,
    /// Append each decisive event of all recordings to this file as it happens, as JSON; may be given more than once
    #[arg(long, value_name = "FILE", hide = true)]
    pub event_log: Vec<PathBuf>,
    /// Pin nothing: recording ends with the agent, and its recordings are gone
    #[arg(long)]
    pub no_pins: bool,
    /// What is kept of containers that end.
    #[command(flatten)]
    pub crash: Crash,
    /// Where the host's root directory is mounted, with what is mounted there; else it is looked for at /proc/1/root
    #[arg(long, env = "REWIND_HOST_ROOT", value_name = "DIR")]
    pub host_root: Option<PathBuf>,
    /// The cluster.
    #[command(flatten)]
    pub kubernetes: Kubernetes,
}

/// This host as a node of a cluster.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Kubernetes")]
pub(crate) struct Kubernetes {
    /// Be a node's agent in a cluster: ask it whose containers these are, tell it of containers that end, and answer who shows a RecordingRequest. By the
    /// pod's service account, or $KUBECONFIG
    #[arg(long, env = "REWIND_KUBERNETES", value_parser = clap::builder::FalseyValueParser::new())]
    pub kubernetes: bool,
    /// The node's name in the API; else what this host calls itself
    #[arg(long, env = "REWIND_NODE_NAME", value_name = "NAME", value_parser = node_name)]
    pub node_name: Option<String>,
    /// The UID of the pod that the agent is in, which is not recorded
    #[arg(long, env = "REWIND_POD_UID", value_name = "UID", hide = true)]
    pub pod_uid: Option<String>,
    /// Where to answer who shows a RecordingRequest; a port-forward to the agent's pod reaches loopback
    #[arg(long, env = "REWIND_LISTEN", value_name = "ADDR:PORT", default_value_t = LOOPBACK)]
    pub listen: SocketAddr,
    /// A file of settings, read again when it changes; what stands there goes before what is typed
    #[arg(long, env = "REWIND_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// A node's name goes into a selector, where a comma would begin another.
fn node_name(text: &str) -> Result<String, String> {
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    if text.is_empty() || text.len() > 253 || !text.bytes().all(is_name) {
        return Err("a node's name is made of lower-case letters, digits, '-' and '.'".to_owned());
    }
    Ok(text.to_owned())
}

/// The port, for nobody outside of the pod but who has the right to forward it.
const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), rewind_resources::group::PORT);

/// Where programs and rings outlive the agent.
#[derive(Clone, Debug, Args)]
pub(crate) struct PinOptions {
    /// Where programs and rings are pinned, so that recording goes on without the agent: in a bpffs
    #[arg(long, env = "REWIND_PINS", value_name = "PATH", default_value = crate::kernel::pins::DEFAULT)]
    pub pins: PathBuf,
}

/// `health`.
#[derive(Debug, Args)]
pub(crate) struct Health {
    /// The socket that the agent answers on
    #[arg(long, env = "REWIND_SOCKET", value_name = "PATH", default_value = DEFAULT_SOCKET)]
    pub socket: PathBuf,
}

/// `unload`.
#[derive(Debug, Args)]
pub(crate) struct Unload {
    /// Where.
    #[command(flatten)]
    pub place: PinOptions,
    /// Stay afterwards until it is told to end, as a container of a DaemonSet has to
    #[arg(long, hide = true)]
    pub stay: bool,
}

/// Crash files.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Crash files")]
pub(crate) struct Crash {
    /// Which ends of containers are written as files
    #[arg(long, env = "REWIND_CRASH_WHEN", value_enum, value_name = "WHEN", default_value_t)]
    pub crash_when: When,
    /// Write a container's recording too when a process of it fails while the container lives on
    #[arg(long)]
    pub crash_on_child: bool,
    /// The directory; nobody but its owner can read what is in it
    #[arg(long, env = "REWIND_CRASH_DIR", value_name = "DIR", default_value = "/var/lib/rewind/crashes")]
    pub crash_dir: PathBuf,
    /// Most bytes of all crash files; the oldest go first
    #[arg(long, value_name = "SIZE", default_value = "1GiB")]
    pub crash_max_bytes: ByteSize,
    /// How old a crash file may get
    #[arg(long, value_name = "AGE", default_value = "14d", value_parser = age_s)]
    pub crash_max_age: u64,
    /// How many crash files are kept of one container, by its name
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub crash_per_container: u32,
    /// Send crash files to an object store too: s3://BUCKET/PREFIX, gs://, az://, file:///DIR. Credentials come from the
    /// environment, as the store's own tools have them
    #[arg(long, env = "REWIND_CRASH_UPLOAD", value_name = "URL")]
    pub crash_upload: Option<Url>,
    /// The cluster's name there
    #[arg(long, env = "REWIND_CLUSTER_NAME", value_name = "NAME", default_value = "default")]
    pub cluster_name: String,
}

impl Crash {
    /// What it means.
    #[must_use]
    pub(crate) fn policy(&self) -> Policy {
        let limits = Limits {
            bytes: self.crash_max_bytes.as_u64(),
            age_s: self.crash_max_age,
            per_container: self.crash_per_container as usize,
        };
        Policy { when: self.crash_when, on_child: self.crash_on_child, dir: self.crash_dir.clone(), limits }
    }
}

/// `14d`, `12h`, `1d 6h` as seconds; days have 24 hours.
fn age_s(text: &str) -> Result<u64, String> {
    let span: jiff::Span = text.parse().map_err(|error| format!("{error}; write 14d or 12h"))?;
    let seconds = span.total((jiff::Unit::Second, jiff::SpanRelativeTo::days_are_24_hours()));
    let seconds = seconds.map_err(|error| format!("{error}; write 14d or 12h"))?;
    if seconds < 1.0 { Err("it has to be a second or more".to_owned()) } else { Ok(seconds as u64) }
}

/// `record`.
#[derive(Debug, Args)]
pub(crate) struct Record {
    /// How to print the recording
    #[arg(short, long, value_enum, default_value_t = Output::Strace)]
    pub output_format: Output,
    /// Print it into a file, not to standard error
    #[arg(long, value_name = "FILE", required_if_eq("output_format", "file"))]
    pub output: Option<PathBuf>,
    /// Do not record the bytes of read, write, send and recv
    #[arg(long)]
    pub no_payload: bool,
    /// What is hidden besides known shapes of secrets.
    #[command(flatten)]
    pub redaction: Redaction,
    /// Hide nothing: the recording shows the secrets that the command handles
    #[arg(long, conflicts_with = "redact")]
    pub no_redact: bool,
    /// Most bytes of a string to print
    #[arg(short = 's', long, value_name = "N", default_value_t = 32)]
    pub string_limit: usize,
    /// Print the time of each call; twice: with microseconds; three times: as Unix time
    #[arg(short = 't', long, action = clap::ArgAction::Count)]
    pub timestamps: u8,
    /// Print how long each call took
    #[arg(short = 'T', long)]
    pub durations: bool,
    /// Print what descriptors stand for
    #[arg(short = 'y', long)]
    pub descriptors: bool,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Only look: load nothing, measure nothing
    #[arg(long)]
    pub quick: bool,
}

/// How a recording is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// As strace prints it
    Strace,
    /// As a table
    Table,
    /// As one JSON object a line
    Json,
    /// Not printed but saved whole, for `rewind dump`, `top` and `why --from FILE`; needs --output
    File,
}

impl Output {
    /// How it is printed; `None` if it is saved.
    #[must_use]
    pub(crate) const fn format(self) -> Option<Format> {
        match self {
            Self::Strace => Some(Format::Strace),
            Self::Table => Some(Format::Table),
            Self::Json => Some(Format::Json),
            Self::File => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_age_is_a_number_of_days_or_hours() {
        let ages = ["14d", "12h", "1d 6h", "90s"].map(|text| age_s(text).unwrap());
        assert_eq!(ages, [1_209_600, 43_200, 108_000, 90]);
        for text in ["", "14", "soon", "0s", "-1d"] {
            assert!(age_s(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_node_has_the_name_of_a_node() {
        let run = |line: &str| match Cli::try_parse_from(line.split(' ')).map(|cli| cli.verb) {
            Ok(Verb::Run(run)) => Some(run.kubernetes),
            _ => None,
        };
        let plain = run("rewind-agent run").unwrap();
        assert!(!plain.kubernetes && plain.pod_uid.is_none());
        let node = run("rewind-agent run --kubernetes --node-name ip-10-0-0-1.ec2.internal").unwrap();
        assert_eq!((node.kubernetes, node.node_name.as_deref()), (true, Some("ip-10-0-0-1.ec2.internal")));
        for name in ["a,metadata.namespace=x", "A", "", "a=b"] {
            assert!(run(&format!("rewind-agent run --kubernetes --node-name {name}")).is_none(), "{name}");
        }
    }

    #[test]
    fn what_ends_are_kept_can_be_chosen() {
        let policy = |line: &str| match Cli::try_parse_from(line.split(' ')).unwrap().verb {
            Verb::Run(run) => run.crash.policy(),
            _ => unreachable!(),
        };
        let default = policy("rewind-agent run");
        assert_eq!((default.when, default.on_child), (When::Failed, false));
        assert_eq!(default.limits, Limits { bytes: 1 << 30, age_s: 1_209_600, per_container: 5 });
        let chosen = policy("rewind-agent run --crash-when always --crash-dir /x --crash-max-bytes 5MiB");
        assert_eq!((chosen.when, chosen.limits.bytes), (When::Always, 5 << 20));
        assert_eq!(chosen.dir, PathBuf::from("/x"));
    }
}
