//! A call that does not return, and what it is about, as a clause.

use crate::calls::{self, bits};
use crate::facts::{BegunAnswer, Facts, Subject, Thread, polled};
use crate::text::descriptor;
use rewind_recording::decode::{self, Invocation};
use rewind_recording::event::{Event, What};
use rewind_recording::syscalls::arg::ArgKind;

/// So much of a call is shown.
const MAX_CHARS: usize = 60;

/// "connect to 10.0.0.5:5432", "read of /var/lib/db", "futex".
pub(crate) fn call(facts: &Facts<'_>, event: &Event<'_>) -> String {
    let What::Call { call, .. } = event.what else { return String::new() };
    let name = decode::name(&call, facts.arch);
    let is_to = calls::has(&name, bits::CONNECTS | bits::SENDS);
    match facts.subject(event) {
        Subject::Nothing => name.into_owned(),
        Subject::Path(path) => format!("{name} of {path}"),
        Subject::Peer(peer) if is_to => format!("{name} to {peer}"),
        Subject::Peer(what) | Subject::Descriptor(what) => format!("{name} on {what}"),
    }
}

/// Whether it waits for a child: what holds that up is the child's.
pub(crate) fn waits_for_child(event: &Event<'_>, facts: &Facts<'_>) -> bool {
    let What::Call { call, enter, .. } = event.what else { return false };
    let call = Invocation { call, enter }.call;
    decode::bits(&call, facts.arch) & bits::WAITS_CHILD != 0
}

/// An unfinished call as strace would have it, shortened, without a result.
pub(crate) fn shown(facts: &Facts<'_>, event: &Event<'_>) -> String {
    let text = facts.text(event);
    let call = text.split(" = ").next().unwrap_or_default();
    let start: String = call.chars().take(MAX_CHARS).collect();
    if start.len() < call.len() { start + "…)" } else { start }
}

/// The one descriptor of a peer that a thread waits to hear from, and the peer.
pub(crate) fn awaited(facts: &Facts<'_>, thread: &Thread) -> Option<(i32, String)> {
    let wait = thread.wait.as_ref()?;
    let event = facts.timeline.event(wait.index)?;
    let What::Call { call, enter, .. } = event.what else { return None };
    let fd = if wait.bits & bits::RECEIVES != 0 {
        descriptor(&call)
    } else if wait.bits & bits::POLLS != 0 {
        let [fd] = *polled(&Invocation { call, enter }, &wait.name) else { return None };
        fd
    } else {
        return None;
    };
    Some((fd, facts.peer_by(thread.tgid, fd)?))
}

/// How many bytes a descriptor received since an answer began, up to an event.
pub(crate) fn received(facts: &Facts<'_>, answer: &BegunAnswer, fd: i32, until: usize) -> u64 {
    let moved = moved(facts, (answer.tgid, fd), bits::RECEIVES, until);
    moved.take_while(|(at_ns, _)| *at_ns >= answer.at_ns).map(|(_, bytes)| bytes).sum()
}

/// When bytes went by a descriptor last, up to an event.
pub(crate) fn last_moved(facts: &Facts<'_>, tgid: u32, fd: i32, until: usize) -> Option<u64> {
    let mut moved = moved(facts, (tgid, fd), bits::RECEIVES | bits::SENDS, until);
    moved.find(|(_, bytes)| *bytes > 0).map(|(at_ns, _)| at_ns)
}

/// The transfers by a descriptor of a process, the last before an event first: when they ended, and how many bytes.
fn moved(facts: &Facts<'_>, (tgid, fd): (u32, i32), kinds: u64, until: usize) -> impl Iterator<Item = (u64, u64)> {
    let events = (0..until).rev().filter_map(|index| facts.timeline.event(index));
    events.filter_map(move |event| match event.what {
        What::Call { call, .. } if event.tgid() == Some(tgid) => {
            let row = decode::row(&call, facts.arch).filter(|row| row.has(kinds))?;
            let is_it = matches!(row.args.first(), Some(ArgKind::Fd)) && call.value(0) == Some(fd as u64);
            Some((event.end_ns, u64::try_from(call.result).ok().filter(|_| is_it)?))
        }
        _ => None,
    })
}
