//! `rewind-agent`: arguments -> logging -> verb -> exit code.

use clap::Parser as _;
use rewind_agent::cli::{Cli, Verb};
use rewind_agent::verbs;
use rewind_recording::escape::{visible, visible_lines};
use std::io::IsTerminal as _;
use std::process::ExitCode;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::debug_fn;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("REWIND_LOG").unwrap_or_else(|_| "info".into());
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
        Verb::Unload(options) => verbs::unload(&options),
        Verb::Workload => verbs::workload(),
        Verb::Floor(options) => verbs::floor(&options),
    };
    done.unwrap_or_else(|error| {
        eprintln!("rewind-agent: {}", visible_lines(&error.to_string()));
        verbs::exit_code(&error)
    })
}
