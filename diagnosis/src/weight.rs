//! How likely a failure is the cause: one scale for all rules.
//!
//! | weight | means |
//! |---|---|
//! | below [`WORTH_SAYING`] | listed among the failed calls, not said to be a cause |
//! | 100 to 300 | it is odd, and may be the cause |
//! | above 300 | the program complained of it, or ended right behind it |
//! | [`CERTAIN`] | the kernel says so: a signal ended it |
//!
//! Of a container that has ended a failure is worth saying only where something ties it to the end: the last words
//! name it, or tell its error, or nothing else was done behind it (see [`crate::turn`]). Where the program stated an
//! error, and it is not that one, the words weigh more.

use crate::facts::{Facts, Subject};
use crate::groups::{self, Agreement, Group, Weighed};
use crate::last_words::{LastWords, telling};
use crate::meaning::Meaning;
use crate::noise::Noise;
use crate::text::has_name;
use crate::turn::{can_be_had_over, is_turn, went_on};
use rewind_recording::decode::{errno_name, errno_text, name};
use rewind_recording::event::{Outcome, What};

/// What the kernel itself says is the cause.
pub const CERTAIN: i32 = 1000;
/// The OOM killer: the kernel says so as well, and says more than the signal that it sent.
pub const OOM_KILLED: i32 = CERTAIN + 100;
/// A program that watches over the time of another ended it: says more than the signal that it sent.
pub const TIME_OVER: i32 = CERTAIN + 20;
/// A program that was to be run is not there, and the exit code says so as well. More than the failed looks for it.
pub const NO_PROGRAM: i32 = 900;
/// The runtime failed before the program ran: what else is found is the runtime's as well.
pub const NEVER_BEGAN: i32 = CERTAIN + 50;
/// It was killed before its program ran, and no step of its runtime had failed.
pub const KILLED_IN_SETUP: i32 = 300;
/// It was asked to end, and did.
pub const ASKED_TO_END: i32 = 500;
/// The program stated an error. Less than any failure that is that error.
pub const SAID: i32 = 260;
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
/// Threads or processes wait for each other, or for themselves: none can go on.
pub const DEADLOCKED: i32 = 180;
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
/// It is the last that failed before the complaint, or the end, and nothing else was done behind it.
const TURNED: i32 = 200;
/// The complaint names what failed.
const NAMED: i32 = 350;
/// The complaint tells the error.
const TOLD: i32 = 200;
/// A peer failed it again and again.
const REPEATED: i32 = 20;
/// That, in words.
pub(crate) const AGAIN: &str = "again and again";
/// And over how long at least: who tries again waits.
const REPEATED_NS: u64 = 100_000_000;
/// How often that is.
const REPEATED_TIMES: u64 = 3;
/// Healthy runs had it as well.
const HEALTHY: i32 = -400;
/// It had failed so before in this run, which went on.
const WENT_ON: i32 = -300;
/// What failed was had later.
const RECOVERED: i32 = -250;
/// A look that the program reckons with a no to.
const PROBE: i32 = -150;
/// No failure but an answer.
const ANSWER: i32 = -600;

/// Who waits for a peer tries it more often than who tells it something from time to time.
const OFTEN_NS: u64 = 5_000_000_000;
/// What a living container tried so long ago it has given up.
const STANDING_NS: u64 = 60_000_000_000;

/// "Right before the end".
const CLOSE_NS: u64 = 1_000_000_000;

/// What is known of the end that failures are weighed against.
#[derive(Clone, Debug, Default)]
pub struct EndContext {
    /// Whether it has ended.
    pub is_over: bool,
    /// Whether it ended badly.
    pub bad: bool,
    /// The process that the end goes back to.
    pub culprit: Option<u32>,
    /// When that began to run its last program: what was before is another program's.
    pub since_ns: u64,
    /// When it ended.
    pub end_ns: u64,
    /// Whether it aborted itself.
    pub aborted: bool,
    /// When it began to complain; `None` if it did not.
    pub complained_ns: Option<u64>,
    /// What it said last, on standard output or error, in lower case, without stack frames.
    pub words: String,
    /// The error that it stated, in lower case; empty if it did not.
    pub error: String,
}

impl EndContext {
    /// The end that a recording tells of.
    #[must_use]
    pub fn of(facts: &Facts<'_>, words: Option<&LastWords>) -> Self {
        let end_ns = facts.end_ns();
        let error = words.filter(|words| words.is_error);
        // What is said by who ends well, as of what a part of it met, is no complaint.
        let spoke = facts.culprit().filter(|_| facts.ended_badly());
        Self {
            is_over: facts.ending.is_some(),
            bad: facts.ended_badly(),
            culprit: facts.culprit,
            since_ns: facts.culprit().map_or(0, |(_, process)| process.since_ns()),
            end_ns,
            aborted: facts.own_abort().is_some(),
            complained_ns: words.filter(|words| facts.chain.contains(&words.tgid)).map(|words| words.since_ns),
            words: spoke.map(|(_, process)| telling(process, end_ns)).unwrap_or_default(),
            error: error.map(|words| words.text.to_lowercase()).unwrap_or_default(),
        }
    }

    /// Whether the program that ended it is the one that a group failed in.
    fn is_own(&self, group: &Group) -> bool {
        self.culprit == Some(group.tgid) && group.last_ns >= self.since_ns
    }

    /// The last event of the group that the course changed with, before the complaint or the end: of those that nothing
    /// was done behind, a peer that was tried again and again, else what failed for the first time last. What had
    /// failed before as well did not change it then.
    #[must_use]
    pub fn decisive(&self, facts: &Facts<'_>, groups: &[Group]) -> Option<usize> {
        let until_ns = self.complained_ns.unwrap_or(self.end_ns);
        let odd = groups.iter().filter(|group| group.noise == Noise::None && !group.recovered);
        let is_new = |group: &&Group| !went_on(facts, group) && !is_interleaved(group, groups);
        let odd = odd.filter(|group| group.healthy.is_none()).filter(is_new);
        let own = odd.filter(|group| self.bad && self.is_own(group) && group.first_ns <= until_ns);
        let turns = own.filter(|group| is_turn(facts, group, until_ns));
        let order = |group: &&Group| (is_repeated(group), group.first_ns, group.last_ns.min(until_ns));
        turns.max_by_key(order).map(|group| group.last)
    }
}

/// The groups of failed calls, the likeliest cause first, and of equal ones the latest.
#[must_use]
pub fn weighed_groups(facts: &Facts<'_>, words: Option<&LastWords>) -> Vec<Group> {
    let end = EndContext::of(facts, words);
    let mut groups = groups::of(facts);
    let decisive = end.decisive(facts, &groups);
    let old: Vec<bool> = groups.iter().map(|group| went_on(facts, group) || is_interleaved(group, &groups)).collect();
    for (group, went_on) in groups.iter_mut().zip(old) {
        group.weighed = weigh(facts, group, &end, decisive == Some(group.last), went_on);
    }
    groups.sort_by_key(|group| std::cmp::Reverse((group.weighed.weight, group.last_ns)));
    groups
}

/// Whether it is a peer that failed again and again.
fn is_repeated(group: &Group) -> bool {
    let is_spread = group.last_ns.saturating_sub(group.first_ns) >= REPEATED_NS;
    group.count >= REPEATED_TIMES && is_spread && matches!(group.subject, Subject::Peer(_)) && is_of_one(group)
}

/// Whether one thread had all of a group, as far as is known.
fn is_of_one(group: &Group) -> bool {
    group.earlier.iter().all(|(_, tid, _)| *tid == group.tid)
}

/// Whether another thing failed between two failures of a group: the program got over the first, and did not only try
/// again.
fn is_interleaved(group: &Group, groups: &[Group]) -> bool {
    let between = |at_ns: u64| group.first_ns < at_ns && at_ns < group.last_ns;
    let mut others = groups.iter().filter(|other| other.first != group.first && other.tgid == group.tgid);
    can_be_had_over(group)
        && !is_repeated(group)
        && others.any(|other| other.noise == Noise::None && (between(other.first_ns) || between(other.last_ns)))
}

/// Whether a failure of a living container is one of now: a question without an answer, or what was tried again and
/// again, and not long ago.
fn is_standing(facts: &Facts<'_>, group: &Group, read_ns: u64) -> bool {
    let is_spread = group.last_ns.saturating_sub(group.first_ns) >= REPEATED_NS;
    let is_tried = group.count >= REPEATED_TIMES && is_spread && read_ns.saturating_sub(group.last_ns) < STANDING_NS;
    let is_often = group.last_ns.saturating_sub(group.first_ns) <= OFTEN_NS.saturating_mul(group.count);
    group.meaning == Meaning::NoAnswer || is_tried && (is_often || !serves(facts, group.tgid))
}

/// Whether a process takes connections: its work is not to make one.
fn serves(facts: &Facts<'_>, tgid: u32) -> bool {
    (0..facts.timeline.len()).filter_map(|index| facts.timeline.event(index)).any(|event| {
        let What::Call { call, outcome: Outcome::Returned, .. } = event.what else { return false };
        event.tgid() == Some(tgid) && call.errno().is_none() && name(&call, facts.arch) == "listen"
    })
}

/// Weighs a group; `turned` if the course changed with it, `went_on` if it had not when the same failed before.
fn weigh(facts: &Facts<'_>, group: &Group, end: &EndContext, turned: bool, went_on: bool) -> Weighed {
    let mut weighed = Weighed::default();
    let own = end.is_own(group);
    let named = names(end, group, turned);
    // That the words tell of such an error, and not of what, says nothing of one that does no harm; that they name it,
    // which healthy runs did not, says that this time it did.
    let harmless = !named && (group.healthy.is_some() || went_on);
    let told = own && group.noise == Noise::None && !harmless && says(end, group, turned);
    let close = end.end_ns.saturating_sub(group.last_ns) < CLOSE_NS;
    weighed.add(true, severity(group.meaning), "");
    weighed.add(end.bad && own, OWN, "");
    weighed.add(end.bad && own && close, CLOSE, "right before the end");
    weighed.add(turned, TURNED, "the last to fail before it complained or ended, and it did nothing else behind it");
    weighed.add(named, NAMED, "what it wrote at the end names it");
    weighed.add(told && !named, TOLD, "what it wrote at the end tells of this error");
    weighed.add(is_repeated(group), REPEATED, AGAIN);
    weighed.add(group.recovered, RECOVERED, "it was had later");
    weighed.add(harmless && group.healthy.is_some(), HEALTHY, "runs that ended well had it too");
    weighed.add(harmless && went_on, WENT_ON, "it had failed so before, and the program went on");
    match group.noise {
        Noise::None => {}
        Noise::Probe(reason) => weighed.add(true, PROBE, reason),
        Noise::Answer(reason) => weighed.add(true, ANSWER, reason),
    }
    let most = match (named || told, end.error.is_empty()) {
        (true, _) => i32::MAX,
        (false, false) if turned && end.aborted => ABORTED - 2,
        (false, false) if turned => SAID - 1,
        (false, true) if turned => i32::MAX,
        (false, _) if end.is_over => WORTH_SAYING,
        // Who lives on got over it, unless it tries again and again.
        (false, _) if !is_standing(facts, group, end.end_ns) => WORTH_SAYING - 1,
        (false, _) => i32::MAX,
    };
    weighed.is_tied = most != WORTH_SAYING;
    weighed.weight = weighed.weight.min(most);
    weighed.agreement = match (named, told || says(end, group, turned)) {
        (_, true) => Agreement::Same,
        (true, false) => Agreement::More,
        (false, false) => Agreement::Other,
    };
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

/// Whether the last words name what failed; `turned` if the course changed with it: a plain word is its name then.
fn names(end: &EndContext, group: &Group, turned: bool) -> bool {
    let Some(text) = group.subject.text().map(str::to_lowercase) else { return false };
    let last = text.rsplit('/').next().unwrap_or(&text);
    let whole = text.len() > 3 && has_name(&end.words, &text);
    let is_told = || (turned || is_no_word(last)) && has_name(&end.words, last) || is_quoted(&end.words, last);
    whole || matches!(group.subject, Subject::Path(_)) && last.len() > 4 && is_told()
}

/// Whether a name is more than a word that a text has by chance: `version`, `config`.
fn is_no_word(name: &str) -> bool {
    !name.chars().all(char::is_alphabetic)
}

/// Whether a text has a name between quotes, or as a path's last part.
fn is_quoted(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let behind = text.get(at + name.len()..).and_then(|behind| behind.chars().next());
        let is_quote = |c: Option<char>| c.is_some_and(|c| "'\"`\u{2018}\u{2019}\u{201c}\u{201d}".contains(c));
        before == Some('/') && !behind.is_some_and(char::is_alphanumeric) || is_quote(before) && is_quote(behind)
    })
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
/// How they put it that they got no memory.
const NO_MEMORY: &[&str] = &["memoryerror", "out of memory", "outofmemory", "bad_alloc", "cannot allocate memory"];

/// Whether words, in lower case, tell of a peer or a name server that did not answer.
pub(crate) fn is_of_silence(words: &str) -> bool {
    LATE.iter().chain(UNNAMED).any(|of| words.contains(of))
}

/// Whether the last words tell this error; `turned` if the course changed with it.
fn says(end: &EndContext, group: &Group, turned: bool) -> bool {
    let any = |words: &[&str]| words.iter().any(|words| end.words.contains(words));
    if group.meaning == Meaning::NoAnswer {
        return any(LATE) || group.subject.is_name_server() && any(UNNAMED);
    }
    if group.meaning == Meaning::OutOfMemory && turned && any(NO_MEMORY) {
        return true;
    }
    let errno = group.errno;
    let has = |text: &str| !text.is_empty() && has_name(&end.words, &text.to_lowercase());
    let is_told =
        errno_name(errno).is_some_and(has) || errno_text(errno).is_some_and(has) || has(&format!("errno {errno}]"));
    is_told && !names_another(end, group, turned)
}

/// Whether the error that was stated is another path's.
fn names_another(end: &EndContext, group: &Group, turned: bool) -> bool {
    let Subject::Path(_) = &group.subject else { return false };
    let paths = end.error.split(|c: char| c.is_whitespace() || "'\"`,:;()[]=".contains(c));
    !names(end, group, turned) && paths.into_iter().any(|word| word.starts_with('/') && word.len() > 1)
}
