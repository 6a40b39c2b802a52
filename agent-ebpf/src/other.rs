//! Records about a task that is not the current one, in that task's ring: it was sent a signal, or was
//! chosen by the OOM killer. And records of a ring that are about no task in particular: a connection's.
//!
//! The other task's own state (`task::Thread`) is left alone, for it may be in use on another CPU, or
//! not be there at all: its cgroup says which ring it is, and the cursors are this CPU's own. As nothing
//! is remembered of what has been announced, the task is announced each time.

use crate::atomic::store_volatile;
use crate::maps::{self, RINGS};
use crate::ring::{begin, commit, cursors, lock, unlock};
use crate::{
    recorded,
    task::{self, Thread},
};
use core::ffi::c_void;
use rewind_common::record::{EventRecord, Kind, RecordHeader, Task};
use rewind_common::ring::Cursors;

/// Which stand-in a hook uses.
#[derive(Clone, Copy)]
pub enum Hook {
    /// A signal was sent.
    Sent = 0,
    /// The OOM killer.
    Oom = 1,
    /// A connection.
    Connection = 2,
    /// A connection, on top of another one.
    ConnectionInside = 3,
}

/// The ring of a task, if it has one.
#[inline(always)]
pub fn ring(task: *const c_void) -> Option<u32> {
    recorded::ring_of_other(task::any::cgroup(task))
}

/// Writes who `task` is, and an event of it, into the share of its ring that the kind belongs to.
#[inline(always)]
pub fn event<T: EventRecord + Copy>(task: *const c_void, ring: u32, hook: Hook, now_ns: u64, record: &T) {
    let (Some(thread), Some(place)) = (maps::stand_in(hook as u32), RINGS.get(ring)) else { return };
    (thread.ring, thread.recording) = (ring, place.recording);
    if thread.recording == 0 {
        return;
    }
    let Some(cursors) = cursors(thread) else { return };
    if !lock(cursors, now_ns) {
        return;
    }
    let need = size_of::<Task>() + size_of::<T>();
    if let Some(mut writer) = begin(thread, cursors, T::SHARE, need as u64) {
        announce(task, &mut writer, cursors, T::SHARE, now_ns);
        writer.put(*record);
        commit(cursors, T::SHARE, &writer, 0);
    }
    unlock(cursors);
}

/// Writes an event into a share of a ring, without saying who anybody is: a connection's.
///
/// A softirq may come upon this while it runs on the same CPU (before 6.2 upon the very hook), but no softirq upon a
/// softirq: so there are two stand-ins, and who finds the first one taken has the second to itself. Between the
/// look and the taking nothing is at stake: whoever comes in between is done when this goes on.
#[inline(always)]
pub fn nobodys_event<T: EventRecord + Copy>(ring: u32, share: usize, now_ns: u64, record: &T) {
    let Some(first) = maps::stand_in(Hook::Connection as u32) else { return };
    if first.returned == 0 {
        store_volatile(&mut first.returned, 1);
        write(first, ring, share, now_ns, record);
        store_volatile(&mut first.returned, 0);
    } else if let Some(second) = maps::stand_in(Hook::ConnectionInside as u32) {
        write(second, ring, share, now_ns, record);
    }
}

#[inline(always)]
fn write<T: EventRecord + Copy>(thread: &mut Thread, ring: u32, share: usize, now_ns: u64, record: &T) {
    let Some(place) = RINGS.get(ring) else { return };
    (thread.ring, thread.recording) = (ring, place.recording);
    if thread.recording == 0 {
        return;
    }
    let Some(cursors) = cursors(thread) else { return };
    if !lock(cursors, now_ns) {
        return;
    }
    if let Some(mut writer) = begin(thread, cursors, share, size_of::<T>() as u64) {
        writer.put(*record);
        commit(cursors, share, &writer, 0);
    }
    unlock(cursors);
}

#[inline(always)]
fn announce(task: *const c_void, writer: &mut crate::ring::Writer, cursors: &mut Cursors, share: usize, now_ns: u64) {
    let header =
        RecordHeader { len: size_of::<Task>() as u16, kind: Kind::Task as u8, flags: 0, tid: task::any::tid(task) };
    let mut record = Task { header, ..Task::default() };
    task::describe_other(task, &mut record, now_ns);
    record.comm = task::comm(task);
    writer.put(record);
    commit(cursors, share, writer, 0);
}
