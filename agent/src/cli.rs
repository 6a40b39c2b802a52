//! What was typed.

use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand, ValueEnum};
use rewind_recording::api::DEFAULT_SOCKET;
use rewind_recording::render::Format;
use std::ffi::OsString;
use std::path::PathBuf;

/// Rewind's agent: a flight recorder for containers.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 this host cannot record (doctor says why). \
`record` exits as its command did, with 128+N if signal N ended it.";

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Record all containers of this host, and answer on a socket
    Run(Run),
    /// Record one command, without a daemon; print what it did at its end
    Record(Record),
    /// Say what this host offers, what is missing and what that costs, and what recording costs here
    Doctor(Doctor),
    /// Make the calls that `doctor` measures
    #[command(name = crate::measure::WORKLOAD, hide = true)]
    Workload,
    /// Attach empty programs until standard input is closed: what any recorder costs
    #[command(name = crate::kernel::floor::VERB, hide = true)]
    Floor(Floor),
}

/// Memory.
#[derive(Clone, Debug, Args)]
pub struct Memory {
    /// Most memory of one container's ring
    #[arg(long, value_name = "SIZE", default_value = "1MiB")]
    pub ring: ByteSize,
    /// Most bytes kept of one read, write, send or recv
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub payload_bytes: u32,
}

/// What is hidden.
#[derive(Clone, Debug, Args)]
pub struct Redaction {
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
    pub fn patterns(&self) -> Vec<String> {
        let lines = self.redact_lines.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned);
        self.redact.iter().cloned().chain(lines).collect()
    }
}

/// `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The socket to answer on
    #[arg(long, env = "REWIND_SOCKET", value_name = "PATH", default_value = DEFAULT_SOCKET)]
    pub socket: PathBuf,
    /// Memory of all rings together
    #[arg(long, env = "REWIND_BUDGET", value_name = "SIZE", default_value = "64MiB")]
    pub budget: ByteSize,
    /// Memory of one ring and one call.
    #[command(flatten)]
    pub memory: Memory,
    /// Record systemd's units too
    #[arg(long)]
    pub units: bool,
    /// Start with payload on: record the bytes of read, write, send and recv of all containers
    #[arg(long)]
    pub payload: bool,
    /// What is hidden besides known shapes of secrets.
    #[command(flatten)]
    pub redaction: Redaction,
}

/// `record`.
#[derive(Debug, Args)]
pub struct Record {
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
pub struct Doctor {
    /// Only look: load nothing, measure nothing
    #[arg(long)]
    pub quick: bool,
}

/// `floor`.
#[derive(Debug, Args)]
pub struct Floor {
    /// The compiled programs
    #[arg(long, value_name = "PATH")]
    pub object: PathBuf,
}

/// How a recording is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
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
    pub const fn format(self) -> Option<Format> {
        match self {
            Self::Strace => Some(Format::Strace),
            Self::Table => Some(Format::Table),
            Self::Json => Some(Format::Json),
            Self::File => None,
        }
    }
}
