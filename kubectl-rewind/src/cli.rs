//! What was typed.

use crate::error::Error;
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Subcommand};
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::time::Duration;

mod completion;
mod format;
mod help;
mod installed;
mod looks;
mod place;
mod reading;
mod source;
#[cfg(test)]
mod tests;

pub(crate) use completion::{Shell, completing};
pub(crate) use format::{ListFormat, MapFormat};
use help::{EXIT_CODES, EXIT_CODES_OF_DIFF, FILTERS, TARGETS};
pub(crate) use installed::Installed;
pub(crate) use looks::Sort;
use looks::interval;
pub(crate) use place::{ClusterFlags, Place, PodFlags};
use reading::ByWhat;
pub(crate) use reading::{Choice, DumpFormat, Dumped, OutputFormat, Reading, Switch, TopFormat, Window};
pub(crate) use source::Source;
use source::{WHOSE, whose};

const EVERYWHERE: &str = "With every command";

/// Reads what Rewind has recorded: the last system calls of every container, dead ones too.
#[derive(Debug, clap::Parser)]
#[command(version, max_term_width = 100, after_help = format!("{TARGETS}\n\n{EXIT_CODES}"))]
pub(crate) struct Cli {
    /// This host's agent.
    #[command(flatten)]
    host: place::HostFlags,
    /// A cluster.
    #[command(flatten)]
    pub cluster: ClusterFlags,
    /// No colours; NO_COLOR in the environment does the same. There are none but on a terminal.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub no_color: bool,
    /// Times in UTC, not in your own zone.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub utc: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what is recorded: living and dead containers, what of each is held.
    List {
        /// Show the crash files instead: what is kept on disk of containers that ended badly.
        #[arg(long)]
        crashes: bool,
        /// One line for each cause that they ended by: how often, since when, and when last.
        #[arg(long, requires = "crashes")]
        by_cause: bool,
        /// Of all namespaces of the cluster.
        #[arg(short = 'A', long)]
        all_namespaces: bool,
        /// How: table, wide (more columns), or json.
        #[arg(short, long, value_enum, default_value_t)]
        output: ListFormat,
    },
    /// Show how a node and its containers are doing: what is used now, and what is unusual.
    #[command(after_help = EXIT_CODES)]
    Node {
        /// The cluster's node, which may be left out where there is one; else this host.
        #[arg(value_name = "NODE")]
        name: Option<String>,
        /// How long it is looked (500ms, 2s): what is used a second is of that time.
        #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
        interval: Duration,
        /// Which containers come first: those that use most.
        #[arg(long, value_enum, default_value_t)]
        sort: Sort,
        /// How: table or json.
        #[arg(short, long, value_enum, default_value_t)]
        output: TopFormat,
    },
    /// Show a recording: what is covered, then every call that is held.
    #[command(after_help = format!("{TARGETS}\n\n{FILTERS}\n\n{EXIT_CODES}"), group = whose())]
    Dump {
        /// Whose recording.
        #[command(flatten)]
        source: Source,
        /// Which part of it.
        #[command(flatten)]
        window: Window,
        /// How: table, strace (as strace -f -o writes it), json (one object a line), otlp (OpenTelemetry's
        /// JSON: spans of the run and its processes, log records of events and calls), or perfetto (a trace that
        /// ui.perfetto.dev opens; redirect it to a file).
        #[arg(short, long, value_enum, default_value_t)]
        output: DumpFormat,
        /// What of it, and how.
        #[command(flatten)]
        reading: Reading,
    },
    /// Show calls as they are made. Ctrl-C ends it and says what was caught and what was missed.
    #[command(after_help = format!("{TARGETS}\n\n{FILTERS}\n\n{EXIT_CODES}"))]
    Trace {
        /// Whose calls.
        #[arg(required_unless_present = "selector")]
        target: Option<String>,
        /// Which of a cluster's pods.
        #[command(flatten)]
        pods: PodFlags,
        /// How: table, strace (as strace -f -o writes it), or json (one object a line).
        #[arg(short, long, value_enum, default_value_t)]
        output: OutputFormat,
        /// What of it, and how.
        #[command(flatten)]
        reading: Reading,
    },
    /// Sum a recording up: where the time went, what failed, and what stands out.
    ///
    /// Without TARGET: how this host and its containers are doing, on a terminal, again and again ('node' shows it once).
    /// Keys: q ends it, c m i e sort by CPU, memory, I/O and errors, p stops and goes on, arrows scroll.
    #[command(
        after_help = format!("{TARGETS}\n\n{FILTERS}\n\n{EXIT_CODES}"),
        group = whose().required(false),
        mut_arg("previous", |previous| previous.requires(WHOSE)),
        mut_arg("by", |by| by.requires(WHOSE)),
        mut_arg("output", |output| output.requires(WHOSE)),
        mut_group("Window", |window| window.requires(WHOSE)),
        mut_group("Choice", |choice| choice.requires(WHOSE)),
    )]
    Top {
        /// Whose recording.
        #[command(flatten)]
        source: Source,
        /// Without TARGET: how a node of the cluster is doing; else this host.
        #[arg(long, value_name = "NODE", conflicts_with = WHOSE)]
        node: Option<String>,
        /// Without TARGET: how often it is looked (500ms, 2s).
        #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval, conflicts_with = WHOSE)]
        interval: Duration,
        /// Sum up by what; both: by thread and syscall.
        #[arg(long, value_enum, default_value_t)]
        by: ByWhat,
        /// Which part of it.
        #[command(flatten)]
        window: Window,
        /// How: table or json.
        #[arg(short, long, value_enum, default_value_t)]
        output: TopFormat,
        /// What of it.
        #[command(flatten)]
        choice: Choice,
    },
    /// Say why it ended, or what is wrong with it: the likeliest cause first, and what it rests on.
    #[command(after_help = format!("{TARGETS}\n\n{EXIT_CODES}"), group = whose())]
    Why {
        /// Whose recording.
        #[command(flatten)]
        source: Source,
        /// Say below the answer how it differs from this run, a TARGET (a file, with --from); else from the run before.
        #[arg(long, value_name = "TARGET", conflicts_with_all = ["selector", "all_containers"])]
        against: Option<Option<String>>,
        /// How: table or json.
        #[arg(short, long, value_enum, default_value_t)]
        output: TopFormat,
    },
    /// Show what one run did that another did not: what failed, what it ran, whom it spoke to, and where they part.
    ///
    /// Two runs are named: two TARGETs, two files, a file and a TARGET, or one TARGET with --previous. Numbers, names of
    /// temporary files and the like are no difference, nor is how long it took.
    #[command(after_help = format!("{TARGETS}\n\n{EXIT_CODES_OF_DIFF}"))]
    Diff {
        /// Whose runs.
        #[arg(value_name = "TARGET", num_args = 0..=2)]
        targets: Vec<String>,
        /// This container of the pods; else the one that kubectl would take.
        #[arg(short = 'c', long, value_name = "NAME")]
        container: Option<String>,
        /// The run before the living or newest one, and that; of several pods each its own.
        #[arg(long, conflicts_with = "from")]
        previous: bool,
        /// Read a file, as of the other commands; of two the first is A. It comes before a TARGET.
        #[arg(long, value_name = "FILE")]
        from: Vec<PathBuf>,
        /// How: table or json.
        #[arg(short, long, value_enum, default_value_t)]
        output: TopFormat,
    },
    /// Show who talked to whom: connections, requests and lookups, how many failed, and how long they took.
    ///
    /// Without TARGET of all that lives: on this host, or in the namespace.
    #[command(after_help = format!("{TARGETS}\n\n{EXIT_CODES}"))]
    Map {
        /// Whose.
        target: Option<String>,
        /// The pods with these labels, in place of TARGET: app=web,tier!=db.
        #[arg(short = 'l', long, value_name = "LABELS", conflicts_with = "target")]
        selector: Option<String>,
        /// Pods of all namespaces.
        #[arg(short = 'A', long, conflicts_with = "target")]
        all_namespaces: bool,
        /// Read files in place of asking agents: crash files, or those that 'rewind save' has written.
        #[arg(long, value_name = "FILE", conflicts_with_all = ["target", "selector", "all_namespaces"])]
        from: Vec<PathBuf>,
        /// How: table, json, dot (for Graphviz), or mermaid.
        #[arg(short, long, value_enum, default_value_t)]
        output: MapFormat,
    },
    /// Save a recording, of a living container too, as a file that --from reads.
    #[command(after_help = format!("{TARGETS}\n\n{EXIT_CODES}"))]
    Save {
        /// Whose recording.
        #[arg(required_unless_present = "selector")]
        target: Option<String>,
        /// Which of a cluster's pods.
        #[command(flatten)]
        pods: PodFlags,
        /// The run before the living or newest one, as 'kubectl logs --previous'.
        #[arg(long)]
        previous: bool,
        /// The file; one that is there already is replaced.
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Send a saved recording or crash file to an OpenTelemetry backend: its run and processes as spans, what happened
    /// and each call as log records. What the OTEL_EXPORTER_OTLP_* variables say holds.
    #[command(after_help = format!("{FILTERS}\n\n{EXIT_CODES}"))]
    Export {
        /// The file, or where it is (s3://..., as --from takes it).
        #[arg(value_name = "FILE")]
        from: PathBuf,
        /// The backend's base URL, for OTLP over HTTP; before OTEL_EXPORTER_OTLP_ENDPOINT.
        #[arg(long, value_name = "URL")]
        endpoint: Option<String>,
        /// Which part of it.
        #[command(flatten)]
        window: Window,
        /// Which calls.
        #[command(flatten)]
        choice: Choice,
    },
    /// Switch the recording of payload (bytes of read, write, send, recv) on or off.
    #[command(after_help = format!("{TARGETS}\n\n{EXIT_CODES}"))]
    Payload {
        /// Whose.
        target: String,
        /// On or off, from now on.
        switch: Switch,
        /// Which of a cluster's pods.
        #[command(flatten)]
        pods: PodFlags,
    },
    /// Serve list, why, diff and dump to an assistant, by the Model Context Protocol over standard input and output.
    ///
    /// All of it reads, with your rights in the cluster that these flags name, or on this host.
    Mcp,
    /// Of what is installed in a cluster.
    #[command(flatten)]
    Installed(Installed),
    /// Show the versions of this plugin and of the agents.
    Version,
    /// Write the completion script for a shell, or with 'kubectl' for kubectl's own completion.
    ///
    /// kubectl completes plugins by a program of its own: write it to a file 'kubectl_complete-rewind' in your PATH and
    /// make that executable.
    Completion {
        /// Which shell, or kubectl.
        shell: Shell,
    },
}

impl Cli {
    /// Parses the command line; ends the process with 2 where it is malformed.
    #[must_use]
    pub(crate) fn from_command_line() -> Self {
        let matches = Self::command().name(program()).bin_name(program()).get_matches();
        Self::from_arg_matches(&matches).and_then(Self::checked).unwrap_or_else(|error| error.exit())
    }

    /// That two runs are named where two are compared.
    fn checked(self) -> Result<Self, clap::Error> {
        let Command::Diff { targets, previous, from, .. } = &self.command else { return Ok(self) };
        let is_two = if *previous { targets.len() == 1 } else { targets.len() + from.len() == 2 };
        let what = "name two runs: two TARGETs, TARGET --previous, or --from FILE in place of a TARGET";
        if is_two { Ok(self) } else { Err(Self::command().error(ErrorKind::WrongNumberOfValues, what)) }
    }

    /// Whose agents are asked.
    #[must_use]
    pub(crate) fn place(&self) -> Place {
        let pods = match &self.command {
            Command::List { all_namespaces, .. } => *all_namespaces,
            Command::Map { selector, all_namespaces, .. } => selector.is_some() || *all_namespaces,
            Command::Dump { source, .. } | Command::Why { source, .. } => source.pods.are_typed(),
            Command::Top { source, node, .. } => source.pods.are_typed() || node.is_some(),
            Command::Node { name, .. } => name.is_some(),
            Command::Diff { container, .. } => container.is_some(),
            Command::Trace { pods, .. } | Command::Save { pods, .. } | Command::Payload { pods, .. } => {
                pods.are_typed()
            }
            Command::Installed(_) => true,
            Command::Export { .. } | Command::Mcp | Command::Version | Command::Completion { .. } => false,
        };
        place::decide(&self.host, &self.cluster, pods, &place::Around::of_process())
    }

    /// Flags that say whose agents are asked, as they were typed.
    #[must_use]
    pub(crate) fn place_arguments(&self) -> Vec<String> {
        [self.host.arguments(), self.cluster.arguments()].concat()
    }

    /// The person's time zone.
    #[must_use]
    pub(crate) fn zone(&self) -> TimeZone {
        if self.utc { TimeZone::UTC } else { TimeZone::system() }
    }
}

/// How this program was called: as kubectl's plugin, or by its own name.
#[must_use]
pub(crate) fn program() -> &'static str {
    let first = std::env::args_os().next().unwrap_or_default();
    let is_plugin = PathBuf::from(first).file_name().is_some_and(|name| name.to_string_lossy().starts_with("kubectl-"));
    if is_plugin { "kubectl rewind" } else { "rewind" }
}

/// Writes the completion script of a shell.
///
/// # Errors
/// [`Error::Output`].
pub(crate) fn write_completion(shell: Shell) -> Result<(), Error> {
    completion::write(shell, &mut Cli::command(), &program().replace(' ', "-")).map_err(Error::Output)
}
