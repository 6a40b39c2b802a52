//! Makes records: for calls that a thread is still in (which no ring holds), and for tests.

use rewind_common::call::{self, Blob, args, blob_flags, flags, part};
use rewind_common::record::sent_flags::GROUP;
use rewind_common::record::{
    Connection, Exec, ExecSizes, Exit, Fork, GROUP_DEAD, INTERPRETED, Kind, OomKill, RecordHeader, Signal, SignalSent,
    SocketMessage, Task,
};
use std::borrow::BorrowMut;
use std::net::Ipv4Addr;
use zerocopy::IntoBytes;

/// Makes the record of a call, appended to `O`; nothing is written before [`CallBuilder::end`].
#[derive(Debug)]
#[must_use]
pub struct CallBuilder<O> {
    out: O,
    kind: Kind,
    tid: u32,
    nr: u16,
    flags: u8,
    start_ns: u64,
    duration_ns: u64,
    result: i64,
    args: [Option<u64>; 6],
    count: usize,
    blobs: Vec<u8>,
}

/// Starts the record of call `nr` of thread `tid`, to be appended to `out`.
pub const fn call(out: &mut Vec<u8>, tid: u32, nr: u16) -> CallBuilder<&mut Vec<u8>> {
    CallBuilder::to(out, tid, nr)
}

/// Starts the record of call `nr` of some thread at some time, to be had by [`CallBuilder::build`].
#[cfg(test)]
pub(crate) const fn single(nr: u16) -> CallBuilder<Vec<u8>> {
    CallBuilder::to(Vec::new(), 77, nr).at(1_000, 10)
}

impl<O: BorrowMut<Vec<u8>>> CallBuilder<O> {
    const fn to(out: O, tid: u32, nr: u16) -> Self {
        Self {
            out,
            kind: Kind::Call,
            tid,
            nr,
            flags: 0,
            start_ns: 0,
            duration_ns: 0,
            result: 0,
            args: [None; 6],
            count: 0,
            blobs: Vec::new(),
        }
    }

    /// When it started (`CLOCK_MONOTONIC`), and how long it took; nanoseconds.
    pub const fn at(mut self, start_ns: u64, duration_ns: u64) -> Self {
        self.start_ns = start_ns;
        self.duration_ns = duration_ns;
        self
    }

    /// What it returned.
    pub const fn result(mut self, result: i64) -> Self {
        self.result = result;
        self
    }

    /// Adds [`flags`]; those that follow from the figures are set by themselves.
    pub const fn flags(mut self, flags: u8) -> Self {
        self.flags |= flags;
        self
    }

    /// Makes it a record of the call's start ([`Kind::Enter`]).
    pub const fn enter(mut self) -> Self {
        self.kind = Kind::Enter;
        self
    }

    /// Makes it a record of a call older than the recording, which began when it "started" ([`Kind::InProgress`]).
    pub const fn before(mut self) -> Self {
        self.kind = Kind::InProgress;
        self
    }

    /// The next argument, by value. More than six are ignored.
    pub fn arg(mut self, value: u64) -> Self {
        if let Some(slot) = self.args.get_mut(self.count) {
            *slot = Some(value);
            self.count += 1;
        }
        self
    }

    /// The next argument, by what it points to. More than six are ignored.
    pub fn pointed(self, bytes: &[u8]) -> Self {
        self.next_blob(part::WHOLE, 0, bytes)
    }

    /// The next argument, by a pointer that could not be followed. More than six are ignored.
    pub fn unread(self, pointer: u64) -> Self {
        self.next_blob(part::WHOLE, blob_flags::UNREAD, &pointer.to_ne_bytes())
    }

    /// The next argument, by a blob of any part and [`call::blob_flags`]. More than six are ignored.
    pub fn next_blob(mut self, part: u8, blob_flags: u8, bytes: &[u8]) -> Self {
        if self.count < self.args.len() {
            self.count += 1;
            let last = self.count - 1;
            return self.blob(last, part, blob_flags, bytes);
        }
        self
    }

    /// The next argument, by the string it points to; its NUL is added.
    pub fn string(self, text: &str) -> Self {
        self.pointed(&[text.as_bytes(), &[0]].concat())
    }

    /// A blob of an argument that is there already; `blob_flags` are [`call::blob_flags`]. What is
    /// longer than a blob can be is cut.
    pub fn blob(mut self, arg: usize, part: u8, blob_flags: u8, bytes: &[u8]) -> Self {
        let bytes = bytes.get(..1024).unwrap_or(bytes);
        let header = Blob { place: arg as u8 & 7 | part << 3, flags: blob_flags, len: bytes.len() as u16 };
        self.blobs.extend_from_slice(header.as_bytes());
        self.blobs.extend_from_slice(bytes);
        self.blobs.resize(self.blobs.len().next_multiple_of(4), 0);
        self
    }

    fn written(mut self) -> O {
        let (mut word, mut values, mut flags) = (self.count as u16, Vec::new(), self.flags);
        for (i, value) in self.args.iter().enumerate().take(self.count) {
            match value {
                None => word |= 1 << (args::BLOB_SHIFT as usize + i),
                Some(value) if u32::try_from(*value).is_ok() => {
                    values.extend_from_slice(&(*value as u32).to_ne_bytes())
                }
                Some(value) => {
                    word |= 1 << (args::WIDE_SHIFT as usize + i);
                    values.extend_from_slice(&value.to_ne_bytes());
                }
            }
        }
        let mut upper = Vec::new();
        if self.duration_ns > u64::from(u32::MAX) {
            flags |= flags::LONG;
            upper.extend_from_slice(&((self.duration_ns >> 32) as u32).to_ne_bytes());
        }
        if i32::try_from(self.result).is_err() {
            flags |= flags::WIDE_RESULT;
            upper.extend_from_slice(&((self.result >> 32) as u32).to_ne_bytes());
        }
        let len = size_of::<call::Call>() + upper.len() + values.len() + self.blobs.len();
        let fixed = call::Call {
            header: RecordHeader { len: len as u16, kind: self.kind as u8, flags, tid: self.tid },
            nr: self.nr,
            args: word,
            duration_ns: self.duration_ns as u32,
            start_ns: self.start_ns,
            result: self.result as u32,
        };
        let out = self.out.borrow_mut();
        out.extend_from_slice(fixed.as_bytes());
        for bytes in [upper, values, self.blobs] {
            out.extend_from_slice(&bytes);
        }
        self.out
    }
}

impl CallBuilder<&mut Vec<u8>> {
    /// Appends the record.
    pub fn end(self) {
        self.written();
    }
}

#[cfg(test)]
impl CallBuilder<Vec<u8>> {
    /// The record.
    pub(crate) fn build(self) -> Vec<u8> {
        self.written()
    }
}

/// Appends who thread `tid` of process `tgid` is from `time_ns` on; inside its container it is
/// `ns_tid` of `ns_tgid`. What is longer than 15 bytes of `comm` is cut, as the kernel does.
pub fn task(out: &mut Vec<u8>, time_ns: u64, (tid, tgid): (u32, u32), (ns_tid, ns_tgid): (u32, u32), comm: &str) {
    let header = RecordHeader { len: size_of::<Task>() as u16, kind: Kind::Task as u8, flags: 0, tid };
    let task = Task { header, time_ns, tgid, parent_tgid: 0, ns_tid, ns_tgid, comm: name(comm) };
    out.extend_from_slice(task.as_bytes());
}

/// Appends who the main thread of process `tgid` is, which process `parent` has started.
pub fn child(out: &mut Vec<u8>, time_ns: u64, tgid: u32, parent: u32, comm: &str) {
    let from = out.len();
    task(out, time_ns, (tgid, tgid), (tgid, tgid), comm);
    let at = from + std::mem::offset_of!(Task, parent_tgid);
    if let Some(field) = out.get_mut(at..at + size_of::<u32>()) {
        field.copy_from_slice(&parent.to_ne_bytes());
    }
}

/// Appends the end of thread `tid` of process `tgid`, the last one of it if `last`; `status` is as
/// `wait` reports it.
pub fn exit(out: &mut Vec<u8>, time_ns: u64, (tid, tgid): (u32, u32), status: u32, last: bool) {
    let flags = if last { GROUP_DEAD } else { 0 };
    let header = RecordHeader { len: size_of::<Exit>() as u16, kind: Kind::Exit as u8, flags, tid };
    out.extend_from_slice(Exit { header, time_ns, tgid, status }.as_bytes());
}

/// Appends a signal that thread `tid` was delivered.
pub fn signal(out: &mut Vec<u8>, time_ns: u64, tid: u32, siginfo: [u32; 12]) {
    let header = RecordHeader { len: size_of::<Signal>() as u16, kind: Kind::Signal as u8, flags: 0, tid };
    out.extend_from_slice(Signal { header, time_ns, siginfo }.as_bytes());
}

/// Appends a signal that thread `tid` of process `tgid` was sent by process `sender`, as host and
/// container number it alike, of a cgroup and a name.
pub fn sent(out: &mut Vec<u8>, time_ns: u64, (tid, tgid): (u32, u32), signo: u32, sender: (u32, u64, &str)) {
    let header = RecordHeader { len: size_of::<SignalSent>() as u16, kind: Kind::SignalSent as u8, flags: GROUP, tid };
    let (sender_tgid, sender_cgroup, comm) = sender;
    let sent = SignalSent {
        header,
        time_ns,
        tgid,
        signo,
        code: 0,
        sender_tgid,
        sender_tid: sender_tgid,
        sender_ns_tgid: 0,
        sender_cgroup,
        sender_comm: name(comm),
    };
    out.extend_from_slice(sent.as_bytes());
}

/// Appends an OOM kill; header and time are filled in.
pub fn oom_kill(out: &mut Vec<u8>, time_ns: u64, (tid, tgid): (u32, u32), trigger: &str, kill: OomKill) {
    let header = RecordHeader { len: size_of::<OomKill>() as u16, kind: Kind::OomKill as u8, flags: 0, tid };
    out.extend_from_slice(OomKill { header, time_ns, tgid, trigger_comm: name(trigger), ..kill }.as_bytes());
}

/// Appends that thread `tid` of process `tgid` runs `path` with `argv`; how large its environment is, is not known.
pub fn exec(out: &mut Vec<u8>, time_ns: u64, who: (u32, u32), path: &str, argv: &[&str]) {
    exec_with(out, time_ns, who, path, argv, None);
}

/// The same with an environment of so many bytes.
pub fn exec_with(out: &mut Vec<u8>, time_ns: u64, who: (u32, u32), path: &str, argv: &[&str], env_bytes: Option<u32>) {
    exec_by(out, time_ns, who, path, argv, (env_bytes, 0));
}

/// Appends that thread `tid` of process `tgid` runs the script `path`, by an interpreter that finds `argv`.
pub fn script(out: &mut Vec<u8>, time_ns: u64, who: (u32, u32), path: &str, argv: &[&str]) {
    exec_by(out, time_ns, who, path, argv, (None, INTERPRETED));
}

fn exec_by(
    out: &mut Vec<u8>,
    time_ns: u64,
    (tid, tgid): (u32, u32),
    path: &str,
    argv: &[&str],
    (env_bytes, flags): (Option<u32>, u8),
) {
    let mut blobs = Vec::new();
    let path = [path.as_bytes(), &[0]].concat();
    let argv: Vec<u8> = argv.iter().flat_map(|argument| [argument.as_bytes(), &[0]].concat()).collect();
    let sizes = env_bytes.map(|env_bytes| ExecSizes { argv_bytes: argv.len() as u32, env_bytes });
    let sizes = sizes.as_ref().map(|sizes| (2, sizes.as_bytes()));
    for (place, bytes) in [(0, &*path), (1 | part::STRINGS << 3, &*argv)].into_iter().chain(sizes) {
        blobs.extend_from_slice(Blob { place, flags: 0, len: bytes.len() as u16 }.as_bytes());
        blobs.extend_from_slice(bytes);
        blobs.resize(blobs.len().next_multiple_of(4), 0);
    }
    let len = (size_of::<Exec>() + blobs.len()) as u16;
    let header = RecordHeader { len, kind: Kind::Exec as u8, flags, tid };
    out.extend_from_slice(Exec { header, time_ns, tgid }.as_bytes());
    out.extend_from_slice(&blobs);
}

/// Appends that thread `tid` of process `tgid` made process `child`.
pub fn fork(out: &mut Vec<u8>, time_ns: u64, (tid, tgid): (u32, u32), child: u32) {
    let header = RecordHeader { len: size_of::<Fork>() as u16, kind: Kind::Fork as u8, flags: 0, tid };
    let (child_tid, child_tgid, child_ns_tid, child_ns_tgid) = (child, child, child, child);
    let fork = Fork { header, time_ns, tgid, child_tid, child_tgid, child_ns_tid, child_ns_tgid };
    out.extend_from_slice(fork.as_bytes());
}

/// Appends what became of a connection or a connect of thread `tid` of process `tgid`: one of
/// [`rewind_common::record::connection::what`]. Addresses that are left out are this host's.
pub fn connection(out: &mut Vec<u8>, (tid, tgid): (u32, u32), what: u8, mut told: Connection) {
    told.header = RecordHeader { len: size_of::<Connection>() as u16, kind: Kind::Connection as u8, flags: what, tid };
    told.tgid = tgid;
    for address in [&mut told.local, &mut told.peer].into_iter().filter(|address| **address == [0; 16]) {
        *address = Ipv4Addr::LOCALHOST.to_ipv6_mapped().octets();
    }
    out.extend_from_slice(told.as_bytes());
}

/// Appends a message that a socket of thread `tid` of process `tgid` has carried, with its first bytes. Addresses that
/// are left out are this host's.
pub fn socket_message(out: &mut Vec<u8>, (tid, tgid): (u32, u32), flags: u8, mut message: SocketMessage, bytes: &[u8]) {
    let padded = bytes.len().next_multiple_of(4);
    let len = (size_of::<SocketMessage>() + size_of::<Blob>() + padded) as u16;
    message.header = RecordHeader { len, kind: Kind::SocketMessage as u8, flags, tid };
    message.tgid = tgid;
    for address in [&mut message.local, &mut message.peer].into_iter().filter(|address| **address == [0; 16]) {
        *address = Ipv4Addr::LOCALHOST.to_ipv6_mapped().octets();
    }
    let is_cut = (bytes.len() as u32) < message.total;
    let blob = Blob { place: 0, flags: if is_cut { blob_flags::CUT } else { 0 }, len: bytes.len() as u16 };
    out.extend_from_slice(message.as_bytes());
    out.extend_from_slice(blob.as_bytes());
    out.extend_from_slice(bytes);
    out.resize(out.len() + padded - bytes.len(), 0);
}

/// A thread's name as the kernel holds it: what is longer than 15 bytes is cut.
fn name(comm: &str) -> [u8; 16] {
    let mut name = [0; 16];
    for (to, from) in name.iter_mut().take(15).zip(comm.bytes()) {
        *to = from;
    }
    name
}
