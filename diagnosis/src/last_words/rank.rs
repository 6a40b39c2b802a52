//! How sure a line states why it ended.

/// How sure a line states why it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// It states no error.
    Plain,
    /// It failed as the program tidied up, on its way out.
    Tidying,
    /// It only says that an error was met, which another line states.
    Summary,
    /// Its words tell of a failure.
    Failure,
    /// It is said to be an error.
    Error,
    /// It is said to be fatal.
    Fatal,
    /// The runtime says that it gives up because of it.
    Crash,
}

/// A line that may be the one; with those that belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) rank: Rank,
    /// The first and the last line of what belongs together.
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) text: String,
}

impl Found {
    /// One line.
    pub(super) fn line(rank: Rank, at: usize, text: impl Into<String>) -> Self {
        Self { rank, first: at, last: at, text: text.into() }
    }
}
