//! Where a signal comes from, in words.

use super::fault;
use crate::facts::{
    DeliveredSignal, FAULTS, Facts, SI_KERNEL, SI_QUEUE, SI_TKILL, SI_USER, SIGALRM, SIGKILL, SIGPROF, SIGSYS,
    SIGVTALRM, SIGXCPU, SIGXFSZ, SYS_SECCOMP,
};
use rewind_common::record::{SignalSent, sent_flags};
use rewind_recording::call::Refusal;
use rewind_recording::decode::{self, Invocation};
use rewind_recording::event::What;
use rewind_recording::filter::comm;
use rewind_recording::render::units::duration;
use rewind_recording::syscalls::by_number;

/// `si_arch` where the system call has the number that 64-bit programs give it.
const AUDIT_ARCH_X86_64: u32 = 0xc000_003e;
const AUDIT_ARCH_AARCH64: u32 = 0xc000_00b7;

/// Who sent it, as the kernel saw it: `itself`, `the kernel`, `kill (process 1234) in container web`.
pub(crate) fn sender(facts: &Facts<'_>, sent: &SignalSent) -> String {
    if sent.header.flags & sent_flags::KERNEL != 0 {
        return "the kernel".to_owned();
    }
    if sent.sender_tgid == sent.tgid {
        return "itself".to_owned();
    }
    let name = { sent.sender_comm };
    let process = format!("{} (process {})", comm(&name), { sent.sender_tgid });
    match facts.origins.place(sent.sender_cgroup).words() {
        Some(place) => format!("{process} {place}"),
        None => process,
    }
}

/// The same of who an init passed the signal on for: "tini (process 7), which was sent it by runc (process 4) on the host".
pub(crate) fn first_sender(facts: &Facts<'_>, sent: &SignalSent) -> String {
    let named = sender(facts, sent);
    let before = facts.last_sent(sent.sender_tgid, sent.signo, sent.time_ns);
    let passed_on =
        before.filter(|(_, before)| before.sender_tgid != sent.sender_tgid && sent.sender_tgid != sent.tgid);
    match passed_on {
        Some((_, before)) => format!("{named}, which was sent it by {}", sender(facts, before)),
        None => named,
    }
}

/// The call that a filter ended a process for, and which event that is: "a seccomp filter refused mkdir of /data".
pub(crate) fn refused(facts: &Facts<'_>, tgid: u32) -> Option<(usize, String)> {
    let of_call = |index: usize| {
        let event = facts.timeline.event(index).filter(|event| event.tgid() == Some(tgid))?;
        let What::Call { call, enter, .. } = event.what else { return None };
        let by = call.refusal.map(Refusal::by)?;
        let name = decode::name(&call, facts.arch);
        let path = decode::path(&Invocation { call, enter }, facts.arch);
        let of_path = path.map_or_else(String::new, |path| format!(" of {path}"));
        Some((index, format!("{} refused {name}{of_path}", by.words())))
    };
    let failed = facts.failures.iter().filter(|failure| failure.refused.is_some()).map(|failure| failure.index);
    facts.open_calls.iter().copied().chain(failed).filter_map(of_call).max_by_key(|(index, _)| *index)
}

/// A process of the container that sent a signal to another.
pub(crate) fn process(facts: &Facts<'_>, from: u32, to: u32) -> String {
    if from == to {
        return "itself".to_owned();
    }
    let comm = facts.processes.get(&from).map_or("", |process| &process.comm);
    format!("{comm} (process {from})")
}

/// Which limit a signal stands for that the kernel sends to who meets it.
pub(crate) fn limit(signal: u32) -> Option<&'static str> {
    match signal {
        SIGXFSZ => Some("it wrote beyond the limit on the size of files (RLIMIT_FSIZE)"),
        SIGXCPU => Some("it used all the CPU time that it may (RLIMIT_CPU)"),
        _ => None,
    }
}

/// The last call by which a process had a timer end it by a signal, and which event that is: "alarm, 3.00s before".
pub(crate) fn timer(facts: &Facts<'_>, tgid: u32, signal: u32, end_ns: u64) -> Option<(usize, String)> {
    // In the order of ITIMER_REAL, ITIMER_VIRTUAL and ITIMER_PROF (include/uapi/linux/time.h).
    let which = [SIGALRM, SIGVTALRM, SIGPROF].iter().position(|of| *of == signal)?;
    let set = |index: usize| {
        let event = facts.timeline.event(index).filter(|event| event.tgid() == Some(tgid) && event.end_ns <= end_ns)?;
        let What::Call { call, .. } = event.what else { return None };
        let name = decode::name(&call, facts.arch);
        let is_it = match &*name {
            "alarm" => signal == SIGALRM && call.value(0) != Some(0),
            "setitimer" => call.value(0) == u64::try_from(which).ok(),
            _ => false,
        };
        is_it.then(|| (index, format!("{name}, {} before", duration(end_ns - event.end_ns))))
    };
    (0..facts.timeline.len()).rev().find_map(set)
}

/// What the signal itself says of where it comes from.
pub(crate) fn origin(facts: &Facts<'_>, delivered: &DeliveredSignal, tgid: u32) -> Option<String> {
    let siginfo = &delivered.siginfo;
    let (signal, code) = (siginfo[0], siginfo[2].cast_signed());
    if FAULTS.contains(&signal) && code > 0 {
        let address = u64::from(siginfo[4]) | u64::from(siginfo[5]) << 32;
        return Some(fault::words(facts, tgid, (signal, code), address));
    }
    if (signal, code) == (SIGSYS, SYS_SECCOMP) {
        let number = u16::try_from(siginfo[6]).ok();
        let name = number.and_then(|number| by_number(facts.arch, number)).map(|row| row.name);
        let is_native = [AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64].contains(&siginfo[7]);
        return Some(match name.filter(|_| is_native) {
            Some(name) => format!("a seccomp filter does not allow it {name}"),
            None => format!("a seccomp filter does not allow it system call {}", siginfo[6]),
        });
    }
    match code {
        // The kernel gives SIGKILL's as if by nobody.
        SI_USER | SI_QUEUE | SI_TKILL if signal != SIGKILL => Some(match (siginfo[4], siginfo[5]) {
            (0, _) => "sent by a process outside the container".to_owned(),
            (pid, uid) => match facts.processes.iter().rfind(|(_, process)| process.ns_tgid == pid) {
                Some((known, _)) => format!("sent by {}", process(facts, *known, tgid)),
                None => format!("sent by process {pid} of user {uid}"),
            },
        }),
        SI_KERNEL => Some("sent by the kernel".to_owned()),
        _ => None,
    }
}
