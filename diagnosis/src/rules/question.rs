//! A program that has asked something and waits for input that does not come.
//!
//! Many read their standard input as long as they live: without a question that is nothing.

use crate::calls::bits;
use crate::facts::{Facts, Output, Process, Thread, Wait};
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::STUCK;
use rewind_recording::decode;
use rewind_recording::event::{Event, What};
use rewind_recording::render::units::duration;

/// Who answers at all does so sooner.
const LONG_NS: u64 = 5_000_000_000;
/// Who asks waits for the answer right behind that.
const RIGHT_BEHIND_NS: u64 = 1_000_000_000;
/// The operation of `epoll_ctl` that takes a descriptor out.
const EPOLL_CTL_DEL: u64 = 2;
/// So much of a question is told.
const MAX_CHARS: usize = 100;
/// What a line begins with that asks for something, in lower case.
const ASKS: [&str; 8] = ["enter ", "type ", "press ", "please ", "hit ", "input ", "provide ", "choose "];
/// What a line has in it that asks to decide, in lower case.
const CHOICES: [&str; 6] = ["y/n", "yes/no", "yes|no", "y|n", "yes or no", "press any key"];

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if facts.is_frozen() {
        return Vec::new();
    }
    let asking = facts.threads().into_iter().filter_map(|(tgid, threads)| finding(facts, tgid, &threads));
    asking.collect()
}

fn finding(facts: &Facts<'_>, tgid: u32, threads: &[Thread]) -> Option<Finding> {
    let all_wait = threads.iter().all(|thread| thread.wait.is_some());
    let main = threads.iter().find(|thread| thread.tid == tgid).filter(|_| all_wait && facts.is_below_main(tgid))?;
    let wait = main.wait.as_ref().filter(|wait| wait.ns >= LONG_NS && !wait.is_before)?;
    let since_ns = facts.header.read_ns.saturating_sub(wait.ns);
    let process = facts.processes.get(&tgid)?;
    let (output, question) = last_question(process, since_ns)?;
    if !reads_input(wait) && !watches_input(facts, tgid, wait) {
        return None;
    }
    let who = if process.ns_tgid == 1 { "it".to_owned() } else { format!("{} (process {tgid})", process.comm) };
    let shown: String = question.chars().take(MAX_CHARS).collect();
    let call = if reads_input(wait) { format!("{} of descriptor 0", wait.name) } else { wait.name.to_string() };
    let long = duration(wait.ns);
    let text = format!("{who} has waited {long} for input ({call}) behind its question \"{shown}\"");
    Some(Finding::new("question", STUCK, text, [output.index, wait.index]))
}

/// Whether a call waits for standard input, and for nothing else.
fn reads_input(wait: &Wait) -> bool {
    let first = wait.values.first().copied().flatten();
    match &*wait.name {
        // All descriptors below that number.
        "select" | "pselect6" => first == Some(1),
        _ => wait.bits & bits::RECEIVES != 0 && first == Some(0),
    }
}

/// Whether a call waits for what an `epoll` watches, and that has standard input.
fn watches_input(facts: &Facts<'_>, tgid: u32, wait: &Wait) -> bool {
    let Some(epoll) = wait.values.first().copied().flatten().filter(|_| wait.name.starts_with("epoll_")) else {
        return false;
    };
    let events = (0..wait.index).rev().filter_map(|index| facts.timeline.event(index));
    let operation = |event: Event<'_>| match event.what {
        What::Call { call, .. } if event.tgid() == Some(tgid) && decode::name(&call, facts.arch) == "epoll_ctl" => {
            let is_it = call.value(0) == Some(epoll) && call.value(2) == Some(0) && call.errno().is_none();
            call.value(1).filter(|_| is_it)
        }
        _ => None,
    };
    events.filter_map(operation).next().is_some_and(|operation| operation != EPOLL_CTL_DEL)
}

/// The question that a process wrote right before it began to wait.
fn last_question(process: &Process, since_ns: u64) -> Option<(&Output, &str)> {
    let output = process.outputs.iter().rfind(|output| output.at_ns <= since_ns)?;
    let is_right_before = since_ns - output.at_ns < RIGHT_BEHIND_NS && !output.is_cut;
    let line = output.text.trim_end().rsplit('\n').next()?.trim();
    let asks = is_right_before && is_question(line, output.text.ends_with('\n'));
    asks.then_some((output, line))
}

/// Whether a line asks for something. Behind one that is over only a question is one; behind one that is not, more.
fn is_question(line: &str, is_over: bool) -> bool {
    let lower = line.to_lowercase();
    let requests = ASKS.iter().any(|asks| lower.starts_with(asks));
    let is_clear =
        line.ends_with('?') || CHOICES.iter().any(|choice| lower.contains(choice)) || line.ends_with(':') && requests;
    // The prompts of who takes commands, one after the other, ask nothing: `In [1]:`, `mysql>`.
    let is_prompt = lower.starts_with("in [");
    is_clear || !is_over && (requests || !is_prompt && line.ends_with([':', ']', ')']))
}

#[cfg(test)]
mod tests {
    use super::is_question;
    use crate::scene::{S, Scene};
    use rewind_recording::event::build;

    const QUIET: &str = "It is running: nothing unusual found.";

    /// A program that says something and then reads a descriptor.
    fn reads(text: &str, fd: u64, ns: u64) -> Scene {
        let mut scene = Scene::of("bash install.sh");
        scene.say(1, "Installing plugins\n");
        if !text.is_empty() {
            scene.say(2, text);
        }
        scene.now += 1_000;
        build::call(&mut scene.records, 700, 0).at(scene.now, 0).enter().arg(fd).arg(0x7000).arg(1).end();
        scene.later(ns);
        scene
    }

    #[test]
    fn who_waits_for_the_answer_to_its_question_is_told() {
        let answer = "It is running; but it has waited 15.0s for input (read of descriptor 0) behind its question \
                      \"Continue? [y/N]\".";
        assert_eq!(reads("Continue? [y/N] ", 0, 14 * S).answer(), answer);
        assert!(reads("License key?\n", 0, 14 * S).answer().contains("behind its question \"License key?\""));
    }

    #[test]
    fn who_reads_its_input_and_has_asked_nothing_has_nothing_to_do() {
        for text in ["", "reads jobs from its input (one a line)\n", "Loading...", ">>> ", "mysql> ", "In [1]: "] {
            assert_eq!(reads(text, 0, 60 * S).answer(), QUIET, "{text}");
        }
        assert_eq!(reads("Continue? [y/N] ", 0, 2 * S).answer(), QUIET);
        assert_eq!(reads("Continue? [y/N] ", 3, 60 * S).answer(), QUIET);
        // Another thread works.
        let mut scene = reads("Continue? [y/N] ", 0, 14 * S);
        build::task(&mut scene.records, scene.now, (701, 700), (2, 1), "worker");
        scene.call(701, 39).result(1).end();
        assert_eq!(scene.answer(), QUIET);
    }

    #[test]
    fn an_event_loop_that_watches_its_input_waits_for_it() {
        let watches = |fd: u64| {
            let mut scene = Scene::of("node setup.js");
            scene.call(700, 233).arg(9).arg(1).arg(fd).arg(0x7000).result(0).end();
            scene.say(1, "Project name? ");
            scene.now += 1_000;
            build::call(&mut scene.records, 700, 281).at(scene.now, 0).enter().arg(9).arg(0x7000).arg(1024).end();
            scene.later(20 * S);
            scene.answer()
        };
        assert!(watches(0).contains("for input (epoll_pwait) behind its question \"Project name?\""), "{}", watches(0));
        assert_eq!(watches(5), QUIET);
    }

    #[test]
    fn what_lines_ask() {
        for line in ["Password for user app:", "package name: (app)", "Proceed (y/n)", "Press ENTER to go on", "(Pdb)"]
        {
            assert!(is_question(line, false), "{line}");
        }
        for line in ["Really?", "Type yes or no", "Enter the token:"] {
            assert!(is_question(line, true), "{line}");
        }
        for line in ["Waiting for jobs:", "listening (port 80)", "[info] [worker]", "Enter state running"] {
            assert!(!is_question(line, true), "{line}");
        }
    }
}
