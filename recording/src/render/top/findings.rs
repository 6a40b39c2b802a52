//! What stands out in the sums: small rules, each with the figures it rests on.

use super::{BAD, HEADING, Options, Sums, marks, share};
use crate::render::units::{counted, duration, grouped};
use crate::render::words::errno_name;
use crate::syscalls::answer::Answer;
use crate::syscalls::{bits, by_name};
use std::collections::BTreeMap;
use std::io;

/// What time in some calls means.
struct Meaning {
    /// Calls with any of these bits, of those that no meaning before has.
    bits: u64,
    says: &'static str,
    /// Whether it is ordinary for a program to spend its life there.
    ordinary: bool,
}

const MEANINGS: &[Meaning] = &[
    Meaning { bits: bits::WAITS_DISK, says: "waiting for the disk to keep what was written", ordinary: false },
    Meaning { bits: bits::WAITS_THREAD, says: "waiting for a lock or another thread", ordinary: false },
    Meaning { bits: bits::WAITS_PEER, says: "waiting for the network", ordinary: false },
    Meaning { bits: bits::WAITS_FILE_LOCK, says: "waiting for a lock on a file", ordinary: false },
    Meaning { bits: bits::TRANSFERS, says: "reading or writing: a slow disk, pipe or peer", ordinary: false },
    Meaning { bits: bits::WAITS_CHILD, says: "waiting for child processes", ordinary: true },
    Meaning { bits: bits::WAITS_WORK, says: "waiting for something to happen", ordinary: true },
    Meaning { bits: bits::SLEEPS, says: "sleeping by its own will", ordinary: true },
];

/// The meaning of time in a call of this name.
fn meaning(name: &str) -> Option<&'static Meaning> {
    let row = by_name(name)?;
    MEANINGS.iter().find(|meaning| row.has(meaning.bits))
}

/// A finding needs this share of the time (thousandths) of all that is not ordinary waiting.
const NOTABLE_SHARE: u64 = 100;
/// And the group has to have taken this long in sum.
const NOTABLE_NS: u64 = 1_000_000;
/// A call that failed this often (thousandths of its calls) stands out.
const NOTABLE_ERRORS: u64 = 200;

/// Whether a failure is a question answered no: is it a terminal (`ENOTTY`), can one seek in it.
fn is_question(name: &str, errno: u16) -> bool {
    const ENOTTY: u16 = 25;
    match by_name(name).and_then(|row| row.answer(errno)) {
        Some(Answer::NoTerminal) => errno == ENOTTY,
        answer => answer == Some(Answer::NotSeekable),
    }
}

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
    let ordinary = |name: &str| meaning(name).is_some_and(|meaning| meaning.ordinary);
    let busy_ns = calls.iter().filter(|(name, _)| !ordinary(name)).map(|(_, sums)| sums.total_ns).sum::<u64>();
    let all_ns = calls.values().map(|sums| sums.total_ns).sum::<u64>();
    let mut found = Vec::new();
    for meaning in MEANINGS {
        let is_it = |name: &str| self::meaning(name).is_some_and(|found| found.bits == meaning.bits);
        let mut of_it: Vec<_> = calls.iter().filter(|(name, _)| is_it(name)).collect();
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
        let questions = sums.errnos.iter().filter(|(errno, _)| is_question(name, **errno));
        let asked: u64 = questions.map(|(_, count)| count).sum();
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
