//! What stands out in the sums: small rules, each with the figures it rests on.

use super::{BAD, HEADING, Options, Sums, marks, share};
use crate::render::units::{counted, duration, grouped};
use crate::render::words::errno_name;
use std::collections::BTreeMap;
use std::io;

/// What time in some calls means.
struct Meaning {
    calls: &'static [&'static str],
    says: &'static str,
    /// Whether it is ordinary for a program to spend its life there.
    ordinary: bool,
}

const MEANINGS: &[Meaning] = &[
    Meaning {
        calls: &["fsync", "fdatasync", "sync", "syncfs", "msync", "sync_file_range"],
        says: "waiting for the disk to keep what was written",
        ordinary: false,
    },
    Meaning {
        calls: &["futex", "futex_wait", "futex_waitv"],
        says: "waiting for a lock or another thread",
        ordinary: false,
    },
    Meaning {
        calls: &["recvfrom", "recvmsg", "recvmmsg", "connect", "sendto", "sendmsg", "sendmmsg"],
        says: "waiting for the network",
        ordinary: false,
    },
    Meaning { calls: &["flock"], says: "waiting for a lock on a file", ordinary: false },
    Meaning {
        calls: &[
            "read",
            "readv",
            "pread64",
            "preadv",
            "write",
            "writev",
            "pwrite64",
            "pwritev",
            "openat",
            "open",
            "getdents64",
            "sendfile",
            "splice",
        ],
        says: "reading or writing: a slow disk, pipe or peer",
        ordinary: false,
    },
    Meaning { calls: &["wait4", "waitid"], says: "waiting for child processes", ordinary: true },
    Meaning {
        calls: &[
            "poll",
            "ppoll",
            "select",
            "pselect6",
            "epoll_wait",
            "epoll_pwait",
            "epoll_pwait2",
            "accept",
            "accept4",
            "io_uring_enter",
        ],
        says: "waiting for something to happen",
        ordinary: true,
    },
    Meaning {
        calls: &["nanosleep", "clock_nanosleep", "pause", "rt_sigtimedwait", "rt_sigsuspend"],
        says: "sleeping by its own will",
        ordinary: true,
    },
];

/// A finding needs this share of the time (thousandths) of all that is not ordinary waiting.
const NOTABLE_SHARE: u64 = 100;
/// And the group has to have taken this long in sum.
const NOTABLE_NS: u64 = 1_000_000;
/// A call that failed this often (thousandths of its calls) stands out.
const NOTABLE_ERRORS: u64 = 200;

/// Failures that are questions, answered no: is it a terminal (`ENOTTY`), can one seek in it (`ESPIPE`).
const QUESTIONS: &[(&str, u16)] = &[("ioctl", 25), ("lseek", 29)];

/// Writes the findings, the weightiest first.
pub(super) fn write(out: &mut dyn io::Write, calls: &BTreeMap<String, Sums>, options: &Options) -> io::Result<()> {
    let (bold, plain) = marks(options.color, HEADING);
    writeln!(out, "\n{bold}What stands out:{plain}")?;
    let found: Vec<_> = waits(calls).into_iter().chain(errors(calls)).collect();
    if found.is_empty() {
        return writeln!(out, "  nothing: no call that should be fast took long or failed often");
    }
    found.iter().try_for_each(|(text, bad)| {
        let (on, off) = if *bad { marks(options.color, BAD) } else { Default::default() };
        writeln!(out, "  {on}{text}{off}")
    })
}

fn waits(calls: &BTreeMap<String, Sums>) -> Vec<(String, bool)> {
    let ordinary = |name: &str| MEANINGS.iter().any(|m| m.ordinary && m.calls.contains(&name));
    let busy_ns = calls.iter().filter(|(name, _)| !ordinary(name)).map(|(_, sums)| sums.total_ns).sum::<u64>();
    let all_ns = calls.values().map(|sums| sums.total_ns).sum::<u64>();
    let mut found = Vec::new();
    for meaning in MEANINGS {
        let mut of_it: Vec<_> = calls.iter().filter(|(name, _)| meaning.calls.contains(&name.as_str())).collect();
        of_it.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.total_ns));
        let total_ns = of_it.iter().map(|(_, sums)| sums.total_ns).sum::<u64>();
        let of_ns = if meaning.ordinary { all_ns } else { busy_ns };
        let part = share(total_ns, of_ns);
        let Some((first, _)) = of_it.first() else { continue };
        if total_ns < NOTABLE_NS || part < NOTABLE_SHARE {
            continue;
        }
        let (count, max_ns) = of_it.iter().fold((0, 0), |(n, max), (_, s)| (n + s.calls, max.max(s.max_ns)));
        let more = if of_it.len() > 1 { " and the like" } else { "" };
        let whole = if meaning.ordinary { "" } else { " that is not idle waiting" };
        let text = format!(
            "{first}{more}: {} ({}), {} in {}, longest {}, {}.{}% of the time in calls{whole}",
            meaning.says,
            if meaning.ordinary { "ordinary for a server" } else { "look here" },
            duration(total_ns),
            counted(count, "call"),
            duration(max_ns),
            part / 10,
            part % 10,
        );
        found.push((meaning.ordinary, std::cmp::Reverse(total_ns), text));
    }
    found.sort();
    found.into_iter().map(|(ordinary, _, text)| (text, !ordinary)).collect()
}

fn errors(calls: &BTreeMap<String, Sums>) -> Vec<(String, bool)> {
    let often = |(name, sums): &(&String, &Sums)| {
        let questions = QUESTIONS.iter().filter(|(call, _)| call == name);
        let asked: u64 = questions.filter_map(|(_, errno)| sums.errnos.get(errno)).sum();
        let errors = sums.errors.saturating_sub(asked);
        errors >= 3 && share(errors, sums.calls) >= NOTABLE_ERRORS
    };
    let mut failing: Vec<_> = calls.iter().filter(often).collect();
    failing.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.errors));
    let text = |(name, sums): (&String, &Sums)| {
        let most = sums.errnos.iter().max_by_key(|(_, count)| **count);
        let errno = most
            .map_or_else(String::new, |(errno, count)| format!(", {} with {}", grouped(*count), errno_name(*errno)));
        (format!("{name}: {} of {} failed{errno}", grouped(sums.errors), counted(sums.calls, "call")), true)
    };
    failing.into_iter().take(5).map(text).collect()
}
