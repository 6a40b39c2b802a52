//! How likely a failure is the cause: one scale for all rules.
//!
//! | weight | means |
//! |---|---|
//! | below [`WORTH_SAYING`] | listed among the failed calls, not said to be a cause |
//! | 100 to 300 | it is odd, and may be the cause |
//! | above 300 | the program complained of it, or ended right behind it |
//! | [`CERTAIN`] | the kernel says so: a signal ended it |
//!
//! | module | what it does |
//! |---|---|
//! | [`again`] | failures that come again |
//! | [`end`] | the end that failures are weighed against |
//! | [`missed`] | what is missed because it could not be made |
//! | [`told`] | whether the last words name what failed, or tell the error |
//!
//! Of a container that has ended a failure is worth saying only where something ties it to the end: the last words
//! name it, or tell its error, or nothing else was done behind it (see [`crate::turn`]). Where the program stated an
//! error, and it is not that one, the words weigh more.

mod again;
mod end;
mod missed;
mod told;

pub use end::EndContext;
pub(crate) use told::is_of_silence;

use crate::facts::Facts;
use crate::groups::{self, Agreement, Group, Weighed};
use crate::last_words::LastWords;
use crate::meaning::{LOCKED, Meaning};
use crate::noise::Noise;
use crate::turn::went_on;
use crate::works::Works;
use again::{complaining, is_complained_of, is_interleaved, is_repeated, is_standing};
use missed::{unmade, was_not_made};
use told::{contradicts, names, says, states};

/// What the kernel itself says is the cause.
pub const CERTAIN: i32 = 1000;
/// The OOM killer: the kernel says so as well, and says more than the signal that it sent.
pub const OOM_KILLED: i32 = CERTAIN + 100;
/// A program that watches over the time of another ended it: says more than the signal that it sent.
pub const TIME_OVER: i32 = CERTAIN + 20;
/// A program that was to be run is not there, and the exit code says so as well. More than the failed looks for it.
pub const NO_PROGRAM: i32 = 900;
/// A program may not be run, which a living shell tries again and again. Less than the call that failed, where that is
/// tied to the end.
pub const DENIED_AGAIN: i32 = 120;
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
/// All threads wait for others of their process, which may be all that they have to do. Less than what may be the reason
/// for it.
pub const IDLE_FOR_EVER: i32 = WORTH_SAYING + 5;
/// It says nothing any more but that something fails. Less than what fails, where that is known.
pub const COMPLAINS: i32 = WORTH_SAYING + 4;
/// A server has answered nothing but client errors. Less than anything that fails.
pub const CLIENT_ERRORS: i32 = WORTH_SAYING + 1;
/// A child fails of it each time. Less than what it says, or what else it fails of.
pub const FAILS_AGAIN: i32 = WORTH_SAYING + 1;
/// Its limit of CPU time stops it. Less than what it waits for, which may be slow for that: those rules tell it beside.
/// And less than what fails, which it may try for so often that it meets the limit.
pub const THROTTLED: i32 = WORTH_SAYING + 3;
/// What it was told to read anew is wrong. Less than what fails it.
pub const RELOAD_FAILED: i32 = WORTH_SAYING + 2;
/// A thread ended of an exception, and its process lives on without it.
pub const THREAD_ENDED: i32 = 150;
/// Most answers of a server are errors of its own.
pub const SERVES_ERRORS: i32 = 170;
/// A process has made no call since the recording began.
pub const HUNG: i32 = 120;
/// A server leaves requests without an answer. Less than what may be the reason for it.
pub const UNANSWERED_REQUESTS: i32 = HUNG - 1;
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
/// And the very line that says why does, and tells the error as well.
const STATED: i32 = 450;
/// The complaint tells the error.
const TOLD: i32 = 200;
/// A peer failed it again and again.
const REPEATED: i32 = 20;
/// That, in words.
pub(crate) const AGAIN: &str = "again and again";
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

/// "Right before the end".
const CLOSE_NS: u64 = 1_000_000_000;

/// The groups of failed calls, the likeliest cause first, and of equal ones the latest.
#[must_use]
pub fn weighed_groups(facts: &Facts<'_>, words: Option<&LastWords>) -> Vec<Group> {
    let end = EndContext::of(facts, words);
    let mut groups = groups::of(facts);
    let works = Works::of(facts);
    let decisive = end.decisive(facts, &works, &groups);
    let unmade = unmade(&groups);
    let old: Vec<bool> = groups
        .iter()
        .map(|group| {
            let is_done_without = end.does_without(group) || was_not_made(group, &unmade);
            is_done_without || went_on(facts, &works, group) || is_interleaved(&works, group, &groups)
        })
        .collect();
    let complaining = complaining(facts);
    for (group, went_on) in groups.iter_mut().zip(old) {
        let complains = is_complained_of(facts, group);
        let stands = is_standing(facts, &works, group, &complaining);
        group.weighed = weigh(&works, group, &end, [decisive == Some(group.last), went_on, complains, stands]);
    }
    groups.sort_by_key(|group| std::cmp::Reverse((group.weighed.weight, group.last_ns)));
    groups
}

/// Weighs a group; `turned` if the course changed with it, `went_on` if it had not when the same failed before,
/// `complains` if the living program complains of it again and again, `stands` if it is one of now.
fn weigh(works: &Works, group: &Group, end: &EndContext, [turned, went_on, complains, stands]: [bool; 4]) -> Weighed {
    let mut weighed = Weighed::default();
    let own = end.is_own(group);
    // What failed once it had said why it ends is of its way out.
    let is_behind = !end.error.is_empty() && end.complained_ns.is_some_and(|ns| group.began_ns() > ns);
    let named = !is_behind && names(&end.words, group, turned) && !contradicts(end, group, turned);
    let stated = named && !went_on && states(end, group, turned);
    // That the words tell of such an error, and not of what, says nothing of one that does no harm; that they name it,
    // which healthy runs did not, says that this time it did.
    let harmless = !named && (group.healthy.is_some() || went_on);
    let says = !is_behind && says(end, group, turned);
    let told = own && group.noise == Noise::None && !harmless && says;
    let close = end.end_ns.saturating_sub(group.last_ns) < CLOSE_NS;
    weighed.add(true, severity(group.meaning), "");
    weighed.add(end.bad && own, OWN, "");
    weighed.add(end.bad && own && close, CLOSE, "right before the end");
    weighed.add(turned, TURNED, "the last to fail before it complained or ended, and it did nothing else behind it");
    weighed.add(named, NAMED, "what it wrote at the end names it");
    weighed.add(stated, STATED, "the line that says why names it, and tells this error");
    weighed.add(told && !named, TOLD, "what it wrote at the end tells of this error");
    weighed.add(complains, NAMED, "it complains of it again and again");
    weighed.add(is_repeated(works, group), REPEATED, AGAIN);
    weighed.add(stands && group.errno == LOCKED, STUCK, "it asks for the lock again and again");
    weighed.add(group.recovered, RECOVERED, "it was had later");
    weighed.add(harmless && group.healthy.is_some(), HEALTHY, "runs that ended well had it too");
    weighed.add(harmless && went_on, WENT_ON, "it had failed so before, and the program went on");
    match group.noise {
        Noise::None => {}
        Noise::Probe(reason) => weighed.add(true, PROBE, reason),
        Noise::Answer(reason) => weighed.add(true, ANSWER, reason),
    }
    let most = match (named || told || complains, end.error.is_empty()) {
        // It ended well all the same, whatever it said of that.
        _ if end.is_over && !end.bad => WORTH_SAYING - 1,
        (true, _) => i32::MAX,
        (false, false) if turned && end.aborted => ABORTED - 2,
        (false, false) if turned => SAID - 1,
        (false, true) if turned => i32::MAX,
        (false, _) if end.is_over => WORTH_SAYING,
        // Who lives on got over it, unless it tries again and again.
        (false, _) if !stands => WORTH_SAYING - 1,
        (false, _) => i32::MAX,
    };
    weighed.is_tied = most != WORTH_SAYING;
    // The kernel's word, or an exit code that says so, is more than the program's.
    weighed.weight = weighed.weight.min(most).min(NO_PROGRAM - 1);
    weighed.agreement = match (named, told || says) {
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
