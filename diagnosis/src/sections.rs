//! What stands below the answer: failed calls, what threads were in, memory, descriptors, what was
//! run, slow calls, last calls.

use crate::calls::{self, bits};
use crate::diagnosis::{Blocked, Descriptors, Diagnosis, EventText, Failed, MemoryGrowth, Ran, Slow};
use crate::event_text::{event_text, rfc3339};
use crate::facts::{Facts, Process, SIGKILL, Sums, kinds};
use crate::groups::{Class, Group};
use crate::healthy::Learned;
use crate::last_words::{self, LastWords};
use crate::meaning;
use crate::noise::Noise;
use crate::tried::tried;
use crate::weight::WORTH_SAYING;
use rewind_recording::clock::Clock;
use rewind_recording::event::{Outcome, What};
use rewind_recording::events::connection::Fate;
use rewind_recording::filter::comm;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many lines a section has at most.
const FAILED: usize = 8;
const BLOCKED: usize = 6;
const RAN: usize = 12;
const SLOW: usize = 5;
const LAST: usize = 8;
const SAID: usize = 4;
/// Memory is worth a line when it grew by so much.
const GROWTH_BYTES: u64 = 64 << 20;
/// Descriptors are worth a line when there are so many.
const DESCRIPTORS: u64 = 100;
/// A call is slow when it took so long, or all of its name together.
const SLOW_NS: u64 = 10_000_000;
const SLOW_TOTAL_NS: u64 = 100_000_000;

/// Fills the sections.
pub(super) fn fill(
    diagnosis: &mut Diagnosis,
    facts: &Facts<'_>,
    groups: &[Group],
    words: Option<&LastWords>,
    clock: &mut Clock,
) {
    let (odd, ordinary): (Vec<&Group>, Vec<&Group>) =
        groups.iter().partition(|group| group.noise == Noise::None && !group.recovered);
    let weighty = ordinary.iter().copied().filter(|group| group.weighed.weight >= WORTH_SAYING);
    let mut shown: Vec<&Group> = odd.into_iter().chain(weighty).collect();
    shown.sort_by_key(|group| Reverse((group.weighed.weight, group.last_ns)));
    diagnosis.failed = shown.iter().take(FAILED).map(|group| failed(group, clock)).collect();
    let all: u64 = groups.iter().map(|group| group.count).sum();
    let listed: u64 = diagnosis.failed.iter().map(|failed| failed.count).sum();
    diagnosis.ordinary_failures = all.saturating_sub(listed);
    diagnosis.tried = tried(facts, groups, clock);
    diagnosis.blocked = blocked(facts);
    let process = facts.culprit().or_else(|| facts.processes.iter().next().map(|(tgid, process)| (*tgid, process)));
    if let Some((tgid, process)) = process {
        if facts.ending.is_some() || facts.culprit.is_some() {
            diagnosis.said = last_words::shown(facts, tgid, words, SAID);
        }
        diagnosis.memory = memory(process);
        diagnosis.descriptors = descriptors(facts, groups, tgid);
    }
    diagnosis.ran = ran(facts, clock);
    if !diagnosis.ran.is_empty() {
        diagnosis.ran_more =
            facts.processes.values().filter(|process| !process.is_setup()).count().saturating_sub(diagnosis.ran.len())
                as u64;
    }
    diagnosis.slow = slow(facts);
    diagnosis.last = last(facts, clock);
}

fn failed(group: &Group, clock: &mut Clock) -> Failed {
    Failed {
        call: group.name.to_string(),
        what: group.subject.text().map(str::to_owned),
        errno: meaning::name(group.errno).into_owned(),
        count: group.count,
        last: rfc3339(clock, group.last_ns),
        last_ns: group.last_ns,
        longest_ns: group.longest_ns,
        tgid: group.tgid,
        ordinary: group.noise.reason(),
        healthy: group.healthy.as_ref().map(Learned::words),
    }
}

/// Calls that did not return, the longest first; of a dead container those that its end cut short.
fn blocked(facts: &Facts<'_>) -> Vec<Blocked> {
    let mut blocked = Vec::new();
    for index in &facts.open_calls {
        let Some(event) = facts.timeline.event(*index) else { continue };
        let What::Call { call, outcome, .. } = event.what else { continue };
        let duration_ns = match outcome {
            // Of those that returned only the ones are here that a fatal signal interrupted.
            Outcome::Died | Outcome::Returned => Some(call.duration_ns),
            Outcome::InFlight | Outcome::InProgress => Some(facts.header.read_ns.saturating_sub(event.start_ns)),
            Outcome::Lost => continue,
        };
        blocked.push(Blocked {
            tid: event.tid,
            comm: event.task.map_or_else(|| "?".to_owned(), |task| comm(&task.comm).text().into_owned()),
            call: facts.text(&event),
            duration_ns,
            living: outcome.is_open(),
            before: outcome == Outcome::InProgress,
        });
    }
    blocked.sort_by_key(|blocked| Reverse(blocked.duration_ns));
    blocked.truncate(BLOCKED);
    blocked
}

fn memory(process: &Process) -> Option<MemoryGrowth> {
    let memory = &process.memory;
    let is_oom = process.end.is_some_and(|end| end.ending.oom_killed);
    if memory.growth() < GROWTH_BYTES && memory.refusals == 0 && !is_oom {
        return None;
    }
    Some(MemoryGrowth {
        growth_bytes: memory.growth(),
        heap_bytes: memory.brk.map_or(0, |(first, last)| last.saturating_sub(first)),
        mapped_bytes: memory.mapped.saturating_sub(memory.unmapped),
        largest_bytes: memory.largest.map_or(0, |(bytes, _)| bytes),
        refusals: memory.refusals,
    })
}

fn descriptors(facts: &Facts<'_>, groups: &[Group], tgid: u32) -> Option<Descriptors> {
    let kinds = kinds(facts.descriptors(tgid)?);
    let open = kinds.iter().map(|(_, count)| count).sum();
    let met_the_limit = groups.iter().any(|group| group.class == Class::Descriptors);
    (met_the_limit || open >= DESCRIPTORS).then(|| Descriptors { open, kinds: kinds.into_iter().take(5).collect() })
}

/// The tree of processes; of a large one those that ended badly, and the last.
fn ran(facts: &Facts<'_>, clock: &mut Clock) -> Vec<Ran> {
    let mut children = BTreeMap::<u32, Vec<u32>>::new();
    let processes = || facts.processes.iter().filter(|(_, process)| !process.is_setup());
    for (tgid, process) in processes().filter(|(tgid, _)| **tgid != 0) {
        let parent = facts.processes.get(&process.parent).filter(|parent| !parent.is_setup());
        let parent = parent.map_or(0, |_| process.parent);
        children.entry(parent).or_default().push(*tgid);
    }
    for of_one in children.values_mut() {
        of_one.sort_by_key(|tgid| facts.processes.get(tgid).map(|process| process.first_ns));
    }
    let (mut ran, mut open) = (Vec::new(), vec![(0, 0)]);
    while let Some((tgid, depth)) = open.pop() {
        if ran.len() > facts.processes.len() {
            break;
        }
        if let Some(process) = facts.processes.get(&tgid).filter(|_| tgid != 0) {
            ran.push(one_ran(facts, (tgid, process), depth - 1, clock));
        }
        open.extend(children.get(&tgid).into_iter().flatten().rev().map(|child| (*child, depth + 1)));
    }
    let only_itself = ran.len() == 1 && ran.iter().all(|ran| ran.well);
    if only_itself && facts.processes.values().all(|process| process.programs.is_empty()) {
        return Vec::new();
    }
    if ran.len() > RAN {
        let from = ran.len() - RAN / 2;
        let mut kept = 0;
        let mut at = 0;
        ran.retain(|ran| {
            at += 1;
            let keep = at == 1 || at > from || !ran.well && kept < RAN / 2;
            kept += usize::from(keep);
            keep
        });
    }
    ran
}

fn one_ran(facts: &Facts<'_>, (tgid, process): (u32, &Process), depth: usize, clock: &mut Clock) -> Ran {
    let end = process.end.map(|end| end.ending);
    // Its end may have been overwritten.
    let living = facts.header.living.as_ref().filter(|living| living.is_whole());
    let is_gone = living.is_some_and(|living| living.threads.iter().all(|thread| thread.tgid != tgid));
    Ran {
        tgid,
        depth,
        command: process.command().to_owned(),
        time: rfc3339(clock, process.first_ns),
        duration_ns: end.map(|end| end.at_ns.saturating_sub(process.first_ns)),
        ended: end.map(|end| end.words()).or_else(|| is_gone.then(|| "ended (how is not held)".to_owned())),
        well: end.is_none_or(|end| end.is_success()),
    }
}

fn slow(facts: &Facts<'_>) -> Vec<Slow> {
    let notable = |sums: &Sums| sums.longest.0 >= SLOW_NS || sums.total_ns >= SLOW_TOTAL_NS;
    let is_of_interest = |name: &str| !calls::has(name, bits::IDLES | bits::ENDLESS);
    let of_interest = facts.sums.iter().filter(|(name, sums)| is_of_interest(name) && notable(sums));
    let mut sums: Vec<_> = of_interest.collect();
    sums.sort_by_key(|(_, sums)| Reverse(sums.total_ns));
    let in_words = |(name, sums): (&std::borrow::Cow<'static, str>, &Sums)| Slow {
        call: name.to_string(),
        calls: sums.calls,
        total_ns: sums.total_ns,
        longest_ns: sums.longest.0,
        example: match facts.timeline.event(sums.longest.1).filter(|_| sums.example.is_empty()) {
            Some(event) => facts.text(&event),
            None => sums.example.clone(),
        },
    };
    sums.into_iter().take(SLOW).map(in_words).collect()
}

/// The last calls of the thread that ended it; of a living container, the last of all threads.
fn last(facts: &Facts<'_>, clock: &mut Clock) -> Vec<EventText> {
    let tid = facts.ending_thread();
    let killed_by = facts.end().and_then(|end| end.signal);
    let events = (0..facts.timeline.len()).rev().filter(|index| {
        facts.timeline.event(*index).is_some_and(|event| {
            // Whatever signal ends a process, the kernel hands SIGKILL to its threads.
            let handed = matches!(event.what, What::Signal(signal) if signal.siginfo[0] == SIGKILL)
                && killed_by.map(u32::from) != Some(SIGKILL);
            // Their calls say it already.
            let told = match event.what {
                What::Fork(_) | What::Exec(_) | What::Descriptor(_) | What::Listen(_) => true,
                What::Connection(connection) => Fate::of(&connection).is_good(),
                _ => false,
            };
            tid.is_none_or(|tid| event.tid == tid) && !handed && !told
        })
    });
    let mut last: Vec<usize> = events.take(LAST).collect();
    last.reverse();
    last.into_iter().filter_map(|index| event_text(facts, index, clock)).collect()
}
