//! What a header says of the failures of its recording.

use super::run::{Failed, GeneralForm, can_be_harmless};
use crate::builtin;
use crate::facts::{Facts, Failure};
use rewind_recording::header::HealthyFailure;
use rewind_recording::render::units::counted;
use std::collections::HashMap;

/// So many healthy runs of it have to have had it.
const MIN_RUNS: u32 = 2;
/// So many other workloads.
const MIN_WORKLOADS: u32 = 3;
/// So many times as often as in a healthy run it may be, in this one.
const MORE_OFTEN: u64 = 3;

/// What healthy runs had as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// How many runs, or other workloads.
    runs: u32,
    /// Not of the same workload.
    elsewhere: bool,
    /// How often it may be.
    most: u64,
}

impl Learned {
    pub(super) fn of(known: &HealthyFailure) -> Option<Self> {
        let HealthyFailure { runs, of, times, elsewhere, .. } = *known;
        let enough = runs >= if elsewhere { MIN_WORKLOADS } else { MIN_RUNS };
        // Three of four.
        let most_had_it = u64::from(runs) * 4 >= u64::from(of) * 3;
        let most = u64::from(times.max(1)).saturating_mul(MORE_OFTEN);
        (enough && most_had_it).then_some(Self { runs, elsewhere, most })
    }

    /// Of a failure that is several in general form: what holds of each.
    pub(crate) fn and(self, other: Self) -> Self {
        if other.runs < self.runs { other } else { self }
    }

    /// Whether so many times are as many as in healthy runs, about.
    pub(crate) const fn allows(&self, times: u64) -> bool {
        times <= self.most
    }

    /// "also in 12 runs that ended well".
    #[must_use]
    pub fn words(&self) -> String {
        match self.elsewhere {
            false => format!("also in {} that ended well", counted(self.runs.into(), "run")),
            true => format!("also in {} of the same program that ended well", counted(self.runs.into(), "workload")),
        }
    }
}

/// What is known of one recording's failures.
pub(crate) struct Known<'f, 'a> {
    facts: &'f Facts<'a>,
    form: Option<GeneralForm<'f, 'a>>,
    /// By what stands in the header; `None`: it was counted, and does not say that it does no harm.
    told: HashMap<Failed, Option<Learned>>,
}

impl<'f, 'a> Known<'f, 'a> {
    /// Of a recording.
    pub(crate) fn of(facts: &'f Facts<'a>) -> Self {
        let of = |known: &HealthyFailure| {
            let failed = Failed {
                program: known.program.as_str().to_owned(),
                call: known.call.as_str().to_owned(),
                errno: known.errno,
                subject: known.subject.as_str().to_owned(),
            };
            (failed, Learned::of(known))
        };
        Self { facts, form: None, told: facts.header.healthy.iter().map(of).collect() }
    }

    /// What is known of a failure, if healthy runs had it.
    pub(crate) fn learned(&mut self, failure: &Failure) -> Option<Learned> {
        if self.told.is_empty() {
            return None;
        }
        let failed = self.general(failure)?;
        self.told.get(&failed).cloned().flatten()
    }

    /// Whether nothing was learned of a failure, and healthy runs of the common runtimes have it.
    pub(crate) fn is_built_in(&mut self, failure: &Failure) -> bool {
        let Some(failed) = self.general(failure).filter(|failed| !self.told.contains_key(failed)) else { return false };
        let Failed { program, call, errno, subject } = &failed;
        can_be_harmless(failure) && builtin::has(program, call, *errno, subject)
    }

    fn general(&mut self, failure: &Failure) -> Option<Failed> {
        self.form.get_or_insert_with(|| GeneralForm::of(self.facts)).failed(failure)
    }
}
