//! The host at a glance: a line a resource, the answer first, what is unusual marked.

use super::Moment;
use super::line::{Line, Mark};
use rewind_recording::api::node::{Filesystem, Pressure};
use rewind_recording::render::units;
use std::collections::BTreeMap;

/// Columns that a line's subject takes.
const SUBJECT: usize = 12;
/// Most devices or filesystems on a line.
const SHOWN: usize = 3;

/// Statuses of processes, in this order.
const STATUSES: [&str; 7] = ["running", "blocked", "sleeping", "idle", "stopped", "zombies", "unknown"];

/// From which part on it is worth a look, and bad.
const BUSY: (f64, f64) = (0.75, 0.95);
const STOLEN: (f64, f64) = (0.05, 0.20);
const FULL: (f64, f64) = (0.85, 0.95);
const SWAPPED: (f64, f64) = (0.50, 0.90);
const SOME_WAITED: (f64, f64) = (0.10, 0.50);
const ALL_WAITED: (f64, f64) = (0.05, 0.20);
/// Of the load of each CPU.
const LOADED: (f64, f64) = (1.0, 2.0);

/// All of it.
pub(super) fn lines(moment: &Moment) -> Vec<Line> {
    let all = [title, cpu, memory, pressure, disks, network, filesystems, processes];
    all.into_iter().map(|line| line(moment)).collect()
}

fn title(Moment { node, .. }: &Moment) -> Line {
    let up_ns = node.boot_unix_ns.map(|boot_unix_ns| node.at_unix_ns.saturating_sub(boot_unix_ns));
    let up = up_ns.map(|ns| format!("up {}, ", units::age(ns))).unwrap_or_default();
    let containers = units::counted(node.containers.len() as u64, "container");
    let cpus = units::counted(u64::from(node.cpus), "CPU");
    Line::default().with(Mark::Heading, &node.name).with(Mark::Plain, &format!("  {up}{cpus}, {containers}"))
}

fn cpu(Moment { node, rates }: &Moment) -> Line {
    let line = answer("CPU", rates.busy(), BUSY);
    let of = |states: &[&str]| states.iter().filter_map(|state| rates.cpu.get(*state)).sum::<f64>();
    let mut parts = Vec::new();
    if !rates.cpu.is_empty() {
        let (user, system) = (of(&["user", "nice"]), of(&["system", "interrupt", "softirq"]));
        parts.push((Mark::Plain, format!("user {}", percent(user))));
        parts.push((Mark::Plain, format!("system {}", percent(system))));
        parts.push((Mark::Plain, format!("wait {}", percent(of(&["wait"])))));
        let stolen = of(&["steal"]);
        parts.extend((stolen >= 0.005).then(|| (mark(stolen, STOLEN), format!("steal {}", percent(stolen)))));
    }
    if let Some(load @ [of_a_minute, ..]) = node.load {
        let of_each = of_a_minute / f64::from(node.cpus.max(1));
        parts.push((mark(of_each, LOADED), format!("load {}", load.map(|load| format!("{load:.2}")).join(" "))));
    }
    listed(line, parts)
}

fn memory(Moment { node, .. }: &Moment) -> Line {
    let memory = node.memory.filter(|memory| memory.total_bytes > 0);
    let used = memory.and_then(|of| Some((of.total_bytes.saturating_sub(of.available_bytes?), of.total_bytes)));
    let line = answer("Memory", used.map(part), FULL);
    let swap = node.swap.filter(|swap| swap.total_bytes > 0).map(|swap| (swap.used_bytes, swap.total_bytes));
    let parts = [
        used.map(|used| (Mark::Plain, of(used))),
        swap.map(|used| (mark(part(used), SWAPPED), format!("swap {}", of(used)))),
    ];
    listed(line, parts.into_iter().flatten().collect())
}

fn pressure(Moment { node, .. }: &Moment) -> Line {
    let of = |Pressure { resource, some, full }: &Pressure| {
        let (some, full) = (some.map(|part| (part, SOME_WAITED)), full.map(|part| (part, ALL_WAITED)));
        let words = match (some, full) {
            (Some((some, _)), Some((full, _))) => format!("{resource} {} (all {})", percent(some), percent(full)),
            (some, full) => format!("{resource} {}", percent(some.or(full)?.0)),
        };
        let worst = [some, full].into_iter().flatten().map(|(part, bounds)| mark(part, bounds)).max();
        Some((worst.unwrap_or_default(), words))
    };
    parts_of("Pressure", node.pressures.iter().filter_map(of).collect())
}

fn disks(Moment { rates, .. }: &Moment) -> Line {
    let is_partition = |name: &str| rates.disks.keys().any(|disk| is_partition_of(name, disk));
    parts_of("Disks", busiest(&rates.disks, is_partition, ["read", "written"]))
}

fn network(Moment { rates, .. }: &Moment) -> Line {
    parts_of("Network", busiest(&rates.interfaces, |name| name == "lo", ["received", "sent"]))
}

fn filesystems(Moment { node, .. }: &Moment) -> Line {
    let used = |of: &Filesystem| (of.used_bytes, of.total_bytes);
    let mut all: Vec<_> = node.filesystems.iter().filter(|of| of.total_bytes > 0).collect();
    all.sort_by(|a, b| part(used(b)).total_cmp(&part(used(a))));
    let words = |of: &&Filesystem| {
        let part = part(used(of));
        (mark(part, FULL), format!("{} {} of {}", of.mount, percent(part), units::bytes(of.total_bytes)))
    };
    parts_of("Filesystems", with_more(all.iter().map(words).collect()))
}

fn processes(Moment { node, .. }: &Moment) -> Line {
    let shown = |status: &&str| {
        let count = *node.processes.get(*status)?;
        let is_usual = ["running", "blocked", "sleeping"].contains(status);
        (is_usual || count > 0).then(|| (Mark::Plain, format!("{status} {}", units::grouped(count))))
    };
    parts_of("Processes", STATUSES.iter().filter_map(shown).collect())
}

/// Whether a block device is a part of another, by their names: `sda1` of `sda`, `nvme0n1p1` of `nvme0n1`.
fn is_partition_of(name: &str, disk: &str) -> bool {
    let Some(rest) = name.strip_prefix(disk) else { return false };
    let ends_with_digit = disk.ends_with(|last: char| last.is_ascii_digit());
    let number = if ends_with_digit { rest.strip_prefix('p').unwrap_or_default() } else { rest };
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn busiest(
    rates: &BTreeMap<String, [f64; 2]>,
    is_left_out: impl Fn(&str) -> bool,
    words: [&str; 2],
) -> Vec<(Mark, String)> {
    let mut all: Vec<_> = rates.iter().filter(|(name, _)| !is_left_out(name)).collect();
    all.sort_by(|(_, [a, b]), (_, [c, d])| (c + d).total_cmp(&(a + b)));
    // Where all are silent, one of them is enough to say so.
    let active = all.iter().filter(|(_, [a, b])| a + b > 0.0).count();
    all.truncate(active.max(1));
    let [first, second] = words;
    let one = |(name, [a, b]): &(&String, &[f64; 2])| {
        (Mark::Plain, format!("{name} {}/s {first} {}/s {second}", bytes(*a), bytes(*b)))
    };
    with_more(all.iter().map(one).collect())
}

fn with_more(mut all: Vec<(Mark, String)>) -> Vec<(Mark, String)> {
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    all.extend((more > 0).then(|| (Mark::Plain, format!("{more} more"))));
    all
}

fn subject(name: &str) -> Line {
    Line::default().with(Mark::Plain, &format!("{name:SUBJECT$}"))
}

fn answer(name: &str, part: Option<f64>, bounds: (f64, f64)) -> Line {
    let (mark, text) = part.map_or((Mark::Plain, "-".to_owned()), |part| (mark(part, bounds), percent(part)));
    subject(name).with(mark, &format!("{text:>4}")).with(Mark::Plain, "  ")
}

/// A subject without an answer of its own; a dash where there are no parts.
fn parts_of(name: &str, parts: Vec<(Mark, String)>) -> Line {
    let line = subject(name);
    if parts.is_empty() { line.with(Mark::Plain, "-") } else { listed(line, parts) }
}

/// One beside the other.
fn listed(line: Line, parts: Vec<(Mark, String)>) -> Line {
    let joined = parts.into_iter().enumerate().map(|(at, part)| (if at == 0 { "" } else { ", " }, part));
    joined.fold(line, |line, (between, (mark, text))| line.with(Mark::Plain, between).with(mark, &text))
}

fn mark(part: f64, (notable, bad): (f64, f64)) -> Mark {
    Mark::from(part, notable, bad)
}

fn part((used, total): (u64, u64)) -> f64 {
    used as f64 / total.max(1) as f64
}

fn of((used, total): (u64, u64)) -> String {
    format!("{} of {}", units::bytes(used), units::bytes(total))
}

pub(super) fn percent(part: f64) -> String {
    format!("{:.0}%", part * 100.0)
}

/// A number that is no integer, in bytes.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
pub(super) fn bytes(number: f64) -> String {
    units::bytes(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_known_by_their_disks_names() {
        for (name, disk, is) in [
            ("sda1", "sda", true),
            ("nvme0n1p2", "nvme0n1", true),
            ("sdaa", "sda", false),
            ("sda", "sda", false),
            ("nvme0n12", "nvme0n1", false),
            ("dm-10", "dm-1", false),
        ] {
            assert_eq!(is_partition_of(name, disk), is, "{name}");
        }
    }
}
