//! What `poll` and `epoll` wait for.

use super::super::seen::Seen;
use super::super::subject::peer_of;
use super::Socket;
use rewind_common::call::part;
use rewind_common::capture::MAX_SET;
use rewind_recording::call::Call;
use rewind_recording::decode::Invocation;
use std::collections::{HashMap, HashSet};

/// `EPOLLIN`.
const READABLE: u8 = 1;
/// `POLLIN` and `POLLOUT`.
const READY: u16 = 5;
/// `POLLERR`, `POLLHUP` and `POLLNVAL`.
const IN_ERROR: u16 = 0x38;

/// The sockets that an `epoll` waits for, and by which something went.
#[derive(Debug, Default)]
pub(super) struct Epolls {
    watched: HashSet<Socket>,
    /// By process, the two sockets that something went by last, and when.
    moved: HashMap<u32, [(Socket, u64); 2]>,
}

impl Epolls {
    /// An `epoll` is told to wait for a descriptor, or not to.
    pub(super) fn watches(&mut self, seen: &Seen<'_, '_>) {
        let call = seen.call();
        let socket = (seen.tgid, call.value(2).unwrap_or_default() as i32);
        let events = call.blob(3, part::WHOLE).filter(|blob| blob.pointer().is_none());
        match events.and_then(|blob| blob.bytes.first()) {
            Some(events) if events & READABLE != 0 => self.watched.insert(socket),
            _ => self.watched.remove(&socket),
        };
    }

    /// Something went by a descriptor.
    pub(super) fn moves(&mut self, socket: Socket, seen: &Seen<'_, '_>) {
        if seen.table.and_then(|table| table.text(socket.1)).and_then(peer_of).is_none() {
            return;
        }
        let [last, before] = self.moved.entry(seen.tgid).or_insert([(socket, 0), (socket, 0)]);
        if last.0 != socket {
            *before = *last;
        }
        *last = (socket, seen.event.end_ns);
    }

    /// Descriptors are closed.
    pub(super) fn closed(&mut self, hit: impl Fn(&Socket) -> bool) {
        self.watched.retain(|socket| !hit(socket));
    }

    /// Whether an `epoll` waits for a socket to be read.
    pub(super) fn waits_for(&self, socket: Socket) -> bool {
        self.watched.contains(&socket)
    }

    /// Whether nothing went by another socket of the process since.
    pub(super) fn is_idle(&self, socket: Socket, since_ns: u64) -> bool {
        let moved = self.moved.get(&socket.0).into_iter().flatten();
        moved.filter(|(other, _)| *other != socket).all(|(_, at_ns)| *at_ns <= since_ns)
    }
}

/// The descriptors that a `poll` found in error.
pub(super) fn in_error<'c>(seen: &'c Seen<'_, '_>) -> impl Iterator<Item = i32> + 'c {
    let blob = seen.call().blob(0, part::WHOLE).filter(|blob| blob.pointer().is_none() && !is_select(seen.name));
    let entries = blob.map(|blob| blob.bytes.as_chunks::<8>().0).unwrap_or_default();
    let bad = entries.iter().filter(|[.., low, high]| u16::from_le_bytes([*low, *high]) & IN_ERROR != 0);
    bad.map(|[a, b, c, d, ..]| i32::from_le_bytes([*a, *b, *c, *d]))
}

/// The descriptors that a `poll` waits for to be ready, or a `select` to be read.
pub(crate) fn polled(invocation: &Invocation<'_>, name: &str) -> Vec<i32> {
    let calls = [invocation.enter, Some(invocation.call)].into_iter().flatten();
    let mut blobs = calls.filter_map(|call| call.blob(0, part::WHOLE)).filter(|blob| blob.pointer().is_none());
    let Some(blob) = blobs.next() else { return Vec::new() };
    if is_select(name) {
        return in_set(&invocation.call, blob.bytes);
    }
    let entries = blob.bytes.as_chunks::<8>().0.iter();
    let wanted = entries.filter(|[_, _, _, _, low, high, ..]| u16::from_le_bytes([*low, *high]) & READY != 0);
    // It ignores those that are negative.
    wanted.map(|[a, b, c, d, ..]| i32::from_le_bytes([*a, *b, *c, *d])).filter(|fd| *fd >= 0).collect()
}

/// Whether a call takes sets in place of `pollfd`s.
fn is_select(name: &str) -> bool {
    name.contains("select")
}

/// Those of the first set of a `select`: behind their number, a bit each, in words of eight bytes.
fn in_set(call: &Call<'_>, bytes: &[u8]) -> Vec<i32> {
    let Some((number, sets)) = bytes.split_first_chunk::<4>() else { return Vec::new() };
    if call.value(1).is_none_or(|pointer| pointer == 0) {
        return Vec::new();
    }
    let number = i32::from_le_bytes(*number).min(8 * MAX_SET as i32);
    let is_in = |fd: &i32| sets.get(*fd as usize / 8).is_some_and(|byte| byte >> (fd % 8) & 1 == 1);
    (0..number).filter(is_in).collect()
}
