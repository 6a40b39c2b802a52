//! `-o` of commands that have forms of their own.

use clap::ValueEnum;

/// `-o` of `map`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum MapFormat {
    /// A line for each two ends.
    #[default]
    Table,
    /// The same for programs.
    Json,
    /// For Graphviz.
    Dot,
    /// For Mermaid, as Markdown has it.
    Mermaid,
}

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
