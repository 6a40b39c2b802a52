//! `rewind-agent`: arguments -> logging -> verb -> exit code.

use clap::Parser as _;
use rewind_agent::cli::{Cli, Verb};
use rewind_agent::verbs;
use std::io::IsTerminal as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("REWIND_LOG").unwrap_or_else(|_| "info".into());
    let colored = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colored).init();
    let done = match cli.verb {
        Verb::Run(options) => verbs::run(&options),
        Verb::Record(options) => verbs::record(&options),
        Verb::Doctor(options) => verbs::doctor(&options),
        Verb::Unload(options) => verbs::unload(&options),
        Verb::Workload => verbs::workload(),
        Verb::Floor(options) => verbs::floor(&options),
    };
    done.unwrap_or_else(|error| {
        eprintln!("rewind-agent: {error}");
        verbs::exit_code(&error)
    })
}
