//! The host's metrics beside those of the Collector's own receiver, at the same time on the same machine: each is the same,
//! or differs in a way that is known and checked. Prints the table.

use super::host_metrics::{agent, of_host};
use anyhow::{Result, ensure};
use rewind_tests::collector::{Collector, attribute};
use rewind_tests::eventually::until;
use rewind_tests::points::{Kind, Point, points};
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(60);
/// Bytes of a page by which the Collector's library multiplies what it takes for pages.
const PAGE: f64 = 4096.0;
/// Theirs tell of a status that a process is in, and not of others.
const LEFT_OUT: &str = "a zero, which theirs leave out";

/// A metric, and what it is of.
type Key = (String, BTreeMap<String, String>);
/// All points of each, in the order of time.
type Series = BTreeMap<Key, Vec<Point>>;

fn series(points: Vec<Point>) -> Series {
    let mut series = Series::new();
    for point in points {
        series.entry((point.name.clone(), point.attributes.clone())).or_default().push(point);
    }
    series.values_mut().for_each(|points| points.sort_by_key(|point| point.at_unix_ns));
    series
}

/// What the Collector's receiver tells, whose resource says nothing.
fn theirs(collector: &Collector) -> Series {
    let all = collector.metrics().into_iter();
    series(all.filter(|(of, _)| attribute(of, "host.name").is_none()).flat_map(|(_, metric)| points(&metric)).collect())
}

/// How one pair compares.
#[derive(Clone, Debug, PartialEq)]
enum Verdict {
    /// Ours lies between theirs before and after it.
    Same,
    /// It does not, and why.
    Known(&'static str),
    /// Nobody knows why.
    Other(String),
}

/// What is known to differ, and the number that ours is multiplied with to be theirs; `None`: they cannot be compared.
fn known(key: &Key) -> Option<(&'static str, Option<f64>)> {
    let (name, attributes) = key;
    let is = |key: &str, is: &str| attributes.get(key).is_some_and(|text| text == is);
    match name.as_str() {
        "system.paging.faults" => Some(("theirs are multiplied by 4096", Some(PAGE))),
        "system.paging.operations" if is("type", "major") => Some(("theirs are multiplied by 4096", Some(PAGE))),
        "system.cpu.utilization" => Some(("of another second", None)),
        "system.network.connections" if is("state", "FIN_WAIT_1") || is("state", "FIN_WAIT_2") => {
            Some(("theirs stand under another name", None))
        }
        _ => None,
    }
}

/// What one side alone tells, and why.
fn alone(key: &Key, points: &[Point], is_ours: bool) -> Option<&'static str> {
    let (name, attributes) = key;
    let is = |key: &str, is: &[&str]| attributes.get(key).is_some_and(|text| is.contains(&text.as_str()));
    let is_zero = points.iter().all(|point| point.number == 0.0);
    match name.as_str() {
        "system.network.connections" if is("state", &["DELETE", "FIN_WAIT1", "FIN_WAIT2"]) => {
            Some("no state of the kernel's")
        }
        "system.paging.operations" if is("type", &["minor"]) => Some("what block devices move: system.disk.io"),
        "system.processes.count" if is_ours && is_zero => Some(LEFT_OUT),
        "system.processes.count" if is("status", &["unknown"]) => Some("processes that ended while they were counted"),
        name if name.starts_with("system.disk.") && !is_ours && is_zero => Some("a device that never did anything"),
        name if name.starts_with("system.network.") && !is_ours && attributes.get("device").is_some_and(is_pair) => {
            Some("an end of a pair: it is told by what it leads to")
        }
        name if name.starts_with("rewind.host.pressure.") && is_ours => Some("theirs have none"),
        _ => None,
    }
}

/// Whether an interface leads to another one, as those of pods do.
fn is_pair(device: &String) -> bool {
    let number = |file| fs::read_to_string(format!("/sys/class/net/{device}/{file}")).ok();
    number("iflink").is_some_and(|other| Some(other) != number("ifindex"))
}

/// How far outside of theirs ours may lie: what goes up and down does so between looks, too.
fn slack(point: &Point) -> f64 {
    match (point.kind, point.name.as_str()) {
        // `idle` and `wait` may go back by a little.
        (Kind::Counter, "system.cpu.time") => 0.05,
        (Kind::Counter, _) => 0.0,
        (_, "system.cpu.load_average.1m" | "system.cpu.load_average.5m" | "system.cpu.load_average.15m") => 0.5,
        (_, "system.uptime") => 1.0,
        (_, "system.processes.count" | "system.network.connections") => point.number.mul_add(0.2, 20.0),
        (_, name) if name.starts_with("system.memory.") || name.starts_with("system.linux.memory.") => {
            if point.unit == "1" { 0.05 } else { 1e9 }
        }
        (_, "system.filesystem.utilization") => 0.02,
        (_, "system.filesystem.usage") => 1e9,
        (_, "system.filesystem.inodes.usage") => 1e4,
        (_, "system.cpu.frequency") => 2e9,
        (_, "system.disk.pending_operations") => 1e3,
        _ => 0.0,
    }
}

/// Ours, of theirs: between the two before it and the two after it. A look takes a while on a busy machine, and each has
/// its time from its start.
fn compare(key: &Key, ours: &[Point], theirs: &[Point]) -> Option<(f64, f64, Verdict)> {
    let factor = known(key).map_or(Some(1.0), |(_, factor)| factor);
    let last = theirs.len().checked_sub(2)?;
    let after_last = theirs.get(last)?.at_unix_ns;
    let our = ours.iter().rev().find(|point| point.at_unix_ns < after_last)?;
    let at = theirs.iter().position(|point| point.at_unix_ns > our.at_unix_ns)?;
    let around = theirs.get(at.checked_sub(2)?..=at + 1)?;
    let verdict = match (known(key), factor) {
        (Some((why, _)), None) => Verdict::Known(why),
        (known, factor) => {
            let number = our.number * factor.unwrap_or(1.0);
            let slack = slack(our) + number.abs() * 1e-9;
            let least = around.iter().map(|point| point.number).fold(f64::MAX, f64::min) - slack;
            let most = around.iter().map(|point| point.number).fold(f64::MIN, f64::max) + slack;
            let is_alike = around.iter().all(|point| (point.kind, &point.unit) == (our.kind, &our.unit));
            match known {
                _ if !is_alike => Verdict::Other(format!("{:?} in {}", our.kind, our.unit)),
                _ if number < least || number > most => Verdict::Other(format!("{number} is not in {least}..{most}")),
                Some((why, _)) => Verdict::Known(why),
                None => Verdict::Same,
            }
        }
    };
    Some((our.number, around.get(1)?.number, verdict))
}

/// A line of the table.
type Line = (Key, Option<f64>, Option<f64>, Verdict);

/// All pairs; `None`: there are not enough of them yet.
fn table(ours: &Series, theirs: &Series) -> Option<Vec<Line>> {
    let mut lines = Vec::new();
    let last = |points: &[Point]| points.last().map(|point| point.number);
    for key in ours.keys().chain(theirs.keys().filter(|key| !ours.contains_key(*key))) {
        let line = match (ours.get(key), theirs.get(key)) {
            (Some(our), Some(their)) => {
                let (our, their, verdict) = match compare(key, our, their) {
                    // A status is there in some of theirs, so that there are not enough around ours.
                    None if key.0 == "system.processes.count" => (last(our)?, last(their)?, Verdict::Known(LEFT_OUT)),
                    compared => compared?,
                };
                (Some(our), Some(their), verdict)
            }
            (our, their) => {
                let one = our.or(their)?;
                let why = alone(key, one, our.is_some());
                let verdict = why.map_or_else(|| Verdict::Other("on one side alone".to_owned()), Verdict::Known);
                (our.and_then(|our| last(our)), their.and_then(|their| last(their)), verdict)
            }
        };
        lines.push((key.clone(), line.0, line.1, line.2));
    }
    Some(lines).filter(|lines| !lines.is_empty())
}

fn print(lines: &[Line]) {
    println!("{:<36} {:<58} {:>17} {:>17} ", "metric", "of", "ours", "theirs");
    for ((name, attributes), ours, theirs, verdict) in lines {
        let of: Vec<_> = attributes.values().map(String::as_str).collect();
        let number = |number: &Option<f64>| number.map_or_else(|| "-".to_owned(), |number| format!("{number:.3}"));
        let verdict = match verdict {
            Verdict::Same => "same",
            Verdict::Known(why) => why,
            Verdict::Other(why) => why,
        };
        println!("{name:<36} {:<58} {:>17} {:>17}  {verdict}", of.join(" "), number(ours), number(theirs));
    }
}

pub(crate) fn with_the_collectors_own() -> Result<()> {
    let collector = Collector::with_host_metrics()?;
    let (agent, _dir) = agent(&collector)?;
    // A device may come, and a process go, between one side's look and the other's: that is so once, not again and again.
    let look = || Ok(table(&series(of_host(&collector).0), &theirs(&collector)));
    let is_known = |line: &Line| !matches!(line.3, Verdict::Other(_));
    let found = until("each to be the same, or the difference to be known", WITHIN, look, |lines| {
        lines.as_ref().filter(|lines| lines.iter().all(is_known)).cloned()
    });
    let lines = match found {
        Ok(lines) => lines,
        Err(error) => {
            let lines = look()?.unwrap_or_default();
            print(&lines);
            let others: Vec<_> = lines.iter().filter(|line| !is_known(line)).collect();
            return Err(error.context(format!("{others:?}")));
        }
    };
    print(&lines);
    let same = lines.iter().filter(|line| line.3 == Verdict::Same).count();
    println!("{same} of {} are the same", lines.len());
    ensure!(same * 2 > lines.len(), "too few are the same");
    agent.stop()
}
