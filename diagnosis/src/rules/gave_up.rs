//! A living process that said an error last, has done nothing since, and waits for nobody: it has given up, and lives on.

use crate::facts::{Facts, Process};
use crate::finding::Finding;
use crate::groups::Group;
use crate::last_words::LastWords;
use crate::weight::COMPLAINS;
use crate::works::Works;
use rewind_recording::render::units::duration;

/// Who tries again does so sooner.
const LONG_NS: u64 = 20_000_000_000;
/// How the descriptors of sockets begin by which somebody else may give it something to do.
const PEERS: [&str; 4] = ["TCP", "UDP", "SCTP", "socket"];

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if !facts.is_living() || facts.is_frozen() || facts.culprit.is_some() {
        return Vec::new();
    }
    // Of several processes one works for the others.
    let mut living = facts.processes.iter().filter(|(_, process)| process.end.is_none() && !process.is_setup());
    let (Some((tgid, process)), None) = (living.next(), living.next()) else { return Vec::new() };
    finding(facts, *tgid, process).into_iter().collect()
}

fn finding(facts: &Facts<'_>, tgid: u32, process: &Process) -> Option<Finding> {
    let now_ns = facts.header.read_ns;
    let last_ns = process.outputs.last()?.at_ns;
    let ago_ns = now_ns.checked_sub(last_ns).filter(|ago_ns| *ago_ns >= LONG_NS)?;
    // What happened since is all there.
    if facts.header.coverage.complete_from_ns > last_ns {
        return None;
    }
    let words = LastWords::of_process(facts, tgid, process, last_ns).filter(|words| words.is_error)?;
    let is_last = process.outputs.last().is_some_and(|output| output.index <= words.events[1]);
    let is_idle = || {
        let works = Works::of(facts);
        let mut threads = facts.threads().remove(&tgid).unwrap_or_default().into_iter();
        let waits = threads.all(|thread| thread.wait.is_some());
        waits && !works.serves(tgid) && !works.has_any(tgid, last_ns..now_ns)
    };
    let has_peers = || {
        // A pair of its own has no path.
        let is_named = |what: &str| what.starts_with("UNIX") && what.contains('/');
        let is_peer = |what: &str| is_named(what) || PEERS.iter().any(|kind| what.starts_with(kind));
        facts.tables.of(tgid).is_some_and(|table| table.open().any(|(fd, what)| fd > 2 && is_peer(what)))
    };
    if !is_last || has_peers() || !is_idle() {
        return None;
    }
    let (text, ago) = (&words.text, duration(ago_ns));
    let text = format!("it said \"{text}\" {ago} ago, and has done nothing since");
    Some(Finding::new("gave-up", COMPLAINS, text, words.events))
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_recording::event::build;

    /// A program that says something and waits, `then` something happens, and half a minute passes.
    fn waits(says: &str, then: impl Fn(&mut Scene)) -> String {
        let mut scene = Scene::of("sensor");
        scene.connect([10, 0, 0, 5], 1883, 0);
        scene.call(700, 3).arg(3).result(0).end();
        scene.say(2, says);
        scene.later(S);
        then(&mut scene);
        scene.now += MS;
        build::call(&mut scene.records, 700, 232).at(scene.now, 0).enter().arg(4).end();
        scene.later(30 * S);
        scene.answer()
    }

    #[test]
    fn who_has_done_nothing_since_it_said_an_error_is_told() {
        let refused = "mqtt: Connection refused: Not authorized\n";
        let told = "It is running; but it said \"mqtt: Connection refused: Not authorized\" 32.";
        let answer = waits(refused, |_| ());
        assert!(answer.starts_with(told) && answer.ends_with("s ago, and has done nothing since."), "{answer}");
        let nothing = "It is running: nothing unusual found.";
        assert_eq!(waits(refused, |scene| scene.say(1, "connected\n")), nothing);
        assert_eq!(waits(refused, |scene| scene.connect([10, 0, 0, 6], 1883, 0)), nothing);
        assert_eq!(waits("no cache, using default\n", |_| ()), nothing);
    }
}
