//! Reads the recordings of Rewind's agent: `kubectl rewind`, or `rewind` on a host without a cluster.
//!
//! ```text
//! cli.rs -> target.rs, runs.rs -> fetch.rs or a file -> list.rs, why.rs, or rewind-recording's renderers -> output.rs
//! typed     decides               talks                 show                                            writes
//! ```
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`target`] | which recording is meant: decides, talks to nobody |
//! | [`error`] | why a command fails, and its exit code |
//! | [`runs`] | which run of a container is meant |
//! | [`cli`] | what was typed |
//! | [`output`] | where what is shown goes |
//! | [`fetch`] | talks to the agent |
//! | [`list`], [`crashes`], [`why`] | what is shown, where the recording's own renderers do not |
//! | [`commands`] | what each command does: decide, fetch, show |
#![forbid(unsafe_code)]
#![allow(rustdoc::private_intra_doc_links, reason = "the order of the modules holds for private ones as well")]

mod cli;
mod commands;
mod crashes;
mod error;
mod fetch;
mod list;
mod output;
mod runs;
mod target;
mod why;

use error::Error;
use std::process::ExitCode;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = cli::Cli::from_command_line();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_closed_output() => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&format!("{}: {error}", cli::program()));
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(cli: &cli::Cli) -> Result<(), Error> {
    if let cli::Command::Completion { shell } = &cli.command {
        return cli::write_completion(*shell);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Runtime)?;
    runtime.block_on(commands::run(cli))
}
