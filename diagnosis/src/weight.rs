//! How likely a failure is the cause: one scale for all rules.
//!
//! | weight | means |
//! |---|---|
//! | below [`WORTH_SAYING`] | listed among the failed calls, not said to be a cause |
//! | 100 to 300 | it is odd, and may be the cause |
//! | above 300 | the program complained of it, or ended right behind it |
//! | [`CERTAIN`] | the kernel says so: a signal ended it |

use super::case::{Case, GIVEN_UP, Process, Subject};
use super::groups::Group;
use super::noise::Noise;
use rewind_recording::decode::{errno_name, errno_text};

/// What the kernel itself says is the cause.
pub const CERTAIN: i32 = 1000;
/// A finding that weighs less is not said.
pub const WORTH_SAYING: i32 = 100;

/// Between two sayings of one complaint there is no more than this.
const BREATH_NS: u64 = 200_000_000;
/// A complaint ends no longer before the end than this.
const LAST_WORDS_NS: u64 = 5_000_000_000;
/// "Right before the end".
const CLOSE_NS: u64 = 1_000_000_000;

/// A weight and what it is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weighed {
    /// The sum.
    pub weight: i32,
    /// In words.
    pub reasons: Vec<&'static str>,
}

impl Weighed {
    fn add(&mut self, when: bool, weight: i32, reason: &'static str) {
        if when {
            self.weight += weight;
            if !reason.is_empty() {
                self.reasons.push(reason);
            }
        }
    }
}

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
    /// The end of a case.
    #[must_use]
    pub fn of(case: &Case<'_>) -> Self {
        let end_ns = case.end_ns();
        let (complained_ns, words) = case.culprit().map(|(_, process)| last_words(process, end_ns)).unwrap_or_default();
        let since_ns = case.culprit().map_or(0, |(_, process)| process.since_ns());
        Self { bad: case.ended_badly(), culprit: case.culprit, since_ns, end_ns, complained_ns, words }
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
    let stderr = process.said.iter().any(|saying| saying.to_stderr && saying.at_ns >= process.since_ns());
    let (mut since_ns, mut words) = (None, Vec::new());
    let own = process.said.iter().filter(|saying| saying.at_ns >= process.since_ns());
    for saying in own.rev().take(200) {
        let patience_ns = if since_ns.is_none() { LAST_WORDS_NS } else { BREATH_NS };
        if since_ns.unwrap_or(end_ns).saturating_sub(saying.at_ns) > patience_ns {
            break;
        }
        // Where both are written, standard error is where complaints go.
        if saying.to_stderr || !stderr {
            since_ns = Some(saying.at_ns);
        }
        words.push(saying.text.to_lowercase());
    }
    words.reverse();
    (since_ns, words.concat())
}

/// Weighs a group; `decisive` if it is the last that failed before the complaint or the end.
#[must_use]
pub fn weigh(group: &Group, end: &EndContext, decisive: bool) -> Weighed {
    let mut weighed = Weighed::default();
    let own = end.is_own(group);
    let named = names(end, group);
    let close = end.end_ns.saturating_sub(group.last_ns) < CLOSE_NS;
    weighed.add(true, severity(group), "");
    weighed.add(end.bad && own, 60, "");
    weighed.add(end.bad && own && close, 40, "right before the end");
    weighed.add(decisive, 200, "the last to fail before it complained or ended");
    weighed.add(named, 350, "what it wrote at the end names it");
    let odd = group.noise == Noise::None;
    weighed.add(own && odd && !named && says(end, group), 200, "what it wrote at the end tells of this error");
    weighed.add(group.count >= 3 && matches!(group.subject, Subject::Peer(_)), 20, "again and again");
    weighed.add(group.recovered, -250, "it was had later");
    match group.noise {
        Noise::None => {}
        Noise::Probe(reason) => weighed.add(true, -150, reason),
        Noise::Answer(reason) => weighed.add(true, -600, reason),
    }
    weighed
}

/// How bad it is as such.
#[must_use]
pub fn severity(group: &Group) -> i32 {
    match group.errno {
        GIVEN_UP => 160,
        // EMFILE, ENFILE, ENOMEM, ENOSPC, EDQUOT.
        23 | 24 | 12 | 28 | 122 => 150,
        // EPERM, EACCES, EROFS, EIO, EADDRINUSE, EAGAIN of clone.
        1 | 13 | 30 | 5 | 98 => 110,
        11 if group.noise == Noise::None => 110,
        // Of peers: ETIMEDOUT, ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ECONNRESET, EPIPE and the like.
        32 | 99..=104 | 110..=113 => 110,
        _ => 30,
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
    if group.errno == GIVEN_UP {
        let unnamed = UNNAMED.iter().filter(|_| group.subject.is_name_server());
        return LATE.iter().chain(unnamed).any(|words| end.words.contains(words));
    }
    let errno = group.errno;
    let has = |text: &str| !text.is_empty() && end.words.contains(&text.to_lowercase());
    errno_name(errno).is_some_and(has) || errno_text(errno).is_some_and(has) || has(&format!("errno {errno}]"))
}
