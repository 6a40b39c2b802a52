//! Scenario 8, and the fatal faults of 3: which signal ended it, and who sent that.
//!
//! The kernel's own record of the sending tells ([`Facts::last_sent`]). Where it is not there (an old recording,
//! or it was overwritten) a `kill` among the records does, or what the receiver was handed:
//! `si_pid` is the sender as the receiver's namespace numbers it, 0 a process outside. A signal without
//! a handler is never delivered: the kernel ends the process as it is sent, and hands SIGKILL to its
//! threads without output by whom.

#[cfg(test)]
mod tests;

use crate::facts::{ASKING, DeliveredSignal, FAULTS, Facts, Process, SIGABRT, SIGHUP, SIGKILL, SIGPIPE, SIGSYS};
use crate::finding::{Finding, Relation};
use crate::groups::{Agreement, Group};
use crate::weight::{ABORTED, ASKED_TO_END, CERTAIN};
use crate::words::signal as words;
use rewind_common::record::sent_flags;
use rewind_recording::decode::signal_name;
use rewind_recording::render::units::duration;

/// A process that was asked to end is believed to do so for this long.
const PATIENCE_NS: u64 = 60_000_000_000;

/// The name of the rule.
pub(crate) const RULE: &str = "signal";

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
    let abort = facts.own_abort();
    let kill = abort.or_else(|| facts.kill_call(process, signal, facts.end_ns()));
    // Who has a handler for a signal may send it to itself again, to end of it, as Node does.
    let sent = facts.last_sent_by_other(tgid, signal, facts.end_ns());
    let sent = sent.or_else(|| facts.last_sent(tgid, signal, facts.end_ns()));
    let evidence = kill.map(|kill| kill.index).into_iter().chain(delivered.map(|delivered| delivered.index));
    let evidence = evidence.chain(sent.map(|(index, _)| index));
    let mut evidence: Vec<usize> = evidence.chain(process.end.map(|end| end.index)).collect();
    let fault =
        delivered.filter(|_| FAULTS.contains(&signal)).and_then(|delivered| words::origin(facts, delivered, tgid));
    let is_fault = fault.is_some();
    let refused = Some(tgid).filter(|_| signal == SIGSYS).and_then(|tgid| words::refused(facts, tgid));
    evidence.extend(refused.as_ref().map(|(index, _)| *index));
    let is_of_nobody = kill.is_none() && sent.is_none_or(|(_, sent)| sent.header.flags & sent_flags::KERNEL != 0);
    let timer = Some(tgid).filter(|_| is_of_nobody);
    let timer = timer.and_then(|tgid| words::timer(facts, tgid, signal, facts.end_ns()));
    let mut text = if abort.is_some() {
        aborted(process, signal)
    } else if let Some((_, refused)) = refused {
        refused
    } else if let Some(fault) = fault {
        fault
    } else if signal == SIGPIPE && kill.is_none() {
        "it wrote to a pipe or a socket whose reader was gone".to_owned()
    } else if let Some(limit) = words::limit(signal).filter(|_| kill.is_none()) {
        limit.to_owned()
    } else if let Some((index, call)) = timer {
        evidence.push(index);
        format!("a timer of its own ran out ({call})")
    } else if let Some((_, sent)) = sent {
        format!("sent by {}", words::first_sender(facts, sent))
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
    if signal == SIGKILL && text == "sent by the kernel" {
        text += ", and not for memory: as it does at the hard limit on CPU time (RLIMIT_CPU)";
    }
    if let Some((index, sent)) = facts.last_request(tgid, facts.end_ns()).filter(|_| signal == SIGKILL) {
        evidence.push(index);
        let before = duration(facts.end_ns() - sent.time_ns);
        let is_ignored = sent.header.flags & sent_flags::IGNORED != 0;
        text += &match process.ns_tgid {
            _ if !is_ignored => format!("; it was sent SIGTERM {before} before, and did not end of that"),
            // The kernel keeps from it what it has no handler for (`sig_task_ignored`, kernel/signal.c).
            1 => format!("; process 1 takes no SIGTERM without a handler, and was sent one {before} before"),
            _ => format!("; it ignores SIGTERM, which it was sent {before} before"),
        };
    }
    evidence.sort_unstable();
    evidence.dedup();
    let weight = if abort.is_some() { ABORTED } else { CERTAIN };
    let agreement = if abort.is_some() || is_fault { Agreement::More } else { Agreement::Same };
    Finding { relation: Relation::Reason, agreement, ..Finding::new(RULE, weight, text, evidence) }
}

/// That it aborted itself, and how that came to another signal.
fn aborted(process: &Process, signal: u32) -> String {
    if signal == SIGABRT {
        return "it aborted itself".to_owned();
    }
    let name = signal_name(signal).unwrap_or_else(|| signal.to_string());
    let why = if process.ns_tgid == 1 { "process 1 takes no SIGABRT" } else { "SIGABRT did not end it" };
    format!("it aborted itself ({why}, so that abort() went on to {name})")
}

/// It ended of itself, but it was asked to.
fn asked(facts: &Facts<'_>, tgid: u32, process: &Process, end_ns: u64) -> Option<Finding> {
    let recent = |delivered: &&DeliveredSignal| end_ns.saturating_sub(delivered.at_ns) < PATIENCE_NS;
    // Who takes SIGHUP reads its configuration anew.
    let asks = |signal: u32| ASKING.contains(&signal) && (signal != SIGHUP || !process.handles(SIGHUP));
    let asking: Vec<_> = process.signals.iter().filter(|sent| asks(sent.siginfo[0])).filter(recent).collect();
    // Who ends of a signal that it handles may send it to itself, as Go does.
    let is_anothers = |delivered: &&&DeliveredSignal| {
        let sent = facts.last_sent(tgid, delivered.siginfo[0], delivered.at_ns);
        sent.is_some_and(|(_, sent)| sent.sender_tgid != tgid)
    };
    let delivered = asking.iter().rfind(is_anothers).or(asking.last()).copied()?;
    let signal = delivered.siginfo[0];
    let name = signal_name(signal).unwrap_or_else(|| signal.to_string());
    let sent = facts.last_sent(tgid, signal, delivered.at_ns);
    let sender = sent.map(|(_, sent)| format!("sent by {}", words::sender(facts, sent)));
    let sender =
        sender.or_else(|| words::origin(facts, delivered, tgid)).map_or_else(String::new, |from| format!(", {from}"));
    let evidence = std::iter::once(delivered.index).chain(process.end.map(|end| end.index));
    Some(Finding {
        relation: Relation::After,
        reasons: vec!["it was asked to end"],
        ..Finding::new(RULE, ASKED_TO_END, format!("{name}{sender}"), evidence)
    })
}
