//! Descriptors that processes have open already when their recording begins, or when this agent comes to
//! know it: read once from `/proc/TGID/fd`, as records of the kind that no ring holds.
//!
//! What a descriptor stands for is read twice, and told for the moment in between: what stood there before
//! and after, stood there then. Nothing is claimed of earlier calls, and what a later one does to a
//! descriptor its own record tells. A process or descriptor that goes meanwhile is passed over.

use crate::clock;
use crate::host::facts::first_pid_namespace;
use rewind_recording::events::Descriptor;
use rustix::fs::{CWD, Dir, Mode, OFlags, openat, readlinkat};
use rustix::io::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

mod sockets;

use sockets::Sockets;

/// Most processes of one container whose descriptors are read.
const MAX_PROCESSES: usize = 256;
/// Most descriptors of one process, the lowest first.
const MAX_DESCRIPTORS: usize = 256;
/// Most bytes of records of one container.
const MAX_BYTES: usize = 128 << 10;
/// Most cgroups below that of a container.
const MAX_CGROUPS: usize = 256;
/// No more are begun after this time: containers wait to be recorded meanwhile.
const PATIENCE: Duration = Duration::from_millis(50);
/// `O_CLOEXEC`.
const CLOEXEC: u32 = 0o2_000_000;

/// What was read of a container.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenDescriptors {
    /// Records, in order of time.
    pub records: Vec<u8>,
    /// Processes and descriptors that were left out for there were too many, or the time was up.
    pub left_out: u64,
}

/// The descriptors of all processes of a cgroup, and of those below it.
#[must_use]
pub(crate) fn of_cgroup(dir: &Path) -> OpenDescriptors {
    let mut open = OpenDescriptors::default();
    // With other numbers, `/proc` would tell of other processes.
    if !first_pid_namespace().is(&true) {
        return open;
    }
    let (until, mut sockets) = (Instant::now() + PATIENCE, Sockets::default());
    let listed = processes(dir);
    open.left_out += listed.len().saturating_sub(MAX_PROCESSES) as u64;
    let held = listed.iter().take(MAX_PROCESSES);
    let held: Vec<_> = held.filter_map(|tgid| Some((*tgid, process(&tgid.to_string()).ok()?))).collect();
    // Who is in the cgroup now, after its directory was opened, is who that directory is of.
    let members = processes(dir);
    for (tgid, process) in held.into_iter().filter(|(tgid, _)| members.contains(tgid)) {
        if Instant::now() > until {
            open.left_out += 1;
            continue;
        }
        open.add(&process, (tgid, None), until, &mut sockets, |_| true);
    }
    open
}

/// The descriptors of this process that survive an exec, as those of its child `tgid`, which it made at
/// `time_ns`. They are what they were then: this process opens none but such that an exec closes.
#[must_use]
pub(crate) fn of_self(tgid: u32, time_ns: u64) -> OpenDescriptors {
    let mut open = OpenDescriptors::default();
    if let Ok(process) = process("self") {
        let until = Instant::now() + PATIENCE;
        open.add(&process, (tgid, Some(time_ns)), until, &mut Sockets::default(), |flags| flags & CLOEXEC == 0);
    }
    open
}

impl OpenDescriptors {
    fn add(
        &mut self,
        process: &OwnedFd,
        (tgid, time_ns): (u32, Option<u64>),
        until: Instant,
        sockets: &mut Sockets,
        wanted: impl Fn(u32) -> bool,
    ) {
        let Ok(before) = links(process) else { return };
        let time_ns = time_ns.unwrap_or_else(clock::now_ns);
        let after = links(process).unwrap_or_default();
        for (count, (fd, what)) in before.into_iter().enumerate() {
            if after.get(&fd) != Some(&what) {
                continue;
            }
            if count >= MAX_DESCRIPTORS || self.records.len() >= MAX_BYTES || Instant::now() > until {
                self.left_out += 1;
                continue;
            }
            let Some(flags) = open_flags(process, fd).filter(|flags| wanted(*flags)) else { continue };
            let what = sockets.name(process, fd, &what).unwrap_or(what);
            Descriptor::write(&mut self.records, time_ns, (tgid, fd), flags, &what);
        }
    }
}

/// The processes of a cgroup and of those below it.
fn processes(dir: &Path) -> BTreeSet<u32> {
    let (mut found, mut left, mut cgroups) = (BTreeSet::new(), vec![dir.to_owned()], 0);
    while let Some(dir) = left.pop() {
        cgroups += 1;
        let listed = fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default();
        found.extend(listed.lines().filter_map(|line| line.parse::<u32>().ok()).filter(|tgid| *tgid > 0));
        let entries = fs::read_dir(&dir).into_iter().flatten().filter_map(std::result::Result::ok);
        let below = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        left.extend(below.take(MAX_CGROUPS.saturating_sub(cgroups + left.len())).map(|entry| entry.path()));
    }
    found
}

/// The directory of a process: as long as it is held, no other process can take its place there.
fn process(name: &str) -> Result<OwnedFd> {
    below(CWD, &format!("/proc/{name}"), OFlags::DIRECTORY)
}

fn below(dir: impl std::os::fd::AsFd, path: &str, flags: OFlags) -> Result<OwnedFd> {
    openat(dir, path, OFlags::RDONLY | OFlags::CLOEXEC | flags, Mode::empty())
}

/// What each descriptor is a link to.
fn links(process: &OwnedFd) -> Result<BTreeMap<i32, Vec<u8>>> {
    let dir = below(process, "fd", OFlags::DIRECTORY)?;
    let numbers = Dir::read_from(&dir)?.filter_map(|entry| entry.ok()?.file_name().to_str().ok()?.parse::<i32>().ok());
    // They come in the order of their numbers.
    let links = numbers.take(4 * MAX_DESCRIPTORS).filter_map(|fd| {
        let link = readlinkat(&dir, fd.to_string(), Vec::new()).ok()?;
        Some((fd, link.into_bytes()))
    });
    Ok(links.collect())
}

/// `flags` of a descriptor's fdinfo.
fn open_flags(process: &OwnedFd, fd: i32) -> Option<u32> {
    let text = read(process, &format!("fdinfo/{fd}"), 4096)?;
    let flags = std::str::from_utf8(&text).ok()?.lines().find_map(|line| line.strip_prefix("flags:"))?;
    u32::from_str_radix(flags.trim(), 8).ok()
}

/// The beginning of a file below a directory.
fn read(dir: &OwnedFd, path: &str, max: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::from(below(dir, path, OFlags::empty()).ok()?).take(max).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_recording::escape::text_of;
    use rewind_recording::record::{Record, all};
    use std::os::fd::AsRawFd as _;

    /// Who counts this process' descriptors holds it: tests run beside one another.
    static COUNTING: std::sync::Mutex<()> = std::sync::Mutex::new(());

    fn read_back(open: &OpenDescriptors) -> BTreeMap<i32, (String, bool)> {
        let read = all(&open.records).map(std::result::Result::unwrap).map(|record| match record {
            Record::Descriptor(open) => (open.fixed.fd, (text_of(open.what()).into_owned(), open.is_closed_by_exec())),
            other => panic!("{other:?}"),
        });
        read.collect()
    }

    fn own() -> BTreeMap<i32, (String, bool)> {
        let mut open = OpenDescriptors::default();
        let until = Instant::now() + Duration::from_secs(9);
        open.add(&process("self").unwrap(), (7, None), until, &mut Sockets::default(), |_| true);
        assert_eq!(open.left_out, 0);
        read_back(&open)
    }

    #[test]
    fn files_pipes_and_sockets_are_told_by_what_they_are() {
        let _alone = COUNTING.lock();
        let file = tempfile::Builder::new().prefix("a\n b").tempfile().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (at, client) =
            (listener.local_addr().unwrap(), std::net::TcpStream::connect(listener.local_addr().unwrap()));
        let client = client.unwrap();
        let (read, _write) = std::io::pipe().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a b.sock");
        let unix = std::os::unix::net::UnixListener::bind(&path).unwrap();
        // `/proc/net/tcp` is read in pieces: connections of others that come or go in between may hide one.
        let is_told = |open: &BTreeMap<i32, (String, bool)>| {
            let fds = [listener.as_raw_fd(), client.as_raw_fd()];
            fds.iter().all(|fd| open.get(fd).is_some_and(|(what, _)| what.starts_with("TCP:")))
        };
        let open = std::iter::repeat_with(own).take(50).find(is_told).unwrap();
        let what = |fd: i32| open.get(&fd).unwrap().clone();
        assert_eq!(what(file.as_raw_fd()), (file.path().to_str().unwrap().to_owned(), true));
        assert_eq!(what(listener.as_raw_fd()).0, format!("TCP:[{at}]"));
        assert_eq!(what(client.as_raw_fd()).0, format!("TCP:[{}->{at}]", client.local_addr().unwrap()));
        assert!(what(read.as_raw_fd()).0.starts_with("pipe:["));
        assert_eq!(what(unix.as_raw_fd()).0, format!("UNIX-STREAM:[{}]", path.display()));
    }

    #[test]
    fn what_an_exec_closes_is_not_inherited() {
        let file = tempfile::tempfile().unwrap();
        assert!(!read_back(&of_self(5, 1)).contains_key(&file.as_raw_fd()));
        assert!(own().contains_key(&file.as_raw_fd()));
    }

    #[test]
    fn a_process_without_end_of_descriptors_is_cut_and_that_is_counted() {
        let _alone = COUNTING.lock();
        let files: Vec<_> = (0..MAX_DESCRIPTORS).map(|_| File::open("/dev/null").unwrap()).collect();
        let mut open = OpenDescriptors::default();
        let until = Instant::now() + Duration::from_secs(9);
        open.add(&process("self").unwrap(), (7, None), until, &mut Sockets::default(), |_| true);
        assert!(open.left_out > 0 && read_back(&open).len() <= MAX_DESCRIPTORS && !files.is_empty());
    }
}
