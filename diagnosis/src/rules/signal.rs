//! Scenario 8, and the fatal faults of 3: which signal ended it, and who sent that.
//!
//! The kernel's own record of the sending tells (`sender.rs`). Where it is not there (an old recording,
//! or it was overwritten) a `kill` among the records does, or what the receiver was handed:
//! `si_pid` is the sender as the receiver's namespace numbers it, 0 a process outside. A signal without
//! a handler is never delivered: the kernel ends the process as it is sent, and hands SIGKILL to its
//! threads without saying by whom.

use super::{Finding, Joint, sender as senders};
use crate::case::{Case, Delivered, Kill, Process};
use crate::weight::CERTAIN;
use rewind_recording::decode::signal_name;

const SIGKILL: u32 = 9;
const SIGABRT: u32 = 6;
/// Signals that ask a process to end, and leave it to it how: SIGHUP, SIGINT, SIGQUIT, SIGTERM.
const ASKING: [u32; 4] = [1, 2, 3, 15];
/// Codes of faults: SIGILL, SIGBUS, SIGFPE, SIGSEGV, and SIGTRAP.
const FAULTS: [u32; 5] = [4, 5, 7, 8, 11];
/// A process that was asked to end is believed to do so for this long.
const PATIENCE_NS: u64 = 60_000_000_000;
/// A process that was killed is gone after this time.
const KILLED_NS: u64 = 5_000_000_000;

pub(super) fn rule(case: &Case<'_>) -> Vec<Finding> {
    let Some((tgid, process)) = case.culprit() else { return Vec::new() };
    let Some(ending) = case.end() else { return Vec::new() };
    match ending.signal.map(u32::from) {
        // What the OOM killer kills, its own rule is about.
        Some(SIGKILL) if case.oom_kills.iter().any(|(_, kill)| kill.tgid == tgid) => Vec::new(),
        Some(signal) => vec![killed(case, tgid, process, signal)],
        None => asked(case, tgid, process, ending.at_ns).into_iter().collect(),
    }
}

/// A signal ended it.
fn killed(case: &Case<'_>, tgid: u32, process: &Process, signal: u32) -> Finding {
    let delivered = process.signals.iter().rev().find(|delivered| delivered.siginfo[0] == signal);
    let kill = kill_of(case, process, signal, case.end_ns());
    let sent = senders::last(case, tgid, signal, case.end_ns());
    let evidence = kill.map(|kill| kill.index).into_iter().chain(delivered.map(|delivered| delivered.index));
    let evidence = evidence.chain(sent.map(|(index, _)| index));
    let mut evidence: Vec<usize> = evidence.chain(process.end.map(|end| end.index)).collect();
    let own = kill.is_some_and(|kill| kill.tgid == tgid);
    let fault = delivered.filter(|_| FAULTS.contains(&signal)).and_then(|delivered| from(case, delivered, tgid));
    let mut text = if own && signal == SIGABRT {
        "it aborted itself".to_owned()
    } else if let Some(fault) = fault {
        fault
    } else if let Some((_, sent)) = sent {
        format!("sent by {}", senders::words(case, sent))
    } else if let Some(kill) = kill {
        format!("sent by {}", sender(case, kill.tgid, tgid))
    } else {
        delivered.map_or_else(
            || "who sent it is not among the records".to_owned(),
            |delivered| from(case, delivered, tgid).unwrap_or_else(|| "who sent it is not recorded".to_owned()),
        )
    };
    if let Some((index, request)) = senders::ignored_request(case, tgid, case.end_ns()).filter(|_| signal == SIGKILL) {
        evidence.push(index);
        text += &format!("; {request}");
    }
    evidence.sort_unstable();
    evidence.dedup();
    // Who aborts itself has found something wrong before: let that come first if it is known.
    let weight = if own && signal == SIGABRT { 250 } else { CERTAIN };
    Finding { rule: "signal", weight, joint: Joint::Namely, text, reasons: Vec::new(), evidence }
}

/// It ended of itself, but it was asked to.
fn asked(case: &Case<'_>, tgid: u32, process: &Process, end_ns: u64) -> Option<Finding> {
    let recent = |delivered: &&Delivered| end_ns.saturating_sub(delivered.at_ns) < PATIENCE_NS;
    let mut asking = process.signals.iter().filter(|delivered| ASKING.contains(&delivered.siginfo[0]));
    let delivered = asking.rfind(recent)?;
    let signal = delivered.siginfo[0];
    let name = signal_name(signal).unwrap_or_else(|| signal.to_string());
    let sent = senders::last(case, tgid, signal, delivered.at_ns);
    let sender = sent.map(|(_, sent)| format!("sent by {}", senders::words(case, sent)));
    let sender = sender.or_else(|| from(case, delivered, tgid)).map_or_else(String::new, |from| format!(", {from}"));
    Some(Finding {
        rule: "signal",
        weight: 500,
        joint: Joint::After,
        text: format!("{name}{sender}"),
        reasons: vec!["it was asked to end"],
        evidence: std::iter::once(delivered.index).chain(process.end.map(|end| end.index)).collect(),
    })
}

/// The call among the records that sent the signal: the last to name the process before it ended.
fn kill_of<'c>(case: &'c Case<'_>, process: &Process, signal: u32, end_ns: u64) -> Option<&'c Kill> {
    let own = process.ns_tgid.cast_signed();
    let named = |kill: &Kill| [own, -own, -1, 0].contains(&kill.target);
    let recent = |kill: &Kill| kill.at_ns <= end_ns && end_ns - kill.at_ns < KILLED_NS;
    case.kills.iter().rfind(|kill| kill.signal == signal && named(kill) && recent(kill))
}

/// What the signal itself says of where it comes from.
fn from(case: &Case<'_>, delivered: &Delivered, tgid: u32) -> Option<String> {
    let siginfo = &delivered.siginfo;
    let (signal, code) = (siginfo[0], siginfo[2].cast_signed());
    if FAULTS.contains(&signal) && code > 0 {
        return Some(fault(signal, code, u64::from(siginfo[4]) | u64::from(siginfo[5]) << 32));
    }
    match code {
        // SI_USER, SI_QUEUE, SI_TKILL; the kernel gives SIGKILL's as if by nobody.
        0 | -1 | -6 if signal != SIGKILL => Some(match (siginfo[4], siginfo[5]) {
            (0, _) => "sent by a process outside the container".to_owned(),
            (pid, uid) => match case.processes.iter().rfind(|(_, process)| process.ns_tgid == pid) {
                Some((known, _)) => format!("sent by {}", sender(case, *known, tgid)),
                None => format!("sent by process {pid} of user {uid}"),
            },
        }),
        // SI_KERNEL.
        0x80 => Some("sent by the kernel".to_owned()),
        _ => None,
    }
}

fn sender(case: &Case<'_>, from: u32, to: u32) -> String {
    if from == to {
        return "itself".to_owned();
    }
    let comm = case.processes.get(&from).map_or("", |process| &process.comm);
    format!("{comm} (process {from})")
}

fn fault(signal: u32, code: i32, address: u64) -> String {
    match (signal, code) {
        (11, 1) if address < 4096 => format!("it followed a null pointer (address {address:#x})"),
        (11, 1) => format!("it used memory at {address:#x} that is not mapped"),
        (11, 2) => format!("it used memory at {address:#x} in a way that is not allowed"),
        (7, _) => format!("it used memory at {address:#x} that is not behind its file any more"),
        (8, 1) => "it divided by zero".to_owned(),
        (8, _) => "a computation failed".to_owned(),
        (4, _) => format!("it ran an instruction that the processor does not know, at {address:#x}"),
        _ => format!("it failed at {address:#x}"),
    }
}
