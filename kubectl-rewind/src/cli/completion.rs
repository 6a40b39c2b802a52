//! Completion of what is typed: shells' own scripts, and what kubectl asks for.

use clap::{Command, ValueEnum};
use std::io::{self, Write as _};

/// The first argument that kubectl's completion gives.
const COMPLETE: &str = "__complete";

/// What `completion` writes a script for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// A function to source.
    Bash,
    /// A module.
    Elvish,
    /// A file for ~/.config/fish/completions.
    Fish,
    /// A script to dot-source.
    Powershell,
    /// A function for fpath.
    Zsh,
    /// The program kubectl_complete-rewind, which knows the cluster's pods.
    Kubectl,
}

/// What kubectl's completion wants completed: what was typed, the unfinished word last; `None`: this is no completion.
/// It is not parsed, for it is no command yet.
#[must_use]
pub(crate) fn completing() -> Option<Vec<String>> {
    let mut arguments = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    (arguments.next()? == COMPLETE).then(|| arguments.collect())
}

/// Writes the completion script of a shell for the program of that name.
///
/// # Errors
/// Those of standard output.
pub(super) fn write(shell: Shell, command: &mut Command, name: &str) -> io::Result<()> {
    let mut script = Vec::new();
    let shell = match shell {
        Shell::Bash => Some(clap_complete::Shell::Bash),
        Shell::Elvish => Some(clap_complete::Shell::Elvish),
        Shell::Fish => Some(clap_complete::Shell::Fish),
        Shell::Powershell => Some(clap_complete::Shell::PowerShell),
        Shell::Zsh => Some(clap_complete::Shell::Zsh),
        Shell::Kubectl => None,
    };
    match shell {
        Some(shell) => clap_complete::generate(shell, command, name, &mut script),
        None => script.extend(format!("#!/bin/sh\nexec kubectl-rewind {COMPLETE} \"$@\"\n").into_bytes()),
    }
    io::stdout().write_all(&script)
}
