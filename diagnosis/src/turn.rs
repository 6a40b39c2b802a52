//! Whether the course of a program changed with a failure: whether it did nothing else behind it until it complained,
//! or ended.
//!
//! A probe that fails in healthy runs as well is followed by the ordinary work of its thread. What programs do to
//! complain (look for the source of a message, its translation, their own symbols) is no work.

use crate::calls::{self, bits};
use crate::facts::{Facts, Subject};
use crate::groups::Group;
use crate::meaning::Meaning;
use crate::noise::{Noise, noise};
use rewind_recording::decode::{self, Invocation, errno};
use rewind_recording::event::{Outcome, What};

/// No longer before it than this, but for the time that the thread slept.
const CLOSE_NS: u64 = 5_000_000_000;

/// Whether what failed last in a group is where the course changed, `until_ns` being when it complained or ended.
pub(crate) fn is_turn(facts: &Facts<'_>, group: &Group, until_ns: u64) -> bool {
    if !can_end(group) {
        return false;
    }
    let mut slept_ns = 0;
    for index in group.last + 1..facts.timeline.len() {
        let Some(event) = facts.timeline.event(index) else { continue };
        if event.start_ns >= until_ns {
            break;
        }
        let What::Call { call, enter, outcome: Outcome::Returned } = event.what else { continue };
        if event.tid != group.tid || event.start_ns < group.last_ns {
            continue;
        }
        let invocation = Invocation { call, enter };
        let name = decode::name(&call, facts.arch);
        if calls::has(&name, bits::SLEEPS) {
            slept_ns += call.duration_ns;
        } else if call.errno().is_none() && is_work(&name, decode::path(&invocation, facts.arch).as_deref()) {
            return false;
        }
    }
    until_ns.saturating_sub(group.last_ns).saturating_sub(slept_ns) < CLOSE_NS
}

/// Whether programs end for a failure of that kind.
fn can_end(group: &Group) -> bool {
    match group.meaning {
        Meaning::Answer(_) => false,
        Meaning::Missing | Meaning::Busy | Meaning::Other => {
            matches!(group.subject, Subject::Path(_) | Subject::Peer(_))
        }
        _ => true,
    }
}

/// Whether a call that succeeded shows that the program goes on.
fn is_work(name: &str, path: Option<&str>) -> bool {
    if calls::has(name, bits::OPENS) {
        return path.is_some_and(|path| {
            let is_own = path.starts_with("/proc/") || path.starts_with("/sys/");
            !is_own && noise(name, &Subject::Path(path.to_owned()), errno::ENOENT) == Noise::None
        });
    }
    let is_transfer = calls::has(name, bits::SENDS | bits::RECEIVES) && calls::has(name, bits::NETWORK);
    is_transfer || calls::has(name, bits::CONNECTS | bits::BINDS | bits::STARTS | bits::RUNS | bits::MAKES_ENTRY)
}
