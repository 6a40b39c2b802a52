//! A living container, a process of which ended of an exception that nobody caught, or of a fault, and has not been run again:
//! who ran it lives on, as those do that watch files or other parts.

use crate::facts::{FAULTS, Facts, Process, SIGABRT};
use crate::finding::Finding;
use crate::groups::Group;
use crate::last_words::LastWords;
use crate::weight::THREAD_ENDED;
use std::collections::{HashMap, HashSet};

/// What ended so short a time ago may be begun again at once.
const MOMENT_NS: u64 = 2_000_000_000;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if !facts.is_living() || facts.is_frozen() || facts.culprit.is_some() {
        return Vec::new();
    }
    let parents = Parents::of(facts);
    // The last one tells the most.
    let crashed = facts.processes.iter().filter_map(|(tgid, process)| finding(facts, &parents, *tgid, process));
    crashed.max_by_key(|finding| finding.evidence.last().copied()).into_iter().collect()
}

fn finding(facts: &Facts<'_>, parents: &Parents, tgid: u32, process: &Process) -> Option<Finding> {
    let end = process.end.filter(|end| end.ending.at_ns.saturating_add(MOMENT_NS) <= facts.header.read_ns)?;
    if process.programs.is_empty() || end.ending.is_success() || goes_on(facts, parents, process, end.ending.at_ns) {
        return None;
    }
    let words = LastWords::of_process(facts, tgid, process, end.ending.at_ns).filter(|words| words.is_crash);
    let signal = end.ending.signal.map(u32::from);
    if words.is_none() && !signal.is_some_and(|signal| signal == SIGABRT || FAULTS.contains(&signal)) {
        return None;
    }
    let said = words.as_ref().map_or_else(String::new, |words| format!(": it said \"{}\"", words.text));
    let said_in = words.map(|words| words.events[1]);
    let (command, was) = (process.command(), if signal.is_some() { "was " } else { "" });
    let how = end.ending.words();
    let text = format!("its child {command} (process {tgid}) {was}{how}, and has not been run again{said}");
    Some(Finding::new("crashed", THREAD_ENDED, text, said_in.into_iter().chain([end.index])))
}

/// What is known of those who may have run what crashed.
struct Parents {
    /// When each began a process last.
    begun_ns: HashMap<u32, u64>,
    /// Those that have answered requests.
    serving: HashSet<u32>,
}

impl Parents {
    fn of(facts: &Facts<'_>) -> Self {
        let mut begun_ns = HashMap::<u32, u64>::new();
        for process in facts.processes.values() {
            let last_ns = begun_ns.entry(process.parent).or_default();
            *last_ns = process.first_ns.max(*last_ns);
        }
        Self { begun_ns, serving: facts.served.iter().map(|served| served.tgid).collect() }
    }
}

/// Who runs what it is told to at its times, and reckons with failures.
const CRONS: [&str; 4] = ["cron", "crond", "fcron", "supercronic"];

/// Whether who ran a process that ended does without: it has begun another since, or has become another; it serves, or
/// runs what it is told to; or it is somebody from outside.
fn goes_on(facts: &Facts<'_>, parents: &Parents, process: &Process, end_ns: u64) -> bool {
    // What ran it, and ended with it, only passed it on.
    let above = std::iter::successors(Some(process.parent), |tgid| facts.processes.get(tgid).map(|it| it.parent));
    let lives = |tgid: &u32| facts.processes.get(tgid).is_some_and(|it| it.end.is_none());
    let Some(parent) = above.take(facts.processes.len()).find(lives) else { return true };
    let is_other =
        facts.processes.get(&parent).is_none_or(|it| it.since_ns() > end_ns || CRONS.contains(&it.program()));
    is_other
        || !facts.is_below_main(parent)
        || parents.begun_ns.get(&parent).is_some_and(|begun_ns| *begun_ns > end_ns)
        || parents.serving.contains(&parent)
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};

    const NOTHING: &str = "It is running: nothing unusual found.";
    const ERROR: &str = "/app/api.js:7\n  cahce.get(id)\n  ^\n\nReferenceError: cahce is not defined\n    at /app/api.js:7:3\n\n\
                         Node.js v20.20.2\n";

    /// A child that says something and ends; then `others`.
    fn ends(says: &str, status: u32, others: impl Fn(&mut Scene)) -> String {
        let mut scene = Scene::of("node nodemon api.js");
        scene.child(701, 700, "node api.js");
        scene.main = 701;
        scene.say(2, says);
        scene.exit(701, status);
        scene.main = 700;
        scene.now += MS;
        others(&mut scene);
        scene.later(20 * S);
        scene.answer()
    }

    #[test]
    fn what_crashed_and_was_not_begun_again_is_told_with_its_words() {
        let answer = "It is running; but its child node api.js (process 701) exited with 1, and has not been run again: it said \
                      \"ReferenceError: cahce is not defined\".";
        assert_eq!(ends(ERROR, 1 << 8, |_| {}), answer);
        let killed = ends("", 11, |_| {});
        assert!(
            killed.contains("its child node api.js (process 701) was killed by SIGSEGV, and has not been run"),
            "{killed}"
        );
    }

    #[test]
    fn what_was_begun_again_or_only_failed_is_not_told() {
        assert_eq!(ends(ERROR, 1 << 8, |scene| scene.child(702, 700, "node api.js")), NOTHING);
        assert_eq!(ends("fatal: not a git repository\n", 128 << 8, |_| {}), NOTHING);
        assert_eq!(ends(ERROR, 0, |_| {}), NOTHING);
    }
}
