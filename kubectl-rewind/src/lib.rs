//! Reads the recordings of Rewind's agent: `kubectl rewind`, or `rewind` on a host without a cluster.
//!
//! ```text
//! cli.rs -> target.rs, runs.rs -> reach.rs, fetch.rs or a file -> list.rs, why.rs, or rewind-recording's renderers -> output.rs
//! typed     decides               talks                           show                                            writes
//! ```
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`target`] | which recording, which pods are meant: decides, talks to nobody |
//! | [`failure`] | what the API server refuses, in kubectl's words |
//! | [`error`] | why a command fails, and its exit code |
//! | [`runs`] | which run of a container is meant |
//! | [`cli`] | what was typed |
//! | [`output`] | where what is shown goes |
//! | [`cluster`] | the API server of a cluster, and connections to agents through it |
//! | [`source`] | recordings that need no agent |
//! | [`fetch`] | talks to an agent |
//! | [`reach`] | from what was typed to the runs that are meant, each with its agent |
//! | [`page`] | a screen of lines that fit |
//! | [`list`], [`crashes`], [`kept`], [`causes`], [`why`], [`diff`], [`diffs`], [`map`], [`doctor`], [`node`] | what is shown, where the recording's own renderers do not |
//! | [`mod@complete`] | completion within kubectl |
//! | [`mcp`] | what an assistant may ask, and the commands that answer it |
//! | [`commands`] | what each command does: decide, fetch, show |
#![forbid(unsafe_code)]
#![allow(rustdoc::private_intra_doc_links, reason = "the order of the modules holds for private ones as well")]

mod causes;
mod cli;
mod cluster;
mod commands;
mod complete;
mod crashes;
mod diff;
mod diffs;
mod doctor;
mod error;
mod failure;
mod fetch;
mod kept;
mod list;
mod map;
mod mcp;
mod node;
mod output;
mod page;
mod reach;
mod runs;
mod source;
mod target;
mod why;

use error::Error;
use std::process::ExitCode;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let done = match cli::completing() {
        Some(words) => complete(&words),
        None => run(&cli::Cli::from_command_line()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_closed_output() => ExitCode::SUCCESS,
        Err(error) => {
            if error.is_silent() {
                return ExitCode::from(error.exit_code());
            }
            output::note(&format!("{}: {error}", cli::program()));
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(cli: &cli::Cli) -> Result<(), Error> {
    if let cli::Command::Completion { shell } = &cli.command {
        return cli::write_completion(*shell);
    }
    runtime()?.block_on(commands::run(cli))
}

fn complete(words: &[String]) -> Result<(), Error> {
    let answer = runtime()?.block_on(complete::answer(words));
    std::io::Write::write_all(&mut std::io::stdout(), answer.as_bytes()).map_err(Error::Output)
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Runtime)
}
