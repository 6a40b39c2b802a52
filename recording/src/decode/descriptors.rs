//! Which descriptor is what: read off the calls that make, copy and close them.
//!
//! Feed every call of a process in the order of time: write the arguments, [`Tables::feed`] the
//! call, write the result. What was open before the recording begins is known as far as the agent read it
//! ([`Tables::opened`]), from then on; else it has no text.
//!
//! Of a ring that has come round the calls that open something are held longer than those that close it, and than those
//! that make pipes and sockets: what a descriptor was before all calls are held it may not be any more
//! ([`Table::is_sure`]).

use super::{Invocation, address, path_argument, row};
use crate::blobs::Bytes;
use crate::call::Call;
use crate::syscalls::arg::Command;
use crate::syscalls::arg::{ArgKind, Shape};
use crate::syscalls::flags::Set;
use crate::syscalls::flags::file::{FAN_INIT, MEMFD};
use crate::syscalls::flags::network::AF;
use crate::syscalls::{Arch, Made, Return, Row, bits};
use rewind_common::call::part;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

/// `O_CLOEXEC` and `SOCK_CLOEXEC` on both architectures.
const CLOEXEC: u64 = 0o2_000_000;
const EBADF: u16 = 9;
const EINPROGRESS: u16 = 115;
/// Standard output and error, and where they go that nobody is to read.
const OUTPUTS: [i32; 2] = [1, 2];
const NOWHERE: &str = "/dev/null";
/// `AT_FDCWD`.
const HERE: i32 = -100;

/// The descriptors of all processes, by `tgid`.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    processes: HashMap<u32, Table>,
    /// From when on no call is missing: `CLOCK_MONOTONIC`, nanoseconds.
    complete_from_ns: u64,
}

/// The descriptors of one process.
#[derive(Clone, Debug, Default)]
pub struct Table {
    open: BTreeMap<i32, Descriptor>,
    /// When the call returned that is fed.
    now_ns: u64,
    complete_from_ns: u64,
}

#[derive(Clone, Debug)]
struct Descriptor {
    what: Arc<str>,
    /// Of a socket: what stands before the colon once it has a peer.
    transport: Option<&'static str>,
    closed_by_exec: bool,
    /// Since when it is that, at the latest.
    since_ns: u64,
}

impl Tables {
    /// None yet, of a recording that has all calls since a time.
    #[must_use]
    pub fn complete_from(complete_from_ns: u64) -> Self {
        Self { processes: HashMap::new(), complete_from_ns }
    }

    /// The descriptors of a process, where any are known.
    #[must_use]
    pub fn of(&self, tgid: u32) -> Option<&Table> {
        self.processes.get(&tgid)
    }

    /// A process has been seen for the first time: it has its parent's descriptors. A shell puts `/dev/null` in place of its
    /// own output while it begins a child, and back: that it still was there has to be sure.
    pub fn started(&mut self, tgid: u32, parent_tgid: u32) {
        if tgid != parent_tgid
            && !self.processes.contains_key(&tgid)
            && let Some(mut parent) = self.processes.get(&parent_tgid).cloned()
        {
            let is_sure = |descriptor: &Descriptor| descriptor.since_ns >= self.complete_from_ns;
            parent
                .open
                .retain(|fd, descriptor| !OUTPUTS.contains(fd) || &*descriptor.what != NOWHERE || is_sure(descriptor));
            self.processes.insert(tgid, parent);
        }
    }

    /// A process has ended.
    pub fn ended(&mut self, tgid: u32) {
        self.processes.remove(&tgid);
    }

    /// A descriptor of process `tgid` was open at a time, up to which calls were fed.
    pub fn opened(&mut self, since_ns: u64, (tgid, fd): (u32, i32), what: &str, closed_by_exec: bool) {
        let transport = what.split_once(":[").and_then(|(name, _)| TRANSPORTS.iter().find(|known| **known == name));
        let descriptor = Descriptor { what: what.into(), transport: transport.copied(), closed_by_exec, since_ns };
        self.table(tgid).open.insert(fd, descriptor);
    }

    /// Takes note of what a call of process `tgid` has done.
    pub fn feed(&mut self, tgid: u32, invocation: &Invocation<'_>, arch: Arch) {
        if invocation.call.has_result() && concerns_descriptors(invocation, arch) {
            self.table(tgid).feed(invocation, arch);
        }
    }

    fn table(&mut self, tgid: u32) -> &mut Table {
        let table = self.processes.entry(tgid).or_default();
        table.complete_from_ns = self.complete_from_ns;
        table
    }
}

/// Whether a call can change what is open: most cannot, and need no table.
fn concerns_descriptors(invocation: &Invocation<'_>, arch: Arch) -> bool {
    row(&invocation.call, arch).is_some_and(|row| {
        matches!(row.result, Return::Fd(_) | Return::Command)
            || row.has(bits::CLOSES | bits::CONNECTS | bits::BINDS | bits::RUNS)
            || row.commands().is_some()
            || row.written(&[Shape::FdPair]).is_some()
    })
}

impl Table {
    /// What a descriptor is: a path, `TCP:[->127.0.0.1:80]`, `pipe`, ...
    #[must_use]
    pub fn text(&self, fd: i32) -> Option<&str> {
        self.open.get(&fd).map(|descriptor| &*descriptor.what)
    }

    /// Whether it is that for sure: no call that may have closed it is missing.
    #[must_use]
    pub fn is_sure(&self, fd: i32) -> bool {
        self.open.get(&fd).is_some_and(|descriptor| descriptor.since_ns >= self.complete_from_ns)
    }

    /// What is known to be open, by number.
    pub fn open(&self) -> impl Iterator<Item = (i32, &str)> {
        self.open.iter().map(|(fd, descriptor)| (*fd, &*descriptor.what))
    }

    fn put(&mut self, fd: i32, what: impl Into<Arc<str>>, closed_by_exec: bool) {
        let since_ns = self.now_ns;
        self.open.insert(fd, Descriptor { what: what.into(), transport: None, closed_by_exec, since_ns });
    }

    fn feed(&mut self, invocation: &Invocation<'_>, arch: Arch) {
        let call = &invocation.call;
        let Some(row) = row(call, arch) else { return };
        self.now_ns = call.start_ns.saturating_add(call.duration_ns);
        let number = |i: usize| call.value(i).unwrap_or_default();
        let fd = |i: usize| (number(i) as u32).cast_signed();
        let command = row.command(|of| call.value(of));
        let has = |wanted: u64| (row.bits | command.map_or(0, |command| command.bits)) & wanted != 0;
        let closes_one = has(bits::CLOSES) && matches!(row.args, [ArgKind::Fd]);
        // `EBADF` alone leaves what it was (close(2)).
        if closes_one && call.errno() != Some(EBADF) {
            self.open.remove(&fd(0));
            return;
        }
        if has(bits::CONNECTS) && matches!(call.errno(), None | Some(EINPROGRESS)) {
            return self.peer(fd(0), fd(0), "->", bytes(invocation, 1));
        }
        if call.errno().is_some() || call.is_unfinished() {
            return;
        }
        if has(bits::BINDS) {
            self.peer(fd(0), fd(0), "", bytes(invocation, 1));
        } else if has(bits::CLOSES) {
            self.close_range(number(0) as u32, number(1) as u32, number(2));
        } else if has(bits::RUNS) {
            self.open.retain(|_, descriptor| !descriptor.closed_by_exec);
        } else if has(bits::SETS_CLOEXEC) {
            if let Some(descriptor) = self.open.get_mut(&fd(0)) {
                descriptor.closed_by_exec = sets_cloexec(row, call);
            }
        } else if let Some(at) = row.written(&[Shape::FdPair]) {
            let what = if has(bits::NETWORK) { "UNIX" } else { "pipe" };
            let Some(pair) = bytes(invocation, at) else { return };
            for fd in pair.bytes.as_chunks().0.iter().take(2) {
                self.put(i32::from_le_bytes(*fd), what, is_cloexec(row, call));
            }
        } else if let Return::Fd(made) = command.map_or(row.result, |command| command.result) {
            let cloexec = has(bits::CLOEXEC) || is_cloexec(row, call);
            self.made(invocation, row, made, (call.result as i32, cloexec));
        }
    }

    /// A call returned a new descriptor, which `execve` closes or not.
    fn made(&mut self, invocation: &Invocation<'_>, row: &Row, made: Made, (fd, cloexec): (i32, bool)) {
        let number = |i: usize| invocation.call.value(i).unwrap_or_default();
        let first = (number(0) as u32).cast_signed();
        match made {
            Made::Copy => self.copy(first, fd, cloexec),
            Made::Socket => {
                self.put(fd, socket_text(number(0)), cloexec);
                if let Some(descriptor) = self.open.get_mut(&fd) {
                    descriptor.transport = transport(number(0), number(1));
                }
            }
            Made::Accepted => {
                let transport = self.open.get(&first).and_then(|listener| listener.transport);
                self.put(fd, "socket", cloexec);
                if let Some(new) = self.open.get_mut(&fd) {
                    new.transport = transport;
                }
                self.peer(fd, first, "->", bytes(invocation, 1));
            }
            Made::Anonymous(name) => self.put(fd, format!("anon_inode:{name}"), cloexec),
            Made::Memory => {
                let name = path_argument(invocation, 0).unwrap_or_default();
                self.put(fd, format!("/memfd:{name}"), cloexec);
            }
            Made::Path => match self.path(invocation, row) {
                Some(path) => self.put(fd, path, cloexec),
                None => drop(self.open.remove(&fd)),
            },
            Made::Unknown => drop(self.open.remove(&fd)),
        }
    }

    /// The path among the arguments, behind that of its directory where that is known.
    fn path(&self, invocation: &Invocation<'_>, row: &Row) -> Option<String> {
        let at = row.args.iter().position(|kind| matches!(kind, ArgKind::Path))?;
        let path = path_argument(invocation, at)?;
        let below = match at.checked_sub(1) {
            Some(dir) if !path.starts_with('/') => {
                let dir = (invocation.call.value(dir).unwrap_or_default() as u32).cast_signed();
                if dir == HERE { None } else { self.text(dir) }
            }
            _ => None,
        };
        Some(match below {
            Some(dir) => format!("{}/{path}", dir.trim_end_matches('/')),
            None => path.into_owned(),
        })
    }

    fn copy(&mut self, from: i32, to: i32, closed_by_exec: bool) {
        match self.open.get(&from).cloned() {
            Some(descriptor) => {
                self.open.insert(to, Descriptor { closed_by_exec, ..descriptor });
            }
            None => {
                self.open.remove(&to);
            }
        }
    }

    fn close_range(&mut self, first: u32, last: u32, flags: u64) {
        let inside = |fd: i32| u32::try_from(fd).is_ok_and(|fd| (first..=last).contains(&fd));
        if flags & 4 != 0 {
            for (_, descriptor) in self.open.iter_mut().filter(|(fd, _)| inside(**fd)) {
                descriptor.closed_by_exec = true;
            }
        } else {
            self.open.retain(|fd, _| !inside(*fd));
        }
    }

    /// Socket `fd` has a name (`arrow` empty) or a peer; the transport is that of socket `like`.
    fn peer(&mut self, fd: i32, like: i32, arrow: &str, address: Option<Bytes<'_>>) {
        let transport = self.open.get(&like).and_then(|descriptor| descriptor.transport);
        let Some(peer) = address.and_then(|address| address::peer(&address)) else { return };
        let closed_by_exec = self.open.get(&fd).is_some_and(|descriptor| descriptor.closed_by_exec);
        let what = format!("{}:[{arrow}{peer}]", transport.unwrap_or("socket"));
        let since_ns = self.now_ns;
        self.open.insert(fd, Descriptor { what: what.into(), transport, closed_by_exec, since_ns });
    }
}

/// Whether its flags say that `execve` closes what a call makes: each family has a bit of its own for that.
fn is_cloexec(row: &Row, call: &Call<'_>) -> bool {
    row.args.iter().enumerate().any(|(i, kind)| {
        let bit = match kind {
            ArgKind::OpenFlags | ArgKind::OpenBits | ArgKind::SocketType => Some(CLOEXEC),
            ArgKind::Memfd => cloexec_of(&MEMFD),
            ArgKind::FanInit => cloexec_of(&FAN_INIT),
            ArgKind::Flags(set) => cloexec_of(set),
            _ => None,
        };
        bit.is_some_and(|bit| call.value(i).unwrap_or_default() & bit != 0)
    })
}

fn cloexec_of(set: &Set) -> Option<u64> {
    set.names.iter().find(|(_, name)| name.ends_with("CLOEXEC")).map(|(bit, _)| *bit)
}

/// Whether a command that says so says that `execve` closes a descriptor: `fcntl` by its flags, `ioctl` by itself.
fn sets_cloexec(row: &Row, call: &Call<'_>) -> bool {
    match row.command(|of| call.value(of)) {
        Some(Command { operands: [ArgKind::Flags(set)], .. }) => {
            call.value(2).unwrap_or_default() & cloexec_of(set).unwrap_or_default() != 0
        }
        Some(command) => command.bits & bits::CLOEXEC != 0,
        None => false,
    }
}

/// What argument `i` points to, at the start of the call or else at its end.
fn bytes<'a>(invocation: &Invocation<'a>, i: usize) -> Option<Bytes<'a>> {
    invocation
        .enter
        .and_then(|enter| enter.blob(i, part::WHOLE))
        .or_else(|| invocation.call.blob(i, part::WHOLE))
        .filter(|blob| blob.pointer().is_none())
}

fn socket_text(family: u64) -> String {
    match AF.name(family) {
        Some(name) => format!("socket:[{name}]"),
        None => "socket".to_owned(),
    }
}

/// What [`transport`] gives.
const TRANSPORTS: [&str; 9] =
    ["UNIX-STREAM", "UNIX-DGRAM", "UNIX-SEQPACKET", "TCP", "UDP", "RAW", "TCPv6", "UDPv6", "RAWv6"];

/// What `strace -yy` calls the sockets of a family and type.
fn transport(family: u64, kind: u64) -> Option<&'static str> {
    Some(match (family, kind & 0xf) {
        (1, 1) => "UNIX-STREAM",
        (1, 2) => "UNIX-DGRAM",
        (1, 5) => "UNIX-SEQPACKET",
        (2, 1) => "TCP",
        (2, 2) => "UDP",
        (2, 3) => "RAW",
        (10, 1) => "TCPv6",
        (10, 2) => "UDPv6",
        (10, 3) => "RAWv6",
        _ => return None,
    })
}
