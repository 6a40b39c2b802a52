//! `timeout`(1) ended what it ran, and says so by its exit code.

use crate::facts::{Facts, KillCall, Process, SIGKILL};
use crate::finding::{Finding, Relation};
use crate::groups::Group;
use crate::weight::TIME_OVER;
use rewind_recording::event::{Event, Outcome, What};
use rewind_recording::render::units::duration;

/// What `timeout` exits with when the time is over; and where it had to kill.
const CODES: [u8; 2] = [124, 128 + SIGKILL as u8];
/// Who was in a call for so much of the time is likely to have been held up by it, in percent.
const MOST: u64 = 50;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    let found = facts.chain.iter().find_map(|tgid| {
        let process = facts.processes.get(tgid).filter(|process| process.program() == "timeout")?;
        let end = process.end?.ending;
        let killed = end.signal.map(u32::from) == Some(SIGKILL);
        (killed || end.exit_code.is_some_and(|code| CODES.contains(&code))).then_some((*tgid, process))
    });
    found.and_then(|(tgid, process)| finding(facts, tgid, process)).into_iter().collect()
}

fn finding(facts: &Facts<'_>, tgid: u32, process: &Process) -> Option<Finding> {
    let mut kills = facts.kills.iter().filter(|kill| kill.tgid == tgid && kill.at_ns >= process.since_ns());
    let first: &KillCall = kills.next()?;
    let last = kills.next_back().unwrap_or(first);
    let (child_tgid, child) = facts.processes.iter().find(|(_, child)| child.parent == tgid)?;
    let time_ns = first.at_ns.saturating_sub(process.since_ns());
    let mut text = format!("timeout ended {} after {}", child.command(), duration(time_ns));
    if last.signal == SIGKILL && first.signal != SIGKILL {
        text += ", with SIGKILL, as it did not end when it was asked to";
    }
    let held_up = held_up(facts, *child_tgid, first.at_ns, time_ns);
    if let Some((_, held_up)) = &held_up {
        text += held_up;
    }
    let ends = [process.end, child.end].into_iter().flatten().map(|end| end.index);
    let mut evidence: Vec<_> =
        [first.index, last.index].into_iter().chain(held_up.map(|(index, _)| index)).chain(ends).collect();
    evidence.sort_unstable();
    evidence.dedup();
    Some(Finding {
        relation: Relation::Reason,
        reasons: vec!["the exit code of timeout says so"],
        ..Finding::new("timeout", TIME_OVER, text, evidence)
    })
}

/// The call that a process, or a child of it, was in for most of its time until `until_ns`.
fn held_up(facts: &Facts<'_>, tgid: u32, until_ns: u64, time_ns: u64) -> Option<(usize, String)> {
    let is_its = |event: &Event<'_>| {
        let of = event.tgid().unwrap_or(event.tid);
        of == tgid || facts.processes.get(&of).is_some_and(|process| process.parent == tgid)
    };
    let open = facts.open_calls.iter().filter_map(|index| Some((*index, facts.timeline.event(*index)?)));
    let long = open.filter(|(_, event)| is_its(event) && event.start_ns < until_ns).filter_map(|(index, event)| {
        let What::Call { outcome: Outcome::Died | Outcome::Returned, .. } = event.what else { return None };
        let in_it_ns = until_ns - event.start_ns;
        let is_most = in_it_ns.saturating_mul(100) >= time_ns.saturating_mul(MOST);
        (is_most && !crate::words::waiting::waits_for_child(&event, facts)).then_some((index, event, in_it_ns))
    });
    let (index, event, in_it_ns) = long.max_by_key(|(_, _, in_it_ns)| *in_it_ns)?;
    let call = crate::words::waiting::call(facts, &event);
    Some((index, format!("; it was in {call} for {}", duration(in_it_ns))))
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_recording::event::build;

    /// As GNU timeout does it: a child, SIGTERM to it, and 124.
    fn over(command: &str, within: impl Fn(&mut Scene, u64)) -> String {
        let mut scene = Scene::of(&format!("timeout 5 {command}"));
        scene.child(701, 700, command);
        let at = scene.now;
        scene.later(5 * S);
        scene.call(700, 62).arg(701).arg(15).result(0).end();
        within(&mut scene, at);
        scene.exit(701, 15);
        scene.exit(700, 124 << 8);
        scene.answer()
    }

    #[test]
    fn what_a_program_was_in_when_its_time_was_over_is_told() {
        let answer = over("psql", |scene, at| {
            let sockaddr = [2, 0, 0x15, 0x38, 10, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0];
            let call = build::call(&mut scene.records, 701, 42).at(at + MS, 5 * S).arg(3).pointed(&sockaddr).arg(16);
            call.result(-512).end();
        });
        let told = "It exited with 124, its child psql (process 701) having been killed by SIGTERM: timeout ended psql \
                    after 5.00s; it was in connect to 10.0.0.5:5432 for 5.00s.";
        assert_eq!(answer, told);
    }

    #[test]
    fn a_program_of_which_no_more_is_known_is_told_to_have_been_ended() {
        let answer = over("worker --all", |_, _| ());
        assert!(answer.ends_with(": timeout ended worker --all after 5.00s."), "{answer}");
    }

    #[test]
    fn who_exits_with_124_without_a_timeout_is_not_said_to_have_been_late() {
        let mut scene = Scene::of("app");
        scene.exit(700, 124 << 8);
        assert_eq!(scene.answer(), "It exited with 124; nothing unusual found before that.");
    }
}
