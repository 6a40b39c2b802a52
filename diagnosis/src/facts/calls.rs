//! What calls tell, one after the other: which failed and were made good, which are open, what was spent on them.

use super::background::Background;
use super::failure::Failure;
use super::file_locks::FileLocks;
use super::owner::Owner;
use super::process::{KillCall, Process};
use super::recovery::Had;
use super::requests::{Awaited, PendingRequests};
use super::seen::Seen;
use super::sent::Sent;
use super::subject::Subject;
use super::sums::Sums;
use crate::calls::bits;
use crate::meaning::{self, Meaning, SIGNALLED, of_lock};
use rewind_common::record::Connection;
use rewind_recording::decode::descriptors::Table;
use rewind_recording::event::Outcome;
use rewind_recording::events::connection;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// What calls of the container's own programs tell.
#[derive(Default)]
pub(super) struct Calls {
    pub(super) failures: Vec<Failure>,
    pub(super) open: Vec<usize>,
    pub(super) kills: Vec<KillCall>,
    pub(super) sums: BTreeMap<Cow<'static, str>, Sums>,
    pub(super) owners: HashMap<String, Owner>,
    /// Descriptors of processes that met the limit.
    pub(super) full: BTreeMap<u32, Table>,
    pub(super) locks: FileLocks,
    pub(super) sent: Sent,
    pub(super) awaited: Vec<Awaited>,
    had: Had,
    background: Background,
    pending: PendingRequests,
    /// The last call of each thread, if a signal interrupted it.
    interrupted: HashMap<u32, usize>,
}

impl Calls {
    /// Takes a call into account, before the table of descriptors does.
    pub(super) fn add(&mut self, seen: &Seen<'_, '_>, process: &mut Process) {
        if seen.outcome == Outcome::InProgress {
            // How long it has taken is not known: it is no part of any sum.
            self.open.push(seen.index);
            return;
        }
        let subject = Subject::of(seen);
        self.sums.entry(seen.name.clone()).or_default().add(seen, &subject);
        self.kills.extend(KillCall::of(seen));
        self.pending.call(seen);
        if seen.has_returned() {
            process.feed(seen);
            self.returned(seen, subject);
        } else if !seen.has(bits::ENDS) {
            self.open.push(seen.index);
        }
    }

    fn returned(&mut self, seen: &Seen<'_, '_>, subject: Subject) {
        let tid = seen.event.tid;
        if seen.errno().is_some_and(meaning::is_interrupted) {
            self.interrupted.insert(tid, seen.index);
        } else {
            self.interrupted.remove(&tid);
        }
        if let Subject::Path(path) = &subject
            && let Some(owner) = Owner::told(seen)
        {
            self.owners.insert(path.clone(), owner);
        }
        self.background.add(seen, &subject);
        if seen.has_succeeded() {
            self.locks.add(seen, &subject);
            self.had.lock(seen, &subject);
            self.sent.add(seen, &subject);
        }
        let call = seen.call();
        let errno = match call.refusal {
            Some(refusal) if refusal.is_signal() => Some(SIGNALLED),
            _ => call
                .errno()
                .filter(|_| seen.has_failed())
                .map(|errno| if seen.locks_file() { of_lock(errno) } else { errno }),
        };
        if let Some(errno) = errno {
            let duration_ns = call.duration_ns;
            self.failed(seen, Failure { duration_ns, ..Failure::of(seen, subject, errno) });
        } else if let Some(failure) = self.background.failure(seen, &subject) {
            self.failed(seen, failure);
        } else if call.errno().is_none() {
            self.had.add(seen, &subject);
        }
    }

    fn failed(&mut self, seen: &Seen<'_, '_>, failure: Failure) {
        if Meaning::of(&failure.name, failure.errno) == Meaning::OutOfDescriptors
            && !self.full.contains_key(&seen.tgid)
            && let Some(table) = seen.table
        {
            self.full.insert(seen.tgid, table.clone());
        }
        self.failures.push(failure);
    }

    /// The kernel told that a connection was made.
    pub(super) fn connected(&mut self, tgid: u32, told: &Connection) {
        self.pending.made(tgid, connection::peer(told).to_string(), told.time_ns);
    }

    /// A thread has ended: what a signal interrupted it in remains open.
    pub(super) fn thread_ended(&mut self, tid: u32) {
        self.open.extend(self.interrupted.remove(&tid));
    }

    /// All calls have been seen; `end_ns` says until when a process can have waited.
    ///
    /// What was asked before `complete_ns` may have got an answer that is overwritten.
    pub(super) fn finish(&mut self, complete_ns: u64, end_ns: impl Fn(u32) -> u64, is_living: impl Fn(u32) -> bool) {
        for failure in &mut self.failures {
            failure.recovered = self.had.later(failure);
        }
        self.awaited = self.pending.awaited(&is_living);
        self.failures.extend(std::mem::take(&mut self.pending).finish(complete_ns, end_ns, is_living));
    }
}
