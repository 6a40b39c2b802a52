//! What failed in healthy runs, counted by workload and program, within bounds.

use super::run::{Failed, HealthyRun, Workload};
use rewind_recording::escape::UntrustedString;
use rewind_recording::header::HealthyFailure;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::mem::size_of;

/// The version of the form that it is kept in.
const VERSION: u32 = 2;
/// Most programs, each counted by workload.
const MAX_PROGRAMS: usize = 512;
/// Most failures of one of them.
const MAX_FAILURES: usize = 128;
/// Most bytes of it, about.
pub const MAX_BYTES: usize = 7 << 19;
/// So many runs weigh as much as half as many later ones: what a program does changes.
const MAX_RUNS: u32 = 64;
/// Longest text of it.
const MAX_TEXT: usize = 256;
/// What a header says of its failures at most.
const MAX_KNOWN: usize = 96;
/// What an entry takes besides its texts, with the tree's own.
const ENTRY_BYTES: usize = 2 * size_of::<(Failure, Count)>();

/// What was kept cannot be used. Final: it is to be begun anew.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// It is of another version.
    #[error("it has the format {0}, not {VERSION}")]
    Version(u32),
    /// It is not as this version writes it.
    #[error("it is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// A failure of one program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Failure {
    call: Box<str>,
    errno: u16,
    subject: Box<str>,
}

/// How many healthy runs had it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Count {
    runs: u32,
    /// How often one had it at most.
    times: u32,
}

/// Healthy runs of one program in one workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Runs {
    runs: u32,
    /// When it was used last: seconds of Unix time.
    used_s: u64,
    failures: BTreeMap<Failure, Count>,
}

/// A program and the workload that runs it.
type Key = (Box<str>, Workload);

/// What failed in healthy runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// By program and workload.
    programs: BTreeMap<Key, Runs>,
    bytes: usize,
}

impl Memory {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.programs.is_empty()
    }

    /// How many programs are known, each counted by workload.
    #[must_use]
    pub fn programs(&self) -> usize {
        self.programs.len()
    }

    /// Bytes of memory, about.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many healthy runs of a workload are known: of the program that has the most.
    #[must_use]
    pub fn runs_of(&self, run: &HealthyRun) -> u32 {
        let key = |program: &String| (program.as_str().into(), run.workload.clone());
        run.programs.iter().filter_map(|program| self.programs.get(&key(program))).map(|of| of.runs).max().unwrap_or(0)
    }

    /// Counts a healthy run.
    pub fn learn(&mut self, run: &HealthyRun, now_s: u64) {
        for program in run.programs.iter().filter(|program| program.len() <= MAX_TEXT) {
            let of = self.programs.entry((program.as_str().into(), run.workload.clone())).or_default();
            of.runs += 1;
            of.used_s = now_s;
            let own = run.failures.iter().filter(|(failed, _)| failed.program == *program && is_bounded(failed));
            for (failed, times) in own {
                let count = of.failures.entry(Failure::of(failed)).or_default();
                count.runs += 1;
                count.times = count.times.max(*times);
            }
            of.bound();
        }
        self.bound();
    }

    /// Adds what another one knows.
    pub fn merge(&mut self, other: Self) {
        for (key, theirs) in other.programs {
            let of = self.programs.entry(key).or_default();
            of.runs = of.runs.saturating_add(theirs.runs);
            of.used_s = of.used_s.max(theirs.used_s);
            for (failure, count) in theirs.failures {
                let own = of.failures.entry(failure).or_default();
                own.runs = own.runs.saturating_add(count.runs);
                own.times = own.times.max(count.times);
            }
            of.bound();
        }
        self.bound();
    }

    /// What is known of the failures of a run.
    pub(super) fn known(&self, run: &HealthyRun) -> Vec<HealthyFailure> {
        let known = run.failures.keys().filter_map(|failed| self.known_of(&run.workload, failed));
        known.take(MAX_KNOWN).collect()
    }

    fn known_of(&self, workload: &Workload, failed: &Failed) -> Option<HealthyFailure> {
        let failure = Failure::of(failed);
        let text = |text: &str| UntrustedString::from(text);
        let known = HealthyFailure {
            program: text(&failed.program),
            call: text(&failed.call),
            errno: failed.errno,
            subject: text(&failed.subject),
            ..HealthyFailure::default()
        };
        let own = self.programs.get(&(failed.program.as_str().into(), workload.clone()));
        if let Some((own, count)) = own.and_then(|own| Some((own, own.failures.get(&failure)?))) {
            return Some(HealthyFailure { runs: count.runs, of: own.runs, times: count.times, ..known });
        }
        if own.is_some_and(|own| own.runs > 1) {
            // Its own runs do without it, whatever others do.
            return None;
        }
        let others = self.workloads_with(&failed.program).map(|(other, of)| (&*other.namespace, of.has(&failure)));
        let (near, far): (Vec<_>, Vec<_>) = others.partition(|(namespace, _)| *namespace == &*workload.namespace);
        // Another namespace is one voice, whatever runs there: more could be made up to hide this one's cause.
        let namespaces = far.chunk_by(|(one, _), (next, _)| one == next).map(most_had);
        let voices: Vec<_> = near.iter().map(|(_, had)| *had).chain(namespaces).collect();
        let mut times: Vec<_> = voices.iter().copied().flatten().collect();
        times.sort_unstable();
        let (runs, of) = (times.len(), voices.len());
        let times = *times.get(runs.saturating_sub(1) / 2)?;
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Some(HealthyFailure { runs: count(runs), of: count(of), times, elsewhere: true, ..known })
    }

    /// Healthy runs of a program by workload, each namespace's together.
    fn workloads_with<'a>(&'a self, program: &'a str) -> impl Iterator<Item = (&'a Workload, &'a Runs)> {
        let all = self.programs.range((program.into(), Workload::default())..);
        let its = all.take_while(move |((name, _), _)| **name == *program);
        its.map(|((_, workload), runs)| (workload, runs))
    }

    /// Keeps the bounds: the namespace that takes most makes room, by what was not used for the longest time.
    fn bound(&mut self) {
        self.bytes = self.programs.iter().map(|(key, runs)| size(key, runs)).sum();
        while self.bytes > MAX_BYTES || self.programs.len() > MAX_PROGRAMS {
            let is_full = self.bytes > MAX_BYTES;
            let mut taken = BTreeMap::<&str, usize>::new();
            for (key, runs) in &self.programs {
                *taken.entry(&key.1.namespace).or_default() += if is_full { size(key, runs) } else { 1 };
            }
            let most = taken.into_iter().max_by_key(|(_, taken)| *taken).map(|(namespace, _)| namespace);
            let its = self.programs.iter().filter(|((_, workload), _)| Some(&*workload.namespace) == most);
            let oldest = its.min_by_key(|(_, runs)| runs.used_s).map(|(key, _)| key.clone());
            let Some((key, runs)) = oldest.and_then(|key| self.programs.remove_entry(&key)) else { break };
            self.bytes = self.bytes.saturating_sub(size(&key, &runs));
        }
    }
}

/// Bytes that an entry takes, about.
fn size((program, workload): &Key, runs: &Runs) -> usize {
    program.len() + workload.namespace.len() + size_of::<(Key, Runs)>() * 2 + runs.bytes()
}

/// How often most of several workloads had it at least; `None`: most had it not.
fn most_had(of: &[(&str, Option<u32>)]) -> Option<u32> {
    let mut times: Vec<_> = of.iter().filter_map(|(_, times)| *times).collect();
    times.sort_unstable();
    (times.len() * 2 > of.len()).then(|| times.first().copied())?
}

impl Runs {
    /// How often a run had it at most, if most had it.
    fn has(&self, failure: &Failure) -> Option<u32> {
        let count = self.failures.get(failure).filter(|count| count.runs.saturating_mul(2) > self.runs)?;
        Some(count.times)
    }

    fn bytes(&self) -> usize {
        self.failures.keys().map(|failure| failure.call.len() + failure.subject.len() + ENTRY_BYTES).sum()
    }

    fn bound(&mut self) {
        while self.runs > MAX_RUNS {
            self.runs /= 2;
            self.failures.values_mut().for_each(|count| count.runs /= 2);
            self.failures.retain(|_, count| count.runs > 0);
        }
        while self.failures.len() > MAX_FAILURES {
            let least = self.failures.iter().min_by_key(|(_, count)| count.runs).map(|(failure, _)| failure.clone());
            let Some(least) = least else { break };
            self.failures.remove(&least);
        }
    }
}

impl Failure {
    fn of(failed: &Failed) -> Self {
        let Failed { call, errno, subject, .. } = failed;
        Self { call: call.as_str().into(), errno: *errno, subject: subject.as_str().into() }
    }
}

fn is_bounded(failed: &Failed) -> bool {
    failed.call.len() <= MAX_TEXT && failed.subject.len() <= MAX_TEXT
}

/// As it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    programs: Vec<KeptRuns>,
}

#[derive(Serialize, Deserialize)]
struct KeptRuns {
    program: Box<str>,
    workload: Workload,
    runs: u32,
    used_s: u64,
    failures: Vec<(Box<str>, u16, Box<str>, Count)>,
}

impl Memory {
    /// To keep it.
    ///
    /// # Errors
    /// None that is known.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let kept = |((program, workload), of): (&Key, &Runs)| KeptRuns {
            program: program.clone(),
            workload: workload.clone(),
            runs: of.runs,
            used_s: of.used_s,
            failures: of
                .failures
                .iter()
                .map(|(f, count)| (f.call.clone(), f.errno, f.subject.clone(), *count))
                .collect(),
        };
        serde_json::to_vec(&Kept { version: VERSION, programs: self.programs.iter().map(kept).collect() })
    }

    /// What was kept, within the bounds of this version.
    ///
    /// # Errors
    /// [`ParseError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let Head { version } = serde_json::from_slice(bytes)?;
        if version != VERSION {
            return Err(ParseError::Version(version));
        }
        let kept: Kept = serde_json::from_slice(bytes)?;
        let mut memory = Self::default();
        for KeptRuns { program, workload, runs, used_s, failures } in kept.programs {
            let is_short = |text: &str| text.len() <= MAX_TEXT;
            if !is_short(&program) || !is_short(&workload.namespace) {
                continue;
            }
            let failures = failures.into_iter().filter(|(call, _, subject, _)| is_short(call) && is_short(subject));
            let counted = failures.map(|(call, errno, subject, Count { runs: had, times })| {
                (Failure { call, errno, subject }, Count { runs: had.min(runs), times })
            });
            let mut of = Runs { runs, used_s, failures: counted.collect() };
            of.bound();
            memory.programs.insert((program, workload), of);
        }
        memory.bound();
        Ok(memory)
    }
}
