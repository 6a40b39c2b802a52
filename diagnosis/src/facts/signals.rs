//! Signals: their numbers and codes, who sent them, which calls sent them.

use super::{Facts, KillCall, Process};
use rewind_common::record::SignalSent;

pub(crate) const SIGHUP: u32 = 1;
pub(crate) const SIGINT: u32 = 2;
pub(crate) const SIGQUIT: u32 = 3;
pub(crate) const SIGILL: u32 = 4;
pub(crate) const SIGTRAP: u32 = 5;
pub(crate) const SIGABRT: u32 = 6;
pub(crate) const SIGBUS: u32 = 7;
pub(crate) const SIGFPE: u32 = 8;
pub(crate) const SIGKILL: u32 = 9;
pub(crate) const SIGUSR1: u32 = 10;
pub(crate) const SIGSEGV: u32 = 11;
pub(crate) const SIGUSR2: u32 = 12;
pub(crate) const SIGPIPE: u32 = 13;
pub(crate) const SIGALRM: u32 = 14;
pub(crate) const SIGTERM: u32 = 15;
pub(crate) const SIGCONT: u32 = 18;
pub(crate) const SIGSTOP: u32 = 19;
pub(crate) const SIGXCPU: u32 = 24;
pub(crate) const SIGXFSZ: u32 = 25;
pub(crate) const SIGVTALRM: u32 = 26;
pub(crate) const SIGPROF: u32 = 27;
pub(crate) const SIGSYS: u32 = 31;

/// Signals that ask a process to end, and leave it to it how.
pub(crate) const ASKING: [u32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];
/// Signals by which the processor says that an instruction failed.
pub(crate) const FAULTS: [u32; 5] = [SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV];

/// `si_code`: sent by `kill`, `sigqueue`, `tgkill`; by the kernel.
pub(crate) const SI_USER: i32 = 0;
pub(crate) const SI_QUEUE: i32 = -1;
pub(crate) const SI_TKILL: i32 = -6;
pub(crate) const SI_KERNEL: i32 = 0x80;
/// `si_code` of SIGSEGV: nothing is mapped there, or not for this; of SIGFPE: division by zero.
pub(crate) const SEGV_MAPERR: i32 = 1;
pub(crate) const SEGV_ACCERR: i32 = 2;
pub(crate) const FPE_INTDIV: i32 = 1;
/// `si_code` of SIGSYS: a seccomp filter sent it.
pub(crate) const SYS_SECCOMP: i32 = 1;

/// A process that was killed is gone after this time.
const KILLED_NS: u64 = 5_000_000_000;
/// Who aborts and does not take SIGABRT goes on to a fault within this time.
const ABORTING_NS: u64 = 100_000_000;
/// Who asks a process to end, and kills it if it does not, waits this long at most (the kubelet's
/// longest usual grace period).
const GRACE_NS: u64 = 300_000_000_000;
/// Who is killed sooner behind a SIGTERM had no time for it.
const AT_ONCE_NS: u64 = 500_000_000;

impl Facts<'_> {
    /// The last record of a signal to a process up to `until_ns`, and which event it is.
    pub(crate) fn last_sent(&self, tgid: u32, signal: u32, until_ns: u64) -> Option<(usize, &SignalSent)> {
        let of_it = |sent: &SignalSent| {
            let is_recent = sent.time_ns <= until_ns && until_ns - sent.time_ns < KILLED_NS;
            sent.tgid == tgid && sent.signo == signal && is_recent
        };
        self.sent.iter().rfind(|(_, sent)| of_it(sent)).map(|(index, sent)| (*index, sent))
    }

    /// The same, of those that another process sent.
    pub(crate) fn last_sent_by_other(&self, tgid: u32, signal: u32, until_ns: u64) -> Option<(usize, &SignalSent)> {
        let of_it = |sent: &SignalSent| {
            let is_recent = sent.time_ns <= until_ns && until_ns - sent.time_ns < KILLED_NS;
            sent.tgid == tgid && sent.signo == signal && is_recent && sent.sender_tgid != tgid
        };
        self.sent.iter().rfind(|(_, sent)| of_it(sent)).map(|(index, sent)| (*index, sent))
    }

    /// The last SIGTERM that a process was sent some time before its end.
    pub(crate) fn last_request(&self, tgid: u32, end_ns: u64) -> Option<(usize, &SignalSent)> {
        let is_it = |sent: &SignalSent| {
            let is_before = end_ns.checked_sub(sent.time_ns).is_some_and(|ns| (AT_ONCE_NS..GRACE_NS).contains(&ns));
            sent.tgid == tgid && sent.signo == SIGTERM && is_before
        };
        self.sent.iter().rfind(|(_, sent)| is_it(sent)).map(|(index, sent)| (*index, sent))
    }

    /// The call among the records that sent the signal: the last to name the process before it ended.
    pub(crate) fn kill_call(&self, process: &Process, signal: u32, end_ns: u64) -> Option<&KillCall> {
        let own = process.ns_tgid.cast_signed();
        let named = |kill: &KillCall| [own, -own, -1, 0].contains(&kill.target);
        let recent = |kill: &KillCall| kill.at_ns <= end_ns && end_ns - kill.at_ns < KILLED_NS;
        self.kills.iter().rfind(|kill| kill.signal == signal && named(kill) && recent(kill))
    }

    /// The call by which the culprit aborted itself right before a signal ended it: SIGABRT, or the fault that `abort`
    /// goes on to where that is not taken, as process 1 of a namespace takes none.
    pub(crate) fn own_abort(&self) -> Option<&KillCall> {
        let (tgid, process) = self.culprit()?;
        let end = self.end()?;
        let signal = end.signal.map(u32::from).filter(|signal| *signal == SIGABRT || FAULTS.contains(signal))?;
        let kill = self.kill_call(process, SIGABRT, end.at_ns).filter(|kill| kill.tgid == tgid)?;
        (signal == SIGABRT || end.at_ns - kill.at_ns < ABORTING_NS).then_some(kill)
    }

    /// Whether the OOM killer killed a process.
    pub(crate) fn is_oom_killed(&self, tgid: u32) -> bool {
        self.processes.get(&tgid).and_then(|process| process.end).is_some_and(|end| end.ending.oom_killed)
    }
}
