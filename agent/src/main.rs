//! `rewind-agent`: loads the recorder, knows whose rings these are, and answers who asks.
//!
//! ```text
//! kernel side   |  agent                                                        |  people
//! hook -> ring  |  kernel/ -> rings/ -> recorder.rs -> serve/ (socket, port) --> |  kubectl-rewind
//!               |               identity/ __/  |  \__ record/ (one command) --> |  stderr, file
//!               |                              feed/ -> subscribers, export/ -> |  any OTLP backend
//!               |                              crash/ -> files, publish/ -----> |  kubectl describe pod
//! ```
//!
//! # What always holds
//!
//! * The ring is the recorder: nothing in the agent is needed for a call to be recorded, and nothing
//!   it does can hold the kernel side up.
//! * The agent may die at any instruction: what it does to what is pinned is one atomic step each, or is
//!   done anew by the next agent ([`adoption`]).
//! * Data flows one way: a module uses those before it in this list, never those after; `cargo xtask lint`
//!   checks it.
//! * What is missing is said: each recording's header has its coverage, losses, and what this host
//!   cannot give.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`clock`] | the kernel side's clock, as this process sees it |
//! | [`blocking`] | work that waits, where it holds up no task |
//! | [`bucket`] | how often something may happen |
//! | [`counts`] | how often something did not come about |
//! | [`cluster`] | the cluster's API, where this host is a node of one |
//! | [`retry`] | the API server is asked again |
//! | [`host`] | facts about this host, what follows from them, the doctor's report |
//! | [`kernel`] | the kernel side: loaded, attached, its maps; the only module that names Aya |
//! | [`rings`] | rings mapped into memory, copies of them, and the calls in flight that no ring holds |
//! | [`identity`] | which cgroup is which container, and which are recorded at all |
//! | [`workloads`] | how the cluster's workloads are, by what its API says |
//! | [`budget`] | who makes room when memory runs short |
//! | [`recorder`] | all of the above as one thing that can be asked |
//! | [`feed`] | what happens as it happens, for whoever subscribes |
//! | [`event_log`] | a subscriber of the feed: what it is given, as lines of a file |
//! | [`healthy`] | what fails in runs that end well |
//! | [`crash`] | which ends are kept as files, and the directory of these |
//! | [`export`] | what happens, and what the agent does, to an OpenTelemetry backend |
//! | [`usage`] | how the host and its containers are doing, when somebody asks |
//! | [`config`] | the file of the ConfigMap, read again when it changes |
//! | [`adoption`] | starting where another agent has left programs and rings |
//! | [`publish`] | what ended, told to the cluster: Recordings and Events |
//! | [`upload`] | crash files, sent to an object store |
//! | [`serve`] | the API, on the Unix socket and, for who shows a request, at the port |
//! | [`health`] | `rewind-agent health`: whether an agent answers |
//! | [`record`] | `rewind-agent record`: one command, without the daemon |
//! | [`measure`] | what recording costs on this host |
//! | [`pipeline`] | `rewind-agent run`: the only place that starts tasks and makes channels |
//! | [`cli`] | what was typed |
//! | [`verbs`] | what each verb of the command line does |
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod adoption;
mod blocking;
mod bucket;
mod budget;
mod cli;
mod clock;
mod cluster;
mod config;
mod counts;
mod crash;
mod event_log;
mod export;
mod feed;
mod health;
mod healthy;
mod host;
mod identity;
mod kernel;
mod measure;
mod pipeline;
mod publish;
mod record;
mod recorder;
mod retry;
mod rings;
mod serve;
mod upload;
mod usage;
mod verbs;
mod workloads;

use clap::Parser as _;
use cli::{Cli, Verb};
use rewind_recording::escape::{visible, visible_lines};
use std::io::IsTerminal as _;
use std::process::ExitCode;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::debug_fn;

/// What is logged if nothing else is said. The client of a cluster's API logs every try in vain, which `cluster` does
/// once.
const LOG: &str = "info,kube_client=off,kube_runtime=off";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("REWIND_LOG").unwrap_or_else(|_| LOG.into());
    // Names and paths in it are others': they must not steer a terminal, nor begin a line of their own.
    let fields = debug_fn(|out, field, value| {
        let name = Some(field.name()).filter(|name| *name != "message");
        let (name, is) = name.map_or(("", ""), |name| (name, "="));
        write!(out, "{name}{is}{}", visible(&format!("{value:?}")))
    });
    let colored = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colored);
    log.fmt_fields(fields.delimited(" ")).init();
    let done = match cli.verb {
        Verb::Run(options) => verbs::run(&options),
        Verb::Record(options) => verbs::record(&options),
        Verb::Doctor(options) => verbs::doctor(&options),
        Verb::Health(options) => verbs::health(&options),
        Verb::Unload(options) => verbs::unload(&options),
        Verb::Workload => verbs::workload(),
    };
    done.unwrap_or_else(|error| {
        eprintln!("rewind-agent: {}", visible_lines(&error.to_string()));
        verbs::exit_code(&error)
    })
}
