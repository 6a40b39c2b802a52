//! A case in words: what the screen and JSON show.

use crate::facts::Facts;
use crate::rules::{self, Finding, Relation};
use crate::sections;
use rewind_recording::clock::Clock;
use rewind_recording::filter::comm;
use rewind_recording::header::Header;
use rewind_recording::render::units::counted;
use rewind_recording::render::{Options, container_name};
use serde::Serialize;

/// Why it ended, or what is wrong with it. Times are `CLOCK_MONOTONIC` in nanoseconds (names end in
/// `_ns`) and RFC 3339.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Diagnosis {
    /// The answer, one sentence.
    pub answer: String,
    /// Whether anything unusual was found.
    pub unusual: bool,
    /// Whose recording it is.
    pub container: String,
    /// Calls that are held.
    pub calls_held: u64,
    /// From the oldest to the newest.
    pub covered_ns: u64,
    /// How it ended; `None` while it lives, or where that is not among the records.
    pub ended: Option<Ended>,
    /// The last lines that it wrote to standard error, or output, as far as they are recorded.
    pub said: Vec<String>,
    /// The likeliest causes, the answer's first.
    pub findings: Vec<FindingText>,
    /// Failed calls by what failed, the likeliest cause first.
    pub failed: Vec<Failed>,
    /// Paths that were tried in vain, or had after others of the same name were not, in order.
    pub tried: Vec<Tried>,
    /// Failed calls that are ordinary.
    pub ordinary_failures: u64,
    /// Calls that did not return.
    pub blocked: Vec<Blocked>,
    /// Memory of the process that counts.
    pub memory: Option<MemoryGrowth>,
    /// Descriptors of the process that counts, by what they are.
    pub descriptors: Option<Descriptors>,
    /// What was run, parents before children.
    pub ran: Vec<Ran>,
    /// Processes that are left out of it.
    pub ran_more: u64,
    /// Calls that took long, by name.
    pub slow: Vec<Slow>,
    /// The last calls of the thread that ended it.
    pub last: Vec<EventText>,
    /// What cannot be said for want of records.
    pub caveats: Vec<String>,
}

/// How it ended.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Ended {
    /// In a few words.
    pub how: String,
    /// When.
    pub time: String,
    /// When.
    pub ktime_ns: u64,
    /// The main process.
    pub tgid: u32,
    /// Its name.
    pub comm: String,
    /// Exit code.
    pub exit_code: Option<u8>,
    /// Signal.
    pub signal: Option<u8>,
}

/// A finding in words.
#[derive(Clone, Debug, Serialize)]
pub struct FindingText {
    /// Which rule found it.
    pub rule: &'static str,
    /// A clause.
    pub text: String,
    /// How likely it is the cause, on a scale of its own.
    pub weight: i32,
    /// Why it weighs what it weighs.
    pub reasons: Vec<&'static str>,
    /// The records that it rests on.
    pub evidence: Vec<EventText>,
}

/// An event.
#[derive(Clone, Debug, Default, Serialize)]
pub struct EventText {
    /// When it began.
    pub time: String,
    /// When it began.
    pub ktime_ns: u64,
    /// Its thread.
    pub tid: u32,
    /// The thread's name.
    pub comm: String,
    /// As strace would have it.
    pub call: String,
    /// Of a call that has returned.
    pub duration_ns: Option<u64>,
}

/// Failed calls of one kind.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Failed {
    /// The call.
    pub call: String,
    /// The path, peer or descriptor.
    pub what: Option<String>,
    /// The errno by name; "no answer" where no call failed but a peer kept silent.
    pub errno: String,
    /// How often.
    pub count: u64,
    /// When last.
    pub last: String,
    /// When last.
    pub last_ns: u64,
    /// The longest.
    pub longest_ns: u64,
    /// The process.
    pub tgid: u32,
    /// Why it is ordinary, if it is.
    pub ordinary: Option<&'static str>,
}

/// A path that was tried.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tried {
    /// When.
    pub time: String,
    /// When.
    pub ktime_ns: u64,
    /// The call.
    pub call: String,
    /// The path.
    pub path: String,
    /// "ok", or the errno by name.
    pub result: String,
    /// How often on end.
    pub count: u64,
}

/// A call that did not return.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Blocked {
    /// Its thread.
    pub tid: u32,
    /// The thread's name.
    pub comm: String,
    /// As strace would have it.
    pub call: String,
    /// How long: until the thread died, or the recording was read.
    pub duration_ns: Option<u64>,
    /// Whether it began before the recording did: it has taken longer than that.
    pub before: bool,
    /// Whether the thread was still in it when the recording was read.
    pub living: bool,
}

/// Memory of one process, bytes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MemoryGrowth {
    /// How much it grew at most.
    pub growth_bytes: u64,
    /// The heap's growth.
    pub heap_bytes: u64,
    /// Mapped without a file, less what was unmapped.
    pub mapped_bytes: u64,
    /// The largest mapping.
    pub largest_bytes: u64,
    /// Allocations that were refused.
    pub refusals: u64,
}

/// Open descriptors of one process.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Descriptors {
    /// How many are known to be open.
    pub open: u64,
    /// What they are, the most frequent first.
    pub kinds: Vec<(String, u64)>,
}

/// A process and what it ran.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Ran {
    /// The process.
    pub tgid: u32,
    /// How many of its ancestors are shown.
    pub depth: usize,
    /// What it ran last, else its name.
    pub command: String,
    /// When it was first heard of.
    pub time: String,
    /// How long it lived, as far as is known.
    pub duration_ns: Option<u64>,
    /// How it ended.
    pub ended: Option<String>,
    /// Whether it ended well, or lives.
    pub well: bool,
}

/// Sums of slow calls.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Slow {
    /// The call.
    pub call: String,
    /// How many.
    pub calls: u64,
    /// Time in them.
    pub total_ns: u64,
    /// The longest.
    pub longest_ns: u64,
    /// The longest, as strace would have it.
    pub example: String,
}

/// Diagnoses a recording.
#[must_use]
pub fn diagnose(header: &Header, records: &[u8], options: &Options) -> Diagnosis {
    let facts = Facts::new(header, records);
    let found = rules::findings(&facts);
    let mut clock = Clock::new(options.zone.clone(), header.host.unix_offset_ns);
    let mut diagnosis = Diagnosis {
        answer: answer(&facts, &found),
        unusual: facts.ended_badly() || !found.is_empty(),
        container: container_name(&header.container),
        calls_held: header.coverage.calls_held,
        covered_ns: header.coverage.newest_ns.saturating_sub(header.coverage.oldest_ns),
        ended: ended(&facts, &mut clock),
        caveats: caveats(&facts),
        ..Diagnosis::default()
    };
    diagnosis.findings = found.into_iter().take(4).map(|finding| in_words(&facts, finding, &mut clock)).collect();
    sections::fill(&mut diagnosis, &facts, &mut clock);
    diagnosis
}

/// The answer alone: one sentence, for where there is no room for more.
#[must_use]
pub fn cause(header: &Header, records: &[u8]) -> String {
    let facts = Facts::new(header, records);
    answer(&facts, &rules::findings(&facts))
}

/// The first line.
fn answer(facts: &Facts<'_>, found: &[Finding]) -> String {
    let end = end(facts);
    let Some(first) = found.first() else {
        return if facts.ended_badly() {
            format!("{end}; nothing unusual found before that.")
        } else {
            format!("{end}: nothing unusual found.")
        };
    };
    let text = &first.text;
    match first.relation {
        Relation::After => format!("{end} after {text}."),
        Relation::Reason => format!("{end}: {text}."),
        Relation::Beside if facts.ending.is_some() => format!("{end}; before that {text}."),
        Relation::Beside => format!("{end}; but {text}."),
    }
}

/// "It exited with 1", "Its child x was killed by SIGSEGV, and it exited with 139".
fn end(facts: &Facts<'_>) -> String {
    let Some(main) = facts.ending else {
        return if facts.header.died_ns.is_some() { "It has ended, how is not recorded" } else { "It is running" }
            .to_owned();
    };
    let sentence = |words: String| if words.starts_with("killed") { format!("was {words}") } else { words };
    match (facts.culprit(), facts.end()) {
        (Some((tgid, process)), Some(end)) if tgid != main.tgid => {
            let having = match end.words() {
                words if words.starts_with("killed") => format!("having been {words}"),
                words => format!("having {words}"),
            };
            format!("It {}, its child {} (process {tgid}) {having}", sentence(main.words()), process.comm)
        }
        _ => format!("It {}", sentence(main.words())),
    }
}

fn ended(facts: &Facts<'_>, clock: &mut Clock) -> Option<Ended> {
    let ending = facts.ending?;
    let process = facts.processes.get(&ending.tgid);
    Some(Ended {
        how: ending.words(),
        time: rfc3339(clock, ending.at_ns),
        ktime_ns: ending.at_ns,
        tgid: ending.tgid,
        comm: process.map_or_else(String::new, |process| process.comm.clone()),
        exit_code: ending.exit_code,
        signal: ending.signal,
    })
}

fn in_words(facts: &Facts<'_>, finding: Finding, clock: &mut Clock) -> FindingText {
    let Finding { rule, weight, text, reasons, evidence, .. } = finding;
    let evidence = evidence.into_iter().filter_map(|index| event_text(facts, index, clock)).collect();
    FindingText { rule, text, weight, reasons, evidence }
}

/// What makes the answer less certain.
fn caveats(facts: &Facts<'_>) -> Vec<String> {
    let mut caveats = Vec::new();
    let coverage = &facts.header.coverage;
    if facts.timeline.is_empty() {
        caveats.push("the recording holds no records".to_owned());
    }
    if coverage.decisive_from_ns > facts.header.born_ns && coverage.calls_overwritten > 0 {
        let gone = counted(coverage.calls_overwritten, "older call");
        caveats.push(format!("{gone} overwritten: what failed long before the end may be missing"));
    }
    let lost: u64 = facts.header.losses.iter().filter(|(name, _)| !name.ends_with("_argument")).map(|(_, n)| n).sum();
    if lost > 0 {
        caveats.push(format!("{} lost", counted(lost, "record")));
    }
    if let Some(malformed) = facts.timeline.malformed() {
        caveats.push(format!("records behind some point cannot be read: {malformed}"));
    }
    if facts.timeline.unknown() > 0 {
        caveats
            .push(format!("{} of kinds that this version does not know", counted(facts.timeline.unknown(), "record")));
    }
    caveats
}

/// An event in words.
pub(super) fn event_text(facts: &Facts<'_>, index: usize, clock: &mut Clock) -> Option<EventText> {
    use rewind_recording::event::{Outcome, What};
    let event = facts.timeline.event(index)?;
    let duration_ns = match event.what {
        What::Call { call, outcome: Outcome::Returned | Outcome::Died, .. } => Some(call.duration_ns),
        _ => None,
    };
    let time = rfc3339(clock, event.start_ns);
    let comm = event.task.map_or_else(|| "?".to_owned(), |task| comm(&task.comm).into_owned());
    Some(EventText { time, ktime_ns: event.start_ns, tid: event.tid, comm, call: facts.text(&event), duration_ns })
}

pub(super) fn rfc3339(clock: &mut Clock, ktime_ns: u64) -> String {
    let mut time = String::new();
    clock.write_rfc3339(&mut time, ktime_ns);
    time
}
