//! Which process has locked which file: `flock`, and the locks of `fcntl`.

use super::process::Process;
use super::seen::Seen;
use super::subject::Subject;
use crate::calls::bits;
use rewind_common::call::part;
use rewind_recording::decode;
use rewind_recording::decode::descriptors::Tables;
use rewind_recording::syscalls::arg::{ArgKind, Shape};
use std::collections::BTreeMap;

/// `LOCK_UN` of `flock`, and its bit `LOCK_NB`.
const LOCK_UN: u64 = 8;
const LOCK_NB: u64 = 4;
/// `F_UNLCK` (`asm-generic/fcntl.h`).
const F_UNLCK: u16 = 2;

/// A lock that a process has on a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLock {
    /// The file.
    pub path: String,
    /// The process.
    pub tgid: u32,
    /// The descriptor that it locked it by.
    pub fd: i32,
    /// Whether by `flock`: locks of `fcntl` do not see those.
    pub is_flock: bool,
    /// Which event.
    pub index: usize,
    /// Since when.
    pub since_ns: u64,
}

impl FileLock {
    /// Whether it is on the file of that path. Of one that is relative, its end has to do.
    #[must_use]
    pub fn is_on(&self, path: &str) -> bool {
        let ends = |long: &str, short: &str| {
            !short.starts_with('/') && long.strip_suffix(short).is_some_and(|dir| dir.is_empty() || dir.ends_with('/'))
        };
        self.path == path || !path.is_empty() && (ends(&self.path, path) || ends(path, &self.path))
    }
}

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockRequest {
    /// Whether by `flock`.
    pub is_flock: bool,
    /// Whether it gives the lock up.
    pub is_unlock: bool,
}

impl LockRequest {
    /// What a call asks for, if it is about a lock on a file.
    pub(crate) fn of(call: &rewind_recording::call::Call<'_>, arch: rewind_recording::syscalls::Arch) -> Option<Self> {
        if decode::bits(call, arch) & bits::LOCKS_FILE == 0 {
            return None;
        }
        if !matches!(decode::kind(call, 2, arch), Some(ArgKind::In(Shape::Lock))) {
            return Some(Self { is_flock: true, is_unlock: call.value(1)? & !LOCK_NB == LOCK_UN });
        }
        let kind = call.blob(2, part::WHOLE).filter(|blob| blob.pointer().is_none());
        let kind = kind.and_then(|blob| blob.bytes.first_chunk().map(|bytes| u16::from_le_bytes(*bytes)));
        Some(Self { is_flock: false, is_unlock: kind == Some(F_UNLCK) })
    }
}

/// Locks that are held.
#[derive(Debug, Default)]
pub(super) struct FileLocks(Vec<FileLock>);

impl FileLocks {
    /// Takes a call that has succeeded into account, before the table of descriptors does.
    pub(super) fn add(&mut self, seen: &Seen<'_, '_>, subject: &Subject) {
        let fd = seen.descriptor();
        if seen.has(bits::CLOSES) {
            return self.0.retain(|lock| lock.tgid != seen.tgid || lock.fd != fd);
        }
        let (Some(request), Some(path)) = (LockRequest::of(seen.call(), seen.arch), subject.text()) else { return };
        let LockRequest { is_flock, is_unlock } = request;
        let is_it = |lock: &FileLock| {
            let same = lock.tgid == seen.tgid && lock.path == path && lock.is_flock == is_flock;
            same && (lock.fd == fd || !is_flock)
        };
        self.0.retain(|lock| !is_it(lock));
        if !is_unlock {
            let (tgid, index, since_ns, path) = (seen.tgid, seen.index, seen.event.end_ns, path.to_owned());
            self.0.push(FileLock { path, tgid, fd, is_flock, index, since_ns });
        }
    }

    /// The locks that are left. One by `flock` outlives the process that made it where its parent has the same open:
    /// a shell's `flock 9`.
    pub(super) fn finish(self, processes: &BTreeMap<u32, Process>, tables: &Tables) -> Vec<FileLock> {
        let owner = |lock: &FileLock| -> Option<u32> {
            let process = processes.get(&lock.tgid);
            if process.is_none_or(|process| process.end.is_none()) {
                return Some(lock.tgid);
            }
            let parent = process.map(|process| process.parent)?;
            let is_living = processes.get(&parent).is_some_and(|parent| parent.end.is_none());
            let has_it = tables.of(parent).and_then(|table| table.text(lock.fd)).is_some_and(|path| lock.is_on(path));
            (lock.is_flock && is_living && has_it).then_some(parent)
        };
        self.0.into_iter().filter_map(|lock| Some(FileLock { tgid: owner(&lock)?, ..lock })).collect()
    }
}
