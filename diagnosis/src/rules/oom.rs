//! Scenario 3: the OOM killer. What it killed, what that held, which limit was met, who asked for more.

use super::{Finding, Joint};
use crate::case::Case;
use crate::weight::CERTAIN;
use rewind_common::record::OomKill;
use rewind_recording::events::{Context, oom_kill};
use rewind_recording::filter::Pids;

pub(super) fn rule(case: &Case<'_>) -> Vec<Finding> {
    case.oom_kills.iter().map(|(index, kill)| finding(case, *index, kill)).collect()
}

fn finding(case: &Case<'_>, index: usize, kill: &OomKill) -> Finding {
    let trigger = oom_kill::trigger(kill, &Context { origins: &case.origins, pids: Pids::Host });
    let what = format!("it held {}; {}; {trigger}", oom_kill::held(kill), oom_kill::limit(kill));
    let tgid = kill.tgid;
    let end = case.processes.get(&tgid).and_then(|process| process.end).map(|end| end.index);
    let evidence = std::iter::once(index).chain(end).collect();
    // The kernel says so itself, and says it of more than the signal, which it also sent.
    if case.culprit == Some(tgid) {
        let (weight, joint) = (CERTAIN + 100, Joint::Namely);
        return Finding { rule: "oom", weight, joint, text: what, reasons: Vec::new(), evidence };
    }
    let name = case.processes.get(&tgid).map_or("", |process| &process.comm);
    let text = format!("the OOM killer killed its child {name} (process {tgid}): {what}");
    Finding { rule: "oom", weight: CERTAIN, joint: Joint::Beside, text, reasons: Vec::new(), evidence }
}
