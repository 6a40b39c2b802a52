//! Scenario 3: the OOM killer. What it killed, what that held, which limit was met, who asked for more.

use crate::facts::Facts;
use crate::finding::{Finding, Relation};
use crate::groups::Group;
use crate::weight::{CERTAIN, OOM_KILLED};
use rewind_common::record::OomKill;
use rewind_recording::events::{Context, oom_kill};
use rewind_recording::filter::Pids;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    facts.oom_kills.iter().map(|(index, kill)| finding(facts, *index, kill)).collect()
}

fn finding(facts: &Facts<'_>, index: usize, kill: &OomKill) -> Finding {
    let trigger = oom_kill::trigger(kill, &Context { origins: &facts.origins, pids: Pids::Host });
    let what = format!("it held {}; {}; {trigger}", oom_kill::held(kill), oom_kill::limit(kill));
    let tgid = kill.tgid;
    let end = facts.processes.get(&tgid).and_then(|process| process.end).map(|end| end.index);
    let evidence = std::iter::once(index).chain(end).collect();
    if facts.culprit == Some(tgid) {
        let (weight, relation) = (OOM_KILLED, Relation::Reason);
        return Finding { rule: "oom", weight, relation, text: what, reasons: Vec::new(), evidence };
    }
    let name = facts.processes.get(&tgid).map_or("", |process| &process.comm);
    let text = format!("the OOM killer killed its child {name} (process {tgid}): {what}");
    Finding { rule: "oom", weight: CERTAIN, relation: Relation::Beside, text, reasons: Vec::new(), evidence }
}
