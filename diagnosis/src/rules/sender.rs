//! Who sent a signal, as the kernel saw it: the process, and the container or the place on the host.

use crate::case::Case;
use rewind_common::record::{SignalSent, sent_flags};
use rewind_recording::filter::comm;
use rewind_recording::render::units::duration;

/// A process that was killed is gone after this time.
const KILLED_NS: u64 = 5_000_000_000;
/// Who asks a process to end, and kills it if it does not, waits this long at most (the kubelet's
/// longest usual grace period).
const GRACE_NS: u64 = 300_000_000_000;
const SIGTERM: u32 = 15;

/// The last record of a signal to a process up to `until_ns`, and which event it is.
pub(super) fn last<'c>(case: &'c Case<'_>, tgid: u32, signal: u32, until_ns: u64) -> Option<(usize, &'c SignalSent)> {
    let of_it = |sent: &SignalSent| {
        let is_recent = sent.time_ns <= until_ns && until_ns - sent.time_ns < KILLED_NS;
        sent.tgid == tgid && sent.signo == signal && is_recent
    };
    case.sent.iter().rfind(|(_, sent)| of_it(sent)).map(|(index, sent)| (*index, sent))
}

/// `itself`, `the kernel`, `kill (process 1234) in container web`.
pub(super) fn words(case: &Case<'_>, sent: &SignalSent) -> String {
    if sent.header.flags & sent_flags::KERNEL != 0 {
        return "the kernel".to_owned();
    }
    if sent.sender_tgid == sent.tgid {
        return "itself".to_owned();
    }
    let name = { sent.sender_comm };
    let process = format!("{} (process {})", comm(&name), { sent.sender_tgid });
    match case.origins.place(sent.sender_cgroup).words() {
        Some(place) => format!("{process} {place}"),
        None => process,
    }
}

/// Whether the process was asked to end before it was killed, and did not listen.
pub(super) fn ignored_request(case: &Case<'_>, tgid: u32, end_ns: u64) -> Option<(usize, String)> {
    let is_it = |sent: &SignalSent| {
        let is_before = sent.time_ns <= end_ns && end_ns - sent.time_ns < GRACE_NS;
        sent.tgid == tgid && sent.signo == SIGTERM && sent.header.flags & sent_flags::IGNORED != 0 && is_before
    };
    let (index, sent) = case.sent.iter().rfind(|(_, sent)| is_it(sent))?;
    Some((*index, format!("it ignores SIGTERM, which it was sent {} before", duration(end_ns - sent.time_ns))))
}
