//! A diagnosis in words: what the screen and JSON show.
//!
//! The JSON is for other programs, too: fields come, and none goes or means something else. `tests/stable.rs` holds that.

use serde::Serialize;

/// Why it ended, or what is wrong with it. Times are `CLOCK_MONOTONIC` in nanoseconds (names end in
/// `_ns`) and RFC 3339.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Diagnosis {
    /// The answer, one sentence.
    pub answer: String,
    /// Of a container in which nothing unusual was found while it lived: whom it waited for, or the error that it said
    /// last. No cause: both are ordinary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// How sure the answer is.
    pub confidence: Confidence,
    /// The class of the cause, of a closed list: the rule that found it; `signal` or `exit` where none did.
    pub class: &'static str,
    /// The cause without what differs from run to run, one sentence; `None`: no cause was found.
    pub general: Option<String>,
    /// A short hash of that, the same for all that fail by it, behind the version of what makes it.
    pub fingerprint: Option<String>,
    /// Whether anything unusual was found.
    pub unusual: bool,
    /// Whose recording it is.
    pub container: String,
    /// What its pod is, besides its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// Calls that are held.
    pub calls_held: u64,
    /// From the oldest to the newest.
    pub covered_ns: u64,
    /// How it ended; `None` while it lives, or where that is not among the records.
    pub ended: Option<Ended>,
    /// The line of its last writes that says why it ended; of what ended well, or lives, `None`.
    pub last_words: Option<Said>,
    /// The last lines that it wrote to standard error, or output, as far as they are recorded; those from its last words
    /// on, where these stand above.
    pub said: Vec<String>,
    /// The likeliest causes, the answer's first.
    pub findings: Vec<FindingText>,
    /// Failed calls by what failed, the likeliest cause first.
    pub failed: Vec<Failed>,
    /// Paths that were tried in vain, or had after others of the same name were not, in order.
    pub tried: Vec<Tried>,
    /// Failed calls that are ordinary.
    pub ordinary_failures: u64,
    /// Calls that did not return.
    pub blocked: Vec<Blocked>,
    /// Memory of the process that counts.
    pub memory: Option<MemoryGrowth>,
    /// Descriptors of the process that counts, by what they are.
    pub descriptors: Option<Descriptors>,
    /// What was run, parents before children.
    pub ran: Vec<Ran>,
    /// Processes that are left out of it.
    pub ran_more: u64,
    /// Calls that took long, by name.
    pub slow: Vec<Slow>,
    /// The last calls of the thread that ended it.
    pub last: Vec<EventText>,
    /// What cannot be said for want of records.
    pub caveats: Vec<String>,
}

/// How sure an answer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The kernel says so: the signal and its sender, the OOM killer, the step that a runtime failed at.
    Certain,
    /// For the reasons that the first finding has.
    Likely,
    /// Nothing that the recording holds explains it. Findings, if there are any, stand for themselves.
    #[default]
    None,
}

/// What was said last.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Said {
    /// One line, shortened; `…` where something is missing.
    pub text: String,
    /// Whether it states an error; else it is only what was written last.
    pub is_error: bool,
    /// The process that said it.
    pub tgid: u32,
    /// The writes that it was made of, the first and the last.
    pub evidence: Vec<EventText>,
}

/// How it ended.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Ended {
    /// In a few words.
    pub how: String,
    /// When.
    pub time: String,
    /// When.
    pub ktime_ns: u64,
    /// The main process.
    pub tgid: u32,
    /// Its name.
    pub comm: String,
    /// Exit code.
    pub exit_code: Option<u8>,
    /// Signal.
    pub signal: Option<u8>,
}

/// A finding in words.
#[derive(Clone, Debug, Serialize)]
pub struct FindingText {
    /// Which rule found it.
    pub rule: &'static str,
    /// A clause.
    pub text: String,
    /// How likely it is the cause, on a scale of its own.
    pub weight: i32,
    /// Why it weighs what it weighs.
    pub reasons: Vec<&'static str>,
    /// The records that it rests on.
    pub evidence: Vec<EventText>,
}

/// An event.
#[derive(Clone, Debug, Default, Serialize)]
pub struct EventText {
    /// When it began.
    pub time: String,
    /// When it began.
    pub ktime_ns: u64,
    /// Its thread.
    pub tid: u32,
    /// The thread's name.
    pub comm: String,
    /// As strace would have it.
    pub call: String,
    /// Of a call that has returned.
    pub duration_ns: Option<u64>,
}

/// Failed calls of one kind.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Failed {
    /// The call.
    pub call: String,
    /// The path, peer or descriptor.
    pub what: Option<String>,
    /// The errno by name; "no answer" where no call failed but a peer kept silent.
    pub errno: String,
    /// How often.
    pub count: u64,
    /// When last.
    pub last: String,
    /// When last.
    pub last_ns: u64,
    /// The longest.
    pub longest_ns: u64,
    /// The process.
    pub tgid: u32,
    /// Why it is ordinary, if it is.
    pub ordinary: Option<&'static str>,
    /// "also in 12 runs that ended well", where it was: it is no cause then, unless the program names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthy: Option<String>,
}

/// A path that was tried.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tried {
    /// When.
    pub time: String,
    /// When.
    pub ktime_ns: u64,
    /// The call.
    pub call: String,
    /// The path.
    pub path: String,
    /// "ok", or the errno by name.
    pub result: String,
    /// How often on end.
    pub count: u64,
}

/// A call that did not return.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Blocked {
    /// Its thread.
    pub tid: u32,
    /// The thread's name.
    pub comm: String,
    /// As strace would have it.
    pub call: String,
    /// How long: until the thread died, or the recording was read.
    pub duration_ns: Option<u64>,
    /// Whether it began before the recording did: it has taken longer than that.
    pub before: bool,
    /// Whether the thread was still in it when the recording was read.
    pub living: bool,
}

/// Memory of one process, bytes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MemoryGrowth {
    /// How much it grew at most.
    pub growth_bytes: u64,
    /// The heap's growth.
    pub heap_bytes: u64,
    /// Mapped without a file, less what was unmapped.
    pub mapped_bytes: u64,
    /// The largest mapping.
    pub largest_bytes: u64,
    /// Allocations that were refused.
    pub refusals: u64,
}

/// Open descriptors of one process.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Descriptors {
    /// How many are known to be open.
    pub open: u64,
    /// What they are, the most frequent first.
    pub kinds: Vec<(String, u64)>,
}

/// A process and what it ran.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Ran {
    /// The process.
    pub tgid: u32,
    /// How many of its ancestors are shown.
    pub depth: usize,
    /// What it ran last, else its name.
    pub command: String,
    /// When it was first heard of.
    pub time: String,
    /// How long it lived, as far as is known.
    pub duration_ns: Option<u64>,
    /// How it ended.
    pub ended: Option<String>,
    /// Whether it ended well, or lives.
    pub well: bool,
}

/// Sums of slow calls.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Slow {
    /// The call.
    pub call: String,
    /// How many.
    pub calls: u64,
    /// Time in them.
    pub total_ns: u64,
    /// The longest.
    pub longest_ns: u64,
    /// The longest, as strace would have it.
    pub example: String,
}
