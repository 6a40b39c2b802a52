//! What a comparison tells: what the screen and JSON show.

use serde::Serialize;

/// How two runs differ, the most telling first. Texts are in general form: what differs from run to run though the
/// program does the same, as numbers of processes or names of temporary files, is a placeholder in angle brackets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// One sentence: the most telling difference, or that there is none.
    pub answer: String,
    /// Whether they surely differ in more than how long they took.
    pub differs: bool,
    /// Which run ended badly, where it is one of the two.
    pub failed: Option<Side>,
    /// The two runs, the first first.
    pub runs: Vec<RunText>,
    /// The first point where the courses of the two part, of the program that failed, else of the first that has one.
    pub parting: Option<Parting>,
    /// What one did and the other did not, or with another outcome.
    pub differences: Vec<Difference>,
    /// How many differences are left out.
    pub left_out: u64,
    /// Calls that took far longer in one of them, by name; these do not make them differ.
    pub slower: Vec<Slower>,
    /// What cannot be said for want of records.
    pub caveats: Vec<String>,
}

/// One of two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// Its letter.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
        }
    }
}

/// What is known of a run as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RunText {
    /// Whose it is.
    pub container: String,
    /// How it ended, in a few words; `None` while it lives, or where that is not held.
    pub ended: Option<String>,
    /// From its first program to its end, or to when it was read; `None` where its beginning is not held.
    pub ran_ns: Option<u64>,
    /// Calls that are held.
    pub calls_held: u64,
    /// Calls that newer ones have overwritten.
    pub calls_overwritten: u64,
}

/// What a difference is about; the earlier ones tell more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Both did it; in one of them it failed.
    Outcome,
    /// A call failed in one of them, which the other did not make, or with another error.
    Error,
    /// A signal was delivered in one of them.
    Signal,
    /// A process of one of them ended in another way.
    End,
    /// A program was run in one of them.
    Program,
    /// A peer was spoken to in one of them.
    Peer,
    /// A path was opened, looked at or changed in one of them.
    Path,
    /// A program was given a far larger environment in one of them.
    Environment,
    /// A call was made far more often in one of them.
    Calls,
}

/// One thing that one run did and the other did not, or with another outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about.
    pub kind: Kind,
    /// Which run did it; of [`Kind::Outcome`] in which it failed; of [`Kind::Environment`] and [`Kind::Calls`] which had
    /// more.
    pub side: Side,
    /// A clause whose subject is left out: `opened /etc/passwd`.
    pub text: String,
    /// How often, in the first run and in the second; of [`Kind::Environment`] how many bytes.
    pub counts: [u64; 2],
    /// When it was first done, in the run that did it: `CLOCK_MONOTONIC` of its host, nanoseconds.
    pub ktime_ns: Option<u64>,
    /// Whether it is of an ordinary kind: the failure of a look whether something is there, or one that was made good.
    pub ordinary: bool,
    /// `false`: the other run may have done it as well, in calls that are not held any more.
    pub sure: bool,
}

/// Where the courses of two runs part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parting {
    /// The program whose course it is.
    pub program: String,
    /// The last that both did.
    pub after: Option<String>,
    /// What the first run did then, and the other did not; `None`: nothing.
    pub a: Option<String>,
    /// What the second run did then, and the other did not; `None`: nothing.
    pub b: Option<String>,
}

/// The longest call of a name took far longer in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slower {
    /// The call.
    pub call: String,
    /// What the longest was about, where that is known.
    pub subject: Option<String>,
    /// The longest, in the first run and in the second.
    pub longest_ns: [u64; 2],
}
