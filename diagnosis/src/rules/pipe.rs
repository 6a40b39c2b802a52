//! A thread that waits to write to a pipe whose reader does not read: the parent that waits for it to end, for one.

use crate::calls::bits;
use crate::facts::{Facts, Subject, Thread};
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::{DEADLOCKED, HUNG};
use rewind_recording::render::units::duration;

/// Shorter waits are usual.
const LONG_NS: u64 = 5_000_000_000;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if facts.is_frozen() {
        return Vec::new();
    }
    let threads: Vec<Thread> = facts.threads().into_values().flatten().collect();
    let mut findings: Vec<_> = threads.iter().filter_map(|thread| finding(facts, thread, &threads)).collect();
    findings.truncate(3);
    findings
}

fn finding(facts: &Facts<'_>, thread: &Thread, threads: &[Thread]) -> Option<Finding> {
    let wait = thread.wait.as_ref().filter(|wait| wait.ns > LONG_NS && wait.bits & bits::SENDS != 0)?;
    let event = facts.timeline.event(wait.index)?;
    let is_pipe = matches!(facts.subject(&event), Subject::Descriptor(what) if what.starts_with("pipe"));
    if !is_pipe {
        return None;
    }
    let process = facts.processes.get(&thread.tgid)?;
    let long = duration(wait.ns);
    let who = format!("{} (process {})", process.command(), thread.tgid);
    let parent = threads.iter().find(|parent| {
        parent.tgid == process.parent && parent.wait.as_ref().is_some_and(|wait| wait.bits & bits::WAITS_CHILD != 0)
    });
    let (weight, text, waits) = match parent.and_then(|parent| Some((parent, parent.wait.as_ref()?))) {
        Some((parent, waits)) => {
            let comm = facts.processes.get(&parent.tgid).map_or("", |process| &process.comm);
            let text = format!(
                "{who} has waited {long} to write to a pipe that is full, and its parent {comm} (process {}) waits for it \
                 to end instead of reading: neither can go on, unless another process reads it",
                parent.tgid
            );
            (DEADLOCKED, text, Some(waits.index))
        }
        None => {
            (HUNG, format!("{who} has waited {long} to write to a pipe that is full: its reader does not read"), None)
        }
    };
    Some(Finding::new("pipe", weight, text, [wait.index].into_iter().chain(waits)))
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_recording::event::build;

    /// Process 700 has made a pipe, which its child 701 has as its output, and is in `parent` with descriptor 3.
    fn full(parent: u16, child: u16) -> String {
        let mut scene = Scene::of("python3 app.py");
        let ends = [3_i32.to_le_bytes(), 4_i32.to_le_bytes()].concat();
        scene.call(700, 293).pointed(&ends).arg(0).result(0).end();
        scene.now += MS;
        build::child(&mut scene.records, scene.now, 701, 700, "python3");
        scene.call(701, 33).arg(4).arg(1).result(1).end();
        scene.exec(701, "report --all");
        scene.now += MS;
        build::call(&mut scene.records, 701, child).at(scene.now, 0).enter().arg(1).arg(0x7000).arg(65_536).end();
        build::call(&mut scene.records, 700, parent).at(scene.now, 0).enter().arg(3).arg(0).arg(0).arg(0).end();
        scene.later(60 * S);
        scene.answer()
    }

    #[test]
    fn a_parent_that_waits_for_a_child_whose_output_it_does_not_read_is_told() {
        let told = "It is running; but report --all (process 701) has waited 1m01s to write to a pipe that is full, and its \
                    parent python3 (process 700) waits for it to end instead of reading: neither can go on, unless another \
                    process reads it.";
        assert_eq!(full(61, 1), told);
    }

    #[test]
    fn who_waits_for_what_will_be_written_has_nothing_to_do() {
        assert_eq!(full(0, 0), "It is running: nothing unusual found.");
    }
}
