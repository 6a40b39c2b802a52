//! A living process, one thread of which ended of an exception that nobody caught.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::groups::Group;
use crate::last_words::LastWords;
use crate::weight::THREAD_ENDED;
use rewind_common::record::GROUP_DEAD;
use rewind_recording::event::What;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if !facts.is_living() {
        return Vec::new();
    }
    (0..facts.timeline.len()).filter_map(|index| finding(facts, index)).collect()
}

/// That a thread of a living process ended so with an event.
fn finding(facts: &Facts<'_>, index: usize) -> Option<Finding> {
    let event = facts.timeline.event(index)?;
    let What::Exit(exit) = event.what else { return None };
    let (tid, tgid) = (event.tid, event.tgid()?);
    let process = facts.processes.get(&tgid).filter(|process| process.end.is_none())?;
    let said = LastWords::of_thread(process, tid, event.end_ns).filter(|_| exit.header.flags & GROUP_DEAD == 0)?;
    let text = format!("thread {tid} of process {tgid} ({}) ended: it said \"{said}\"", process.comm);
    let reasons = vec!["it wrote that right before it ended, and its process lives on without it"];
    Some(Finding { reasons, ..Finding::new("thread", THREAD_ENDED, text, [index]) })
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene};
    use rewind_recording::event::build;

    #[test]
    fn a_thread_that_ended_of_an_exception_is_told_with_what_it_said() {
        let ended = |said: &str| {
            let mut scene = Scene::of("python3 app.py");
            build::task(&mut scene.records, scene.now, (701, 700), (2, 1), "worker");
            scene.main = 701;
            scene.say(2, said);
            scene.now += 1;
            build::exit(&mut scene.records, scene.now, (701, 700), 0, false);
            scene.main = 700;
            scene.later(9 * S);
            scene.answer()
        };
        let traceback = "Exception in thread Thread-1:\nTraceback (most recent call last):\n  File \"app.py\", line 3, in run\n\
                         FileNotFoundError: [Errno 2] No such file or directory: '/data/in.csv'\n";
        let answer = "It is running; but thread 701 of process 700 (python3) ended: it said \"FileNotFoundError: [Errno 2] No \
                      such file or directory: '/data/in.csv'\".";
        assert_eq!(ended(traceback), answer);
        assert_eq!(ended("warning: nothing to do\n"), "It is running: nothing unusual found.");
    }
}
