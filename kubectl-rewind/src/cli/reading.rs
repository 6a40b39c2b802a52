//! Which part of a recording is shown, and how.

use clap::{Args, ValueEnum};
use rewind_recording::events::kinds;
use rewind_recording::filter::{Calls, Filter, Pattern, Pids, When};
use rewind_recording::render::top::By;
use rewind_recording::render::{Format, Timestamps};
use std::convert::Infallible;

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
    /// Events alone, without calls: execs, forks, exits, signals and who sent them, OOM kills, TCP
    /// connections.
    #[arg(long, conflicts_with_all = ["failed", "syscalls", "paths"])]
    events: bool,
    /// TCP connections alone, without calls: connects and what became of them, accepted ones, ends, listeners.
    #[arg(long, conflicts_with_all = ["events", "failed", "syscalls", "paths"])]
    tcp: bool,
    /// Requests of HTTP/1 alone, without calls: made and served, with status and how long the response took to begin.
    #[arg(long, conflicts_with_all = ["events", "failed", "syscalls", "paths"])]
    http: bool,
    /// Lookups of names alone, without calls: what DNS was asked, and what it answered when.
    #[arg(long, conflicts_with_all = ["events", "failed", "syscalls", "paths"])]
    dns: bool,
    /// Execs, forks and exits alone, without calls.
    #[arg(long, conflicts_with_all = ["events", "failed", "syscalls", "paths"])]
    exec: bool,
    /// Signals alone, who sent them, and OOM kills, without calls.
    #[arg(long, conflicts_with_all = ["events", "failed", "syscalls", "paths"])]
    signals: bool,
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
    /// What.
    #[command(flatten)]
    pub choice: Choice,
    /// Time of day before each line of -o strace; -tt with microseconds, -ttt as Unix time.
    #[arg(short = 't', action = clap::ArgAction::Count, help_heading = "As strace has them")]
    timestamps: u8,
    /// Time spent in each call, at the end of each line of -o strace.
    #[arg(short = 'T', help_heading = "As strace has them")]
    pub durations: bool,
    /// What descriptors stand for, where the recording tells; with ? where they may be another by now.
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
    /// The kinds of events that were asked for.
    fn kinds(&self) -> Vec<&'static str> {
        let asked = [
            (self.tcp, kinds::TCP),
            (self.http, kinds::HTTP),
            (self.dns, kinds::DNS),
            (self.exec, kinds::EXEC),
            (self.signals, kinds::SIGNALS),
        ];
        asked.iter().filter(|(is_asked, _)| *is_asked).flat_map(|(_, kinds)| *kinds).copied().collect()
    }

    /// The filter that was typed.
    #[must_use]
    pub(crate) fn filter(&self, window: &Window) -> Filter {
        Filter {
            since: window.since,
            until: window.until,
            last: window.last,
            events: self.events,
            kinds: self.kinds(),
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
        pub(crate) enum $name { $($(#[$default])* $value,)* }

        impl From<$name> for $to {
            fn from(value: $name) -> Self {
                match value { $($name::$value => $of,)* }
            }
        }
    };
}

/// What `dump` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dumped {
    /// One of the text formats.
    Text(Format),
    /// OTLP/JSON.
    Otlp,
    /// A trace for Perfetto.
    Perfetto,
}

value_enum!(
/// `-o` of `dump`.
DumpFormat => Dumped {
    #[default]
    Table => Self::Text(Format::Table),
    Strace => Self::Text(Format::Strace),
    Json => Self::Text(Format::Json),
    Otlp => Self::Otlp,
    Perfetto => Self::Perfetto,
});
value_enum!(
    /// `-o` of `trace`.
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
