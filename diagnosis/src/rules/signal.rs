//! Scenario 8, and the fatal faults of 3: which signal ended it, and who sent that.
//!
//! The kernel's own record of the sending tells ([`Facts::last_sent`]). Where it is not there (an old recording,
//! or it was overwritten) a `kill` among the records does, or what the receiver was handed:
//! `si_pid` is the sender as the receiver's namespace numbers it, 0 a process outside. A signal without
//! a handler is never delivered: the kernel ends the process as it is sent, and hands SIGKILL to its
//! threads without output by whom.

use crate::facts::{ASKING, DeliveredSignal, FAULTS, Facts, Process, SIGABRT, SIGKILL};
use crate::finding::{Finding, Relation};
use crate::groups::Group;
use crate::weight::{ABORTED, ASKED_TO_END, CERTAIN};
use crate::words::signal as words;
use rewind_recording::decode::signal_name;
use rewind_recording::render::units::duration;

/// A process that was asked to end is believed to do so for this long.
const PATIENCE_NS: u64 = 60_000_000_000;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    let Some((tgid, process)) = facts.culprit() else { return Vec::new() };
    let Some(ending) = facts.end() else { return Vec::new() };
    match ending.signal.map(u32::from) {
        // The signal is the OOM killer's: who sent it is no question.
        Some(_) if facts.is_oom_killed(tgid) => Vec::new(),
        Some(signal) => vec![killed(facts, tgid, process, signal)],
        None => asked(facts, tgid, process, ending.at_ns).into_iter().collect(),
    }
}

/// A signal ended it.
fn killed(facts: &Facts<'_>, tgid: u32, process: &Process, signal: u32) -> Finding {
    let delivered = process.signals.iter().rev().find(|delivered| delivered.siginfo[0] == signal);
    let kill = facts.kill_call(process, signal, facts.end_ns());
    let sent = facts.last_sent(tgid, signal, facts.end_ns());
    let evidence = kill.map(|kill| kill.index).into_iter().chain(delivered.map(|delivered| delivered.index));
    let evidence = evidence.chain(sent.map(|(index, _)| index));
    let mut evidence: Vec<usize> = evidence.chain(process.end.map(|end| end.index)).collect();
    let own = kill.is_some_and(|kill| kill.tgid == tgid);
    let fault =
        delivered.filter(|_| FAULTS.contains(&signal)).and_then(|delivered| words::origin(facts, delivered, tgid));
    let mut text = if own && signal == SIGABRT {
        "it aborted itself".to_owned()
    } else if let Some(fault) = fault {
        fault
    } else if let Some((_, sent)) = sent {
        format!("sent by {}", words::sender(facts, sent))
    } else if let Some(kill) = kill {
        format!("sent by {}", words::process(facts, kill.tgid, tgid))
    } else {
        delivered.map_or_else(
            || "who sent it is not among the records".to_owned(),
            |delivered| {
                words::origin(facts, delivered, tgid).unwrap_or_else(|| "who sent it is not recorded".to_owned())
            },
        )
    };
    if let Some((index, sent)) = facts.ignored_request(tgid, facts.end_ns()).filter(|_| signal == SIGKILL) {
        evidence.push(index);
        let before = duration(facts.end_ns() - sent.time_ns);
        text += &format!("; it ignores SIGTERM, which it was sent {before} before");
    }
    evidence.sort_unstable();
    evidence.dedup();
    let weight = if own && signal == SIGABRT { ABORTED } else { CERTAIN };
    Finding { rule: "signal", weight, relation: Relation::Reason, text, reasons: Vec::new(), evidence }
}

/// It ended of itself, but it was asked to.
fn asked(facts: &Facts<'_>, tgid: u32, process: &Process, end_ns: u64) -> Option<Finding> {
    let recent = |delivered: &&DeliveredSignal| end_ns.saturating_sub(delivered.at_ns) < PATIENCE_NS;
    let mut asking = process.signals.iter().filter(|delivered| ASKING.contains(&delivered.siginfo[0]));
    let delivered = asking.rfind(recent)?;
    let signal = delivered.siginfo[0];
    let name = signal_name(signal).unwrap_or_else(|| signal.to_string());
    let sent = facts.last_sent(tgid, signal, delivered.at_ns);
    let sender = sent.map(|(_, sent)| format!("sent by {}", words::sender(facts, sent)));
    let sender =
        sender.or_else(|| words::origin(facts, delivered, tgid)).map_or_else(String::new, |from| format!(", {from}"));
    Some(Finding {
        rule: "signal",
        weight: ASKED_TO_END,
        relation: Relation::After,
        text: format!("{name}{sender}"),
        reasons: vec!["it was asked to end"],
        evidence: std::iter::once(delivered.index).chain(process.end.map(|end| end.index)).collect(),
    })
}
