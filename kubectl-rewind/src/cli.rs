//! What was typed.

use crate::error::Error;
use clap::{Args, CommandFactory, FromArgMatches, Subcommand, ValueEnum};
use jiff::tz::TimeZone;
use rewind_recording::api::DEFAULT_SOCKET;
use rewind_recording::filter::{Calls, Filter, Pattern, Pids, When};
use rewind_recording::render::top::By;
use rewind_recording::render::{Format, Timestamps};
use std::convert::Infallible;
use std::path::PathBuf;

const TARGETS: &str = "\
TARGET is a container's id or the beginning of one, its name, its cgroup's path or the last part \
of it, #N for recording N (list -o wide), or @N for crash file N (list --crashes). Of several runs \
the living one is meant, else the last to die; --previous means the one before.";

const EVERYWHERE: &str = "With every command";

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 it failed; 2 an option or filter is malformed; 3 TARGET is unknown; \
4 TARGET is ambiguous; 5 nobody listens on the socket, or you may not use it. What --from reads \
needs no agent.";

const FILTERS: &str = "\
Filters: several values of one option are alternatives, different options must all hold. Signals \
and ends of threads are kept by --syscall, --failed and --path, as strace keeps them.";

/// Reads what Rewind has recorded: the last system calls of every container, dead ones too.
#[derive(Debug, clap::Parser)]
#[command(version, max_term_width = 100, after_help = format!("{TARGETS}\n\n{EXIT_CODES}"))]
pub(crate) struct Cli {
    /// The socket that the agent listens on.
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "PATH", env = "REWIND_SOCKET", default_value = DEFAULT_SOCKET)]
    pub socket: PathBuf,
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
        /// How: table, wide (more columns), or json.
        #[arg(short, long, value_enum, default_value_t)]
        output: ListFormat,
    },
    /// Show a recording: what is covered, then every call that is held.
    #[command(after_help = format!("{TARGETS}\n\n{FILTERS}\n\n{EXIT_CODES}"))]
    Dump {
        /// Whose recording.
        #[command(flatten)]
        source: Source,
        /// Which part of it.
        #[command(flatten)]
        window: Window,
        /// What of it, and how.
        #[command(flatten)]
        reading: Reading,
    },
    /// Show calls as they are made. Ctrl-C ends it and says what was caught and what was missed.
    #[command(after_help = format!("{TARGETS}\n\n{FILTERS}\n\n{EXIT_CODES}"))]
    Trace {
        /// Whose calls.
        target: String,
        /// What of it, and how.
        #[command(flatten)]
        reading: Reading,
    },
    /// Sum a recording up: where the time went, what failed, and what stands out.
    #[command(after_help = format!("{TARGETS}\n\n{FILTERS}\n\n{EXIT_CODES}"))]
    Top {
        /// Whose recording.
        #[command(flatten)]
        source: Source,
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
    #[command(after_help = format!("{TARGETS}\n\n{EXIT_CODES}"))]
    Why {
        /// Whose recording.
        #[command(flatten)]
        source: Source,
        /// How: table or json.
        #[arg(short, long, value_enum, default_value_t)]
        output: TopFormat,
    },
    /// Save a recording, of a living container too, as a file that --from reads.
    #[command(after_help = format!("{TARGETS}\n\n{EXIT_CODES}"))]
    Save {
        /// Whose recording.
        target: String,
        /// The run before the living or newest one, as 'kubectl logs --previous'.
        #[arg(long)]
        previous: bool,
        /// The file; one that is there already is replaced.
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Switch the recording of payload (bytes of read, write, send, recv) on or off.
    #[command(after_help = format!("{TARGETS}\n\n{EXIT_CODES}"))]
    Payload {
        /// Whose.
        target: String,
        /// On or off, from now on.
        switch: Switch,
    },
    /// Write the completion script for a shell.
    Completion {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// Where a recording comes from: an agent, or a file.
#[derive(Clone, Debug, Args)]
pub(crate) struct Source {
    /// Whose recording.
    #[arg(required_unless_present = "from")]
    pub target: Option<String>,
    /// The run before the living or newest one, as 'kubectl logs --previous'.
    #[arg(long, conflicts_with = "from")]
    pub previous: bool,
    /// Read a crash file, or one that 'rewind save' has written; - reads standard input. It needs no agent.
    #[arg(long, value_name = "FILE", conflicts_with = "target")]
    pub from: Option<PathBuf>,
}

/// Which part of a recording is read.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Window {
    /// From then on: how long before the reading (30s, 5m, 1h30m), a time of day (14:03:07), or
    /// a date and time (2026-11-21T14:03:07Z).
    #[arg(long, value_name = "TIME")]
    since: Option<When>,
    /// Up to then; as for --since.
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    /// The last N calls of those that pass the other filters (with --events, the last N events).
    #[arg(long, value_name = "N")]
    last: Option<usize>,
}

/// Which calls are shown.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Choice {
    /// Events alone, without calls: execs, forks, exits, signals and who sent them, OOM kills.
    #[arg(long, conflicts_with_all = ["failed", "syscalls", "paths"])]
    events: bool,
    /// Calls that failed.
    #[arg(long)]
    failed: bool,
    /// These calls: names and strace's classes (openat,%network), or all but those (!futex).
    #[arg(short = 'e', long = "syscall", value_name = "CALLS")]
    syscalls: Vec<Calls>,
    /// These processes.
    #[arg(long = "pid", value_name = "PID", value_delimiter = ',')]
    processes: Vec<u32>,
    /// These threads.
    #[arg(long = "tid", value_name = "TID", value_delimiter = ',')]
    threads: Vec<u32>,
    /// Threads of this name; * and ? stand for anything (nginx, 'worker-*').
    #[arg(long = "comm", value_name = "NAME", value_parser = pattern)]
    comms: Vec<Pattern>,
    /// Calls with this in their path; with * or ? it has to match the whole path ('/etc/*.conf').
    #[arg(short = 'P', long = "path", value_name = "PATH", value_parser = pattern)]
    paths: Vec<Pattern>,
    /// Number processes and threads as the host does, or as the container itself does.
    #[arg(long, value_enum, default_value_t, value_name = "WHOSE")]
    pids: Numbers,
}

/// What of a recording is shown, and how.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Reading {
    /// How: table, strace (as strace -f -o writes it), or json (one object a line).
    #[arg(short, long, value_enum, default_value_t)]
    pub output: OutputFormat,
    /// What.
    #[command(flatten)]
    pub choice: Choice,
    /// Time of day before each line of -o strace; -tt with microseconds, -ttt as Unix time.
    #[arg(short = 't', action = clap::ArgAction::Count, help_heading = "As strace has them")]
    timestamps: u8,
    /// Time spent in each call, at the end of each line of -o strace.
    #[arg(short = 'T', help_heading = "As strace has them")]
    pub durations: bool,
    /// What descriptors stand for, where the recording tells.
    #[arg(short = 'y', help_heading = "As strace has them")]
    pub descriptors: bool,
    /// Most bytes shown of a string that is not a path.
    #[arg(short = 's', value_name = "N", default_value_t = 32, help_heading = "As strace has them")]
    pub string_bytes: usize,
}

impl Reading {
    /// Only which calls are meant.
    #[must_use]
    pub(crate) fn of(choice: &Choice) -> Self {
        Self { choice: choice.clone(), ..Self::default() }
    }

    /// What stands in front of strace's lines.
    #[must_use]
    pub(crate) const fn timestamps(&self) -> Timestamps {
        match self.timestamps {
            0 => Timestamps::None,
            1 => Timestamps::Seconds,
            2 => Timestamps::Micros,
            _ => Timestamps::Unix,
        }
    }
}

impl Choice {
    /// The filter that was typed.
    #[must_use]
    pub(crate) fn filter(&self, window: &Window) -> Filter {
        Filter {
            since: window.since,
            until: window.until,
            last: window.last,
            events: self.events,
            failed: self.failed,
            calls: Calls::all_of(self.syscalls.iter().cloned()),
            pids: self.processes.clone(),
            tids: self.threads.clone(),
            comms: self.comms.clone(),
            paths: self.paths.clone(),
            numbers: self.pids.into(),
        }
    }
}

fn pattern(text: &str) -> Result<Pattern, Infallible> {
    Ok(Pattern::new(text))
}

macro_rules! value_enum {
    ($(#[$doc:meta])* $name:ident => $to:ty { $($(#[$default:meta])* $value:ident => $of:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
        #[allow(missing_docs)]
        pub enum $name { $($(#[$default])* $value,)* }

        impl From<$name> for $to {
            fn from(value: $name) -> Self {
                match value { $($name::$value => $of,)* }
            }
        }
    };
}

value_enum!(
    /// `-o` of `dump` and `trace`.
    OutputFormat => Format { #[default] Table => Self::Table, Strace => Self::Strace, Json => Self::Json, });
value_enum!(
    /// `-o` of `top` and `why`.
    TopFormat => Format { #[default] Table => Self::Table, Json => Self::Json, });
value_enum!(
    /// `--pids`.
    Numbers => Pids { #[default] Host => Self::Host, Container => Self::Container, });
value_enum!(
    /// `--by`.
    ByWhat => By { #[default] Syscall => Self::Syscall, Thread => Self::Thread, Both => Self::ThreadAndSyscall, Descriptor => Self::Descriptor, });
value_enum!(
    /// The switch of `payload`.
    Switch => bool { #[default] On => true, Off => false, });

/// `-o` of `list`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// The columns that matter.
    #[default]
    Table,
    /// More columns.
    Wide,
    /// The agent's answer.
    Json,
}

impl Cli {
    /// Parses the command line; ends the process with 2 where it is malformed.
    #[must_use]
    pub(crate) fn from_command_line() -> Self {
        let matches = Self::command().name(program()).bin_name(program()).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
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
pub(crate) fn write_completion(shell: clap_complete::Shell) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), program().replace(' ', "-"), &mut script);
    std::io::Write::write_all(&mut std::io::stdout(), &script).map_err(Error::Output)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::Parser;

    fn parse(line: &str) -> Result<Cli, String> {
        Cli::try_parse_from(line.split(' ')).map_err(|error| error.to_string())
    }

    fn filter(line: &str) -> Filter {
        match parse(line).unwrap().command {
            Command::Dump { window, reading, .. } => reading.choice.filter(&window),
            _ => unreachable!(),
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn filters_are_what_was_typed() {
        let typed =
            filter("rewind dump web --since 5m --last 20 --failed -e openat,%network --pid 1,2 --comm ng* --path /etc");
        assert_eq!((typed.last, typed.failed, typed.pids), (Some(20), true, vec![1, 2]));
        assert_eq!(typed.calls, "openat,%network".parse().unwrap());
        assert!(!filter("rewind dump web").chooses());
    }

    #[test]
    fn straces_flags_are_taken() {
        let Command::Dump { reading, .. } = parse("rewind dump web -o strace -ttT -y -s 99").unwrap().command else {
            unreachable!()
        };
        assert_eq!((reading.timestamps(), reading.durations, reading.string_bytes), (Timestamps::Micros, true, 99));
    }

    #[test]
    fn a_recording_comes_from_an_agent_or_a_file() {
        assert!(parse("rewind dump web").is_ok() && parse("rewind why --from web.rewind").is_ok());
        assert!(parse("rewind top").is_err() && parse("rewind top web --from web.rewind").is_err());
    }

    #[test]
    fn a_malformed_filter_names_the_bad_part() {
        let error = parse("rewind dump web --syscall opnat").unwrap_err();
        assert!(error.contains("did you mean openat?") && error.contains("--syscall"), "{error}");
        let error = parse("rewind dump web --since yesterday").unwrap_err();
        assert!(error.contains("is not a time") && error.contains("--since"), "{error}");
    }
}
