//! Which descriptor is what: read off the calls that make, copy and close them.
//!
//! Feed every call of a process in the order of time: write the arguments, [`Tables::feed`] the
//! call, write the result. What was open before the recording begins is unknown and has no text.

use super::{Invocation, address, path_argument, row};
use crate::record::Bytes;
use crate::syscalls::arg::{ArgKind, Shape};
use crate::syscalls::flags::network::AF;
use crate::syscalls::{Arch, Return};
use rewind_common::call::part;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

/// `O_CLOEXEC`, and with the same bit `SOCK_CLOEXEC`, `EPOLL_CLOEXEC`, ... on both architectures.
const CLOEXEC: u64 = 0o2_000_000;
/// `AT_FDCWD`.
const HERE: i32 = -100;

/// The descriptors of all processes, by `tgid`.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    processes: HashMap<u32, Table>,
}

/// The descriptors of one process.
#[derive(Clone, Debug, Default)]
pub struct Table {
    open: BTreeMap<i32, Descriptor>,
}

#[derive(Clone, Debug)]
struct Descriptor {
    what: Arc<str>,
    /// Of a socket: what stands before the colon once it has a peer.
    transport: Option<&'static str>,
    closed_by_exec: bool,
}

impl Tables {
    /// The descriptors of a process, where any are known.
    #[must_use]
    pub fn of(&self, tgid: u32) -> Option<&Table> {
        self.processes.get(&tgid)
    }

    /// A process has been seen for the first time: it has its parent's descriptors.
    pub fn started(&mut self, tgid: u32, parent_tgid: u32) {
        if tgid != parent_tgid
            && !self.processes.contains_key(&tgid)
            && let Some(parent) = self.processes.get(&parent_tgid).cloned()
        {
            self.processes.insert(tgid, parent);
        }
    }

    /// A process has ended.
    pub fn ended(&mut self, tgid: u32) {
        self.processes.remove(&tgid);
    }

    /// Takes note of what a call of process `tgid` has done.
    pub fn feed(&mut self, tgid: u32, invocation: &Invocation<'_>, arch: Arch) {
        if concerns_descriptors(invocation, arch) {
            self.processes.entry(tgid).or_default().feed(invocation, arch);
        }
    }
}

/// Whether a call can change what is open: most cannot, and need no table.
fn concerns_descriptors(invocation: &Invocation<'_>, arch: Arch) -> bool {
    row(&invocation.call, arch).is_some_and(|row| {
        matches!(row.result, Return::Fd | Return::Fcntl)
            || matches!(
                row.name,
                "close" | "close_range" | "connect" | "bind" | "pipe" | "pipe2" | "socketpair" | "execve" | "execveat"
            )
    })
}

impl Table {
    /// What a descriptor is: a path, `TCP:[->127.0.0.1:80]`, `pipe`, ...
    #[must_use]
    pub fn text(&self, fd: i32) -> Option<&str> {
        self.open.get(&fd).map(|descriptor| &*descriptor.what)
    }

    /// What is known to be open, by number.
    pub fn open(&self) -> impl Iterator<Item = (i32, &str)> {
        self.open.iter().map(|(fd, descriptor)| (*fd, &*descriptor.what))
    }

    fn put(&mut self, fd: i32, what: impl Into<Arc<str>>, closed_by_exec: bool) {
        self.open.insert(fd, Descriptor { what: what.into(), transport: None, closed_by_exec });
    }

    fn feed(&mut self, invocation: &Invocation<'_>, arch: Arch) {
        let call = &invocation.call;
        let Some(row) = row(call, arch) else { return };
        let number = |i: usize| call.value(i).unwrap_or_default();
        let fd = |i: usize| (number(i) as u32).cast_signed();
        let result = call.result as i32;
        if row.name == "close" && call.errno() != Some(9) {
            self.open.remove(&fd(0));
            return;
        }
        if row.name == "connect" && matches!(call.errno(), None | Some(115)) {
            return self.peer(fd(0), fd(0), "->", bytes(invocation, 1));
        }
        if call.errno().is_some() || call.is_unfinished() {
            return;
        }
        match row.name {
            "bind" => self.peer(fd(0), fd(0), "", bytes(invocation, 1)),
            "close_range" => self.close_range(number(0) as u32, number(1) as u32, number(2)),
            "execve" | "execveat" => self.open.retain(|_, descriptor| !descriptor.closed_by_exec),
            "dup" => self.copy(fd(0), result, false),
            "dup2" => self.copy(fd(0), result, false),
            "dup3" => self.copy(fd(0), result, number(2) & CLOEXEC != 0),
            "fcntl" => match number(1) {
                0 => self.copy(fd(0), result, false),
                1030 => self.copy(fd(0), result, true),
                2 => {
                    if let Some(descriptor) = self.open.get_mut(&fd(0)) {
                        descriptor.closed_by_exec = number(2) & 1 != 0;
                    }
                }
                _ => {}
            },
            "socket" => {
                let transport = transport(number(0), number(1));
                self.put(result, socket_text(number(0)), number(1) & CLOEXEC != 0);
                if let Some(descriptor) = self.open.get_mut(&result) {
                    descriptor.transport = transport;
                }
            }
            "accept" | "accept4" => {
                let listener = self.open.get(&fd(0)).cloned();
                let cloexec = row.name == "accept4" && number(3) & CLOEXEC != 0;
                self.put(result, "socket", cloexec);
                if let (Some(new), Some(listener)) = (self.open.get_mut(&result), listener) {
                    new.transport = listener.transport;
                }
                self.peer(result, fd(0), "->", bytes(invocation, 1));
            }
            "pipe" | "pipe2" | "socketpair" => {
                let at = row.args.iter().position(|kind| matches!(kind, ArgKind::Out(Shape::FdPair)));
                let what = if row.name == "socketpair" { "UNIX" } else { "pipe" };
                let flags = match row.name {
                    "pipe2" => number(1),
                    "socketpair" => number(1),
                    _ => 0,
                };
                let Some(pair) = at.and_then(|at| bytes(invocation, at)) else { return };
                for fd in pair.bytes.as_chunks().0.iter().take(2) {
                    self.put(i32::from_le_bytes(*fd), what, flags & CLOEXEC != 0);
                }
            }
            _ if row.result == Return::Fd => self.made(invocation, arch, result),
            _ => {}
        }
    }

    /// A call returned the new descriptor `fd`.
    fn made(&mut self, invocation: &Invocation<'_>, arch: Arch, fd: i32) {
        let Some(row) = row(&invocation.call, arch) else { return };
        let flags = |i: usize| invocation.call.value(i).unwrap_or_default() & CLOEXEC != 0;
        let anonymous = |what: &str| format!("anon_inode:{what}");
        let (what, closed_by_exec) = match row.name {
            "epoll_create" => (anonymous("[eventpoll]"), false),
            "epoll_create1" => (anonymous("[eventpoll]"), flags(0)),
            "eventfd" => (anonymous("[eventfd]"), false),
            "eventfd2" => (anonymous("[eventfd]"), flags(1)),
            "timerfd_create" => (anonymous("[timerfd]"), flags(1)),
            "signalfd" => (anonymous("[signalfd]"), false),
            "signalfd4" => (anonymous("[signalfd]"), flags(3)),
            "inotify_init" => (anonymous("inotify"), false),
            "inotify_init1" => (anonymous("inotify"), flags(0)),
            "pidfd_open" => (anonymous("[pidfd]"), true),
            "userfaultfd" => (anonymous("[userfaultfd]"), flags(0)),
            "perf_event_open" => (anonymous("[perf_event]"), flags(4)),
            "io_uring_setup" => (anonymous("[io_uring]"), true),
            "fanotify_init" => (anonymous("[fanotify]"), flags(0)),
            "memfd_create" => {
                let name = path_argument(invocation, 0).unwrap_or_default();
                (format!("/memfd:{name}"), invocation.call.value(1).unwrap_or_default() & 1 != 0)
            }
            _ => {
                let Some(at) = row.args.iter().position(|kind| matches!(kind, ArgKind::Path)) else {
                    self.open.remove(&fd);
                    return;
                };
                let Some(path) = path_argument(invocation, at) else {
                    self.open.remove(&fd);
                    return;
                };
                let below = match at.checked_sub(1) {
                    Some(dir) if !path.starts_with('/') => {
                        let dir = (invocation.call.value(dir).unwrap_or_default() as u32).cast_signed();
                        if dir == HERE { None } else { self.text(dir) }
                    }
                    _ => None,
                };
                let what = match below {
                    Some(dir) => format!("{}/{path}", dir.trim_end_matches('/')),
                    None => path.into_owned(),
                };
                (what, flags(at + 1))
            }
        };
        self.put(fd, what, closed_by_exec);
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
        self.open.insert(fd, Descriptor { what: what.into(), transport, closed_by_exec });
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
