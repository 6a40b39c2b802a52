//! How likely a failure is the cause: one scale for all rules.
//!
//! | weight | means |
//! |---|---|
//! | below [`WORTH_SAYING`] | listed among the failed calls, not said to be a cause |
//! | 100 to 300 | it is odd, and may be the cause |
//! | above 300 | the program complained of it, or ended right behind it |
//! | [`CERTAIN`] | the kernel says so: a signal ended it |

use crate::facts::{Facts, Process, Subject};
use crate::groups::{self, Group, Weighed};
use crate::meaning::Meaning;
use crate::noise::Noise;
use rewind_recording::decode::{errno_name, errno_text};

/// What the kernel itself says is the cause.
pub const CERTAIN: i32 = 1000;
/// The OOM killer: the kernel says so as well, and says more than the signal that it sent.
pub const OOM_KILLED: i32 = CERTAIN + 100;
/// The runtime failed before the program ran: what else is found is the runtime's as well.
pub const NEVER_BEGAN: i32 = CERTAIN + 50;
/// It was killed before its program ran, and no step of its runtime had failed.
pub const KILLED_IN_SETUP: i32 = 300;
/// It was asked to end, and did.
pub const ASKED_TO_END: i32 = 500;
/// It aborted itself: it found something wrong before, which is the cause if it is known.
pub const ABORTED: i32 = 250;
/// The heap could not grow in the program that ended badly.
pub const HEAP_REFUSED: i32 = 250;
/// The heap could not grow, but nothing ended of it.
pub const HEAP_REFUSED_ELSEWHERE: i32 = 120;
/// A child was killed.
pub const CHILD_KILLED: i32 = 140;
/// A child exited with something else than 0, which many programs do to say no (grep, test).
pub const CHILD_FAILED: i32 = WORTH_SAYING - 1;
/// A thread is in a call that should be over soon.
pub const STUCK: i32 = 160;
/// All threads of a process wait for each other.
pub const DEADLOCKED: i32 = 140;
/// A process has made no call since the recording began.
pub const HUNG: i32 = 120;
/// Calls took so long that it can be told; more of the time adds up to [`SLOW_SHARE`].
pub const SLOW: i32 = WORTH_SAYING;
/// All of the time was spent in slow calls. Less than any failure that the program complains of.
pub const SLOW_SHARE: i32 = 50;
/// A finding that weighs less is not said.
pub const WORTH_SAYING: i32 = 100;

// What the weight of failed calls is made of.

/// A peer kept silent.
const UNANSWERED: i32 = 160;
/// Something ran out that programs seldom can do without: memory, descriptors, space.
const EXHAUSTED: i32 = 150;
/// Something was refused, by permission, by a device, by a peer.
const REFUSED: i32 = 110;
/// Any failure.
const FAILED: i32 = 30;
/// It failed in the program that ended badly.
const OWN: i32 = 60;
/// And right before the end.
const CLOSE: i32 = 40;
/// It is the last that failed before the complaint, or the end.
const LAST: i32 = 200;
/// The complaint names what failed.
const NAMED: i32 = 350;
/// The complaint tells the error.
const TOLD: i32 = 200;
/// A peer failed it again and again.
const REPEATED: i32 = 20;
/// How often that is.
const REPEATED_TIMES: u64 = 3;
/// What failed was had later.
const RECOVERED: i32 = -250;
/// A look that the program reckons with a no to.
const PROBE: i32 = -150;
/// No failure but an answer.
const ANSWER: i32 = -600;

/// Between two lines of one complaint there is no more than this.
const PAUSE_NS: u64 = 200_000_000;
/// A complaint ends no longer before the end than this.
const LAST_WORDS_NS: u64 = 5_000_000_000;
/// "Right before the end".
const CLOSE_NS: u64 = 1_000_000_000;

/// What is known of the end that failures are weighed against.
#[derive(Clone, Debug, Default)]
pub struct EndContext {
    /// Whether it ended badly.
    pub bad: bool,
    /// The process that the end goes back to.
    pub culprit: Option<u32>,
    /// When that began to run its last program: what was before is another program's.
    pub since_ns: u64,
    /// When it ended.
    pub end_ns: u64,
    /// When it began to complain; `None` if it did not.
    pub complained_ns: Option<u64>,
    /// What it said last, on standard output or error, in lower case.
    pub words: String,
}

impl EndContext {
    /// The end that a recording tells of.
    #[must_use]
    pub fn of(facts: &Facts<'_>) -> Self {
        let end_ns = facts.end_ns();
        let (complained_ns, words) =
            facts.culprit().map(|(_, process)| last_words(process, end_ns)).unwrap_or_default();
        let since_ns = facts.culprit().map_or(0, |(_, process)| process.since_ns());
        Self { bad: facts.ended_badly(), culprit: facts.culprit, since_ns, end_ns, complained_ns, words }
    }

    /// Whether the program that ended it is the one that a group failed in.
    fn is_own(&self, group: &Group) -> bool {
        self.culprit == Some(group.tgid) && group.last_ns >= self.since_ns
    }

    /// The last event of the group that failed last before the complaint, or before the end.
    #[must_use]
    pub fn decisive(&self, groups: &[Group]) -> Option<usize> {
        let until_ns = self.complained_ns.unwrap_or(self.end_ns);
        let odd = groups.iter().filter(|group| group.noise == Noise::None && !group.recovered);
        let own = odd.filter(|group| self.bad && self.is_own(group) && group.first_ns <= until_ns);
        own.max_by_key(|group| group.last_ns.min(until_ns)).map(|group| group.last)
    }
}

/// The complaint of a process before its end: since when, and all that it said then.
fn last_words(process: &Process, end_ns: u64) -> (Option<u64>, String) {
    let stderr = process.outputs.iter().any(|output| output.to_stderr && output.at_ns >= process.since_ns());
    let (mut since_ns, mut words) = (None, Vec::new());
    let own = process.outputs.iter().filter(|output| output.at_ns >= process.since_ns());
    for output in own.rev().take(200) {
        let patience_ns = if since_ns.is_none() { LAST_WORDS_NS } else { PAUSE_NS };
        if since_ns.unwrap_or(end_ns).saturating_sub(output.at_ns) > patience_ns {
            break;
        }
        // Where both are written, standard error is where complaints go.
        if output.to_stderr || !stderr {
            since_ns = Some(output.at_ns);
        }
        words.push(output.text.to_lowercase());
    }
    words.reverse();
    (since_ns, words.concat())
}

/// The groups of failed calls, the likeliest cause first, and of equal ones the latest.
#[must_use]
pub fn weighed_groups(facts: &Facts<'_>) -> Vec<Group> {
    let end = EndContext::of(facts);
    let mut groups = groups::of(facts);
    let last = end.decisive(&groups);
    for group in &mut groups {
        group.weighed = weigh(group, &end, last == Some(group.last));
    }
    groups.sort_by_key(|group| std::cmp::Reverse((group.weighed.weight, group.last_ns)));
    groups
}

/// Weighs a group; `decisive` if it is the last that failed before the complaint or the end.
fn weigh(group: &Group, end: &EndContext, decisive: bool) -> Weighed {
    let mut weighed = Weighed::default();
    let own = end.is_own(group);
    let named = names(end, group);
    let close = end.end_ns.saturating_sub(group.last_ns) < CLOSE_NS;
    weighed.add(true, severity(group.meaning), "");
    weighed.add(end.bad && own, OWN, "");
    weighed.add(end.bad && own && close, CLOSE, "right before the end");
    weighed.add(decisive, LAST, "the last to fail before it complained or ended");
    weighed.add(named, NAMED, "what it wrote at the end names it");
    let odd = group.noise == Noise::None;
    weighed.add(own && odd && !named && says(end, group), TOLD, "what it wrote at the end tells of this error");
    let repeated = group.count >= REPEATED_TIMES && matches!(group.subject, Subject::Peer(_));
    weighed.add(repeated, REPEATED, "again and again");
    weighed.add(group.recovered, RECOVERED, "it was had later");
    match group.noise {
        Noise::None => {}
        Noise::Probe(reason) => weighed.add(true, PROBE, reason),
        Noise::Answer(reason) => weighed.add(true, ANSWER, reason),
    }
    weighed
}

/// How bad it is as such.
#[must_use]
pub const fn severity(meaning: Meaning) -> i32 {
    match meaning {
        Meaning::NoAnswer => UNANSWERED,
        Meaning::OutOfMemory | Meaning::OutOfDescriptors | Meaning::OutOfSpace => EXHAUSTED,
        Meaning::Denied
        | Meaning::Filtered
        | Meaning::ReadOnly
        | Meaning::Broken
        | Meaning::AddressInUse
        | Meaning::Limit
        | Meaning::Peer => REFUSED,
        Meaning::Answer(_) | Meaning::Missing | Meaning::Busy | Meaning::Other => FAILED,
    }
}

/// Whether the last words name what failed.
fn names(end: &EndContext, group: &Group) -> bool {
    let Some(text) = group.subject.text().map(str::to_lowercase) else { return false };
    let last = text.rsplit('/').next().unwrap_or(&text);
    let whole = text.len() > 3 && end.words.contains(&text);
    whole || matches!(group.subject, Subject::Path(_)) && last.len() > 4 && end.words.contains(last)
}

/// How programs and libraries put it that a peer, or a name server, did not answer.
const LATE: &[&str] = &["timed out", "timeout", "timed-out", "deadline exceeded", "no answer", "no response"];
const UNNAMED: &[&str] = &[
    "name resolution",
    "resolve",
    "getaddrinfo",
    "eai_again",
    "no such host",
    "unknown host",
    "name or service",
    "lookup ",
];

/// Whether the last words tell this error.
fn says(end: &EndContext, group: &Group) -> bool {
    if group.meaning == Meaning::NoAnswer {
        let unnamed = UNNAMED.iter().filter(|_| group.subject.is_name_server());
        return LATE.iter().chain(unnamed).any(|words| end.words.contains(words));
    }
    let errno = group.errno;
    let has = |text: &str| !text.is_empty() && end.words.contains(&text.to_lowercase());
    errno_name(errno).is_some_and(has) || errno_text(errno).is_some_and(has) || has(&format!("errno {errno}]"))
}
