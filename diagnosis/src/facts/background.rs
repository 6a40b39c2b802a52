//! Connections that go on in the background: `connect` says `EINPROGRESS`, and how it went is told by
//! `getsockopt(SO_ERROR)`, a call that itself succeeds.

use super::failure::Failure;
use super::seen::Seen;
use super::subject::Subject;
use crate::calls::bits;
use crate::meaning::is_in_background;
use rewind_common::call::part;
use std::borrow::Cow;
use std::collections::HashMap;

/// Level and name of the option that tells a socket's error.
const SOL_SOCKET: u64 = 1;
const SO_ERROR: u64 = 4;

/// A connection that was begun.
#[derive(Debug)]
struct Begun {
    at_ns: u64,
    /// The call that began it.
    name: Cow<'static, str>,
    peer: String,
}

/// Connections that were begun, by process and descriptor.
#[derive(Debug, Default)]
pub(super) struct Background(HashMap<(u32, i32), Begun>);

impl Background {
    /// Remembers a connection that a call has begun.
    pub(super) fn add(&mut self, seen: &Seen<'_, '_>, subject: &Subject) {
        if seen.has(bits::CONNECTS)
            && seen.call().errno().is_some_and(is_in_background)
            && let Subject::Peer(peer) = subject
        {
            let begun = Begun { at_ns: seen.event.start_ns, name: seen.name.clone(), peer: peer.clone() };
            self.0.insert((seen.tgid, seen.descriptor()), begun);
        }
    }

    /// The failure that a call brought to light: of the connection, if that was seen to begin; else of the call.
    pub(super) fn failure(&mut self, seen: &Seen<'_, '_>, subject: &Subject) -> Option<Failure> {
        let errno = told_error(seen)?;
        let Some(begun) = self.0.remove(&(seen.tgid, seen.descriptor())) else {
            let duration_ns = seen.call().duration_ns;
            return Some(Failure { duration_ns, ..Failure::of(seen, subject.clone(), errno) });
        };
        let duration_ns = seen.event.end_ns.saturating_sub(begun.at_ns);
        Some(Failure { duration_ns, name: begun.name, ..Failure::of(seen, Subject::Peer(begun.peer), errno) })
    }
}

/// Whether a call asks how a connection in the background went.
pub(super) fn is_verdict(seen: &Seen<'_, '_>) -> bool {
    let call = seen.call();
    // What its arguments mean no other call has.
    seen.name == "getsockopt" && call.value(1) == Some(SOL_SOCKET) && call.value(2) == Some(SO_ERROR)
}

/// What `getsockopt(SO_ERROR)` brought to light.
pub(super) fn told_error(seen: &Seen<'_, '_>) -> Option<u16> {
    if !is_verdict(seen) {
        return None;
    }
    let blob = seen.call().blob(3, part::WHOLE).filter(|blob| blob.pointer().is_none())?;
    let errno = u32::from_le_bytes(*blob.bytes.first_chunk()?);
    u16::try_from(errno).ok().filter(|errno| *errno != 0)
}
