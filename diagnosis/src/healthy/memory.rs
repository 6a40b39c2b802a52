//! What failed in healthy runs, counted by workload and program, within bounds.

use super::run::{Failed, HealthyRun};
use rewind_recording::escape::UntrustedString;
use rewind_recording::header::HealthyFailure;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::mem::size_of;

/// The version of the form that it is kept in.
const VERSION: u32 = 1;
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

/// What failed in healthy runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// By program and workload.
    programs: BTreeMap<(Box<str>, u64), Runs>,
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
        let key = |program: &String| (program.as_str().into(), run.workload);
        run.programs.iter().filter_map(|program| self.programs.get(&key(program))).map(|of| of.runs).max().unwrap_or(0)
    }

    /// Counts a healthy run.
    pub fn learn(&mut self, run: &HealthyRun, now_s: u64) {
        for program in run.programs.iter().filter(|program| program.len() <= MAX_TEXT) {
            let of = self.programs.entry((program.as_str().into(), run.workload)).or_default();
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
        let known = run.failures.keys().filter_map(|failed| self.known_of(run.workload, failed));
        known.take(MAX_KNOWN).collect()
    }

    fn known_of(&self, workload: u64, failed: &Failed) -> Option<HealthyFailure> {
        let failure = Failure::of(failed);
        let text = |text: &str| UntrustedString::from(text);
        let known = HealthyFailure {
            program: text(&failed.program),
            call: text(&failed.call),
            errno: failed.errno,
            subject: text(&failed.subject),
            ..HealthyFailure::default()
        };
        let own = self.programs.get(&(failed.program.as_str().into(), workload));
        if let Some((own, count)) = own.and_then(|own| Some((own, own.failures.get(&failure)?))) {
            return Some(HealthyFailure { runs: count.runs, of: own.runs, times: count.times, ..known });
        }
        if own.is_some_and(|own| own.runs > 1) {
            // Its own runs do without it, whatever others do.
            return None;
        }
        let all = (failed.program.as_str().into(), 0)..=(failed.program.as_str().into(), u64::MAX);
        let (mut runs, mut of, mut times) = (0, 0, 0);
        for (_, other) in self.programs.range(all) {
            of += 1;
            if let Some(count) = other.failures.get(&failure).filter(|count| count.runs.saturating_mul(2) > other.runs)
            {
                runs += 1;
                times = times.max(count.times);
            }
        }
        (runs > 0).then_some(HealthyFailure { runs, of, times, elsewhere: true, ..known })
    }

    /// Keeps the bounds: what was not used for the longest time goes first.
    fn bound(&mut self) {
        let size = |(program, _): &(Box<str>, u64), runs: &Runs| program.len() + size_of::<Runs>() * 2 + runs.bytes();
        self.bytes = self.programs.iter().map(|(key, runs)| size(key, runs)).sum();
        while self.bytes > MAX_BYTES || self.programs.len() > MAX_PROGRAMS {
            let oldest = self.programs.iter().min_by_key(|(_, runs)| runs.used_s).map(|(key, _)| key.clone());
            let Some((key, runs)) = oldest.and_then(|key| self.programs.remove_entry(&key)) else { break };
            self.bytes = self.bytes.saturating_sub(size(&key, &runs));
        }
    }
}

impl Runs {
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
    workload: u64,
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
        let kept = |((program, workload), of): (&(Box<str>, u64), &Runs)| KeptRuns {
            program: program.clone(),
            workload: *workload,
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
            if !is_short(&program) {
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
