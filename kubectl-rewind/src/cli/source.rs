//! Whose recording is meant.

use super::place::PodFlags;
use clap::{ArgGroup, Args};
use std::path::PathBuf;

/// What says whose recording is meant.
pub(super) const WHOSE: &str = "whose";

/// Where a recording comes from: an agent, or a file.
#[derive(Clone, Debug, Args)]
pub(crate) struct Source {
    /// Whose recording.
    pub target: Option<String>,
    /// Which of a cluster's pods.
    #[command(flatten)]
    pub pods: PodFlags,
    /// The run before the living or newest one, as 'kubectl logs --previous'.
    #[arg(long, conflicts_with = "from")]
    pub previous: bool,
    /// Read a crash file, or one that 'rewind save' has written; - reads standard input. It needs no agent.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["target", "selector", "container"])]
    pub from: Option<PathBuf>,
}

impl Source {
    /// Whether any was typed.
    #[must_use]
    pub(crate) const fn is_typed(&self) -> bool {
        self.target.is_some() || self.pods.selector.is_some() || self.from.is_some()
    }
}

/// One of what says whose recording is meant.
pub(super) fn whose() -> ArgGroup {
    ArgGroup::new(WHOSE).args(["target", "selector", "from"]).multiple(true).required(true)
}
