//! The paths that a process tried in vain, in order, and those of the same name that it had in the end: where a
//! program looks for its configuration and its secrets.

use crate::diagnosis::Tried;
use crate::event_text::rfc3339;
use crate::facts::{Facts, Subject};
use crate::groups::Group;
use crate::meaning;
use crate::noise::{Noise, noise};
use crate::text::last_part;
use rewind_recording::clock::Clock;
use rewind_recording::decode::{self, Invocation};
use rewind_recording::event::{Outcome, What};
use rewind_recording::filter::failed;
use std::collections::BTreeSet;

/// The last so many.
const SHOWN: usize = 10;

/// The paths that the culprit tried; none if it is one path alone, which the failed calls tell already.
pub(super) fn tried(facts: &Facts<'_>, groups: &[Group], clock: &mut Clock) -> Vec<Tried> {
    let Some((culprit, process)) = facts.culprit() else { return Vec::new() };
    let wanted: BTreeSet<&str> = groups
        .iter()
        .filter(|group| group.tgid == culprit && group.noise == Noise::None && group.last_ns >= process.since_ns())
        .filter_map(|group| match &group.subject {
            Subject::Path(path) => Some(last_part(path).unwrap_or(path)),
            _ => None,
        })
        .collect();
    let mut tried: Vec<Tried> = Vec::new();
    for index in 0..facts.timeline.len() {
        let Some(event) = facts.timeline.event(index).filter(|event| event.tgid() == Some(culprit)) else { continue };
        let What::Call { call, enter, outcome: Outcome::Returned } = event.what else { continue };
        let invocation = Invocation { call, enter };
        let Some(path) = decode::path(&invocation, facts.arch).filter(|_| event.start_ns >= process.since_ns()) else {
            continue;
        };
        let name = decode::name(&call, facts.arch);
        let errno = call.errno().filter(|_| failed(&call));
        let odd = |errno| noise(&name, &Subject::Path(path.to_string()), errno) == Noise::None;
        let shown = match errno {
            Some(errno) => odd(errno),
            None => wanted.contains(last_part(&path).unwrap_or(&path)),
        };
        if !shown {
            continue;
        }
        let result = errno.map_or_else(|| "ok".to_owned(), |errno| meaning::name(errno).into_owned());
        match tried.last_mut() {
            Some(last) if last.path == path && last.result == result && last.call == name => last.count += 1,
            _ => tried.push(Tried {
                time: rfc3339(clock, event.start_ns),
                ktime_ns: event.start_ns,
                call: name.into_owned(),
                path: path.into_owned(),
                result,
                count: 1,
            }),
        }
    }
    let paths: BTreeSet<&str> = tried.iter().map(|tried| tried.path.as_str()).collect();
    if paths.len() < 2 {
        return Vec::new();
    }
    tried.split_off(tried.len().saturating_sub(SHOWN))
}

#[cfg(test)]
mod tests {
    use crate::scene::{Scene, denied};

    #[test]
    fn the_paths_that_were_tried_stand_in_their_order() {
        let mut scene = Scene::of("app");
        scene.access("/etc/ld.so.preload", -2);
        scene.open("/lib/libc.so.6", 3);
        scene.open("/etc/app/token", -2);
        scene.open("/etc/app/token", -2);
        scene.open("/run/secrets/token", -13);
        scene.open("/srv/token", 3);
        scene.open("/srv/other", 3);
        scene.exit(700, 1 << 8);
        let why = scene.why();
        let tried: Vec<_> =
            why.tried.iter().map(|tried| (tried.path.as_str(), tried.result.as_str(), tried.count)).collect();
        assert_eq!(
            tried,
            [("/etc/app/token", "ENOENT", 2), ("/run/secrets/token", "EACCES", 1), ("/srv/token", "ok", 1)]
        );
        // One path alone is told by the failed calls.
        assert!(denied().why().tried.iter().all(|tried| tried.path != "/etc/ld.so.preload"));
    }
}
