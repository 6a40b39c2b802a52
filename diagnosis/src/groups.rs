//! Failed calls by what failed: one group a path, peer or descriptor and errno.

use crate::calls::{self, bits};
use crate::facts::{Facts, Failure, Subject};
use crate::healthy::{Known, Learned};
use crate::meaning::Meaning;
use crate::noise::{LOOK, Noise, noise};
use rewind_recording::call::RefusedBy;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// So many of the events of a group are looked at one by one.
const EARLIER: usize = 5;

/// What a failure is about. Each group is of one class, and the findings of a class are one rule's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A call that a filter or a tracer refused.
    Filtered,
    /// Memory that was not given.
    Memory,
    /// Descriptors that ran out.
    Descriptors,
    /// A name server.
    NameServer,
    /// Another peer, or a socket on its way to one.
    Peer,
    /// A file.
    File,
    /// None of these.
    Other,
}

impl Class {
    fn of(failure: &Failure) -> Self {
        match (failure.meaning(), &failure.subject) {
            (Meaning::Filtered, _) => Self::Filtered,
            (Meaning::OutOfMemory, _) => Self::Memory,
            (Meaning::OutOfDescriptors, _) => Self::Descriptors,
            (_, subject) if subject.is_name_server() && !calls::has(&failure.name, bits::BINDS) => Self::NameServer,
            (_, Subject::Peer(_)) => Self::Peer,
            _ if calls::has(&failure.name, bits::SETS_UP_SOCKET) => Self::Peer,
            (_, Subject::Path(_)) => Self::File,
            _ => Self::Other,
        }
    }
}

/// How the last words go with what failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Agreement {
    /// They tell the same.
    #[default]
    Same,
    /// They name it, and say more.
    More,
    /// They tell of something else, or of nothing.
    Other,
}

/// A weight and what it is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weighed {
    /// Whether something ties it to the end, if that is known.
    pub is_tied: bool,
    /// How the last words go with it.
    pub agreement: Agreement,
    /// The sum.
    pub weight: i32,
    /// In words.
    pub reasons: Vec<&'static str>,
}

impl Weighed {
    pub(crate) fn add(&mut self, when: bool, weight: i32, reason: &'static str) {
        if when {
            self.weight += weight;
            if !reason.is_empty() {
                self.reasons.push(reason);
            }
        }
    }
}

/// Calls that failed alike.
#[derive(Clone, Debug)]
pub struct Group {
    /// The call; of several, the last.
    pub name: Cow<'static, str>,
    /// What failed.
    pub subject: Subject,
    /// The second path of the last, of calls with two.
    pub to: Option<String>,
    /// How.
    pub errno: u16,
    /// Who refused it before the kernel began it, if somebody did.
    pub refused: Option<RefusedBy>,
    /// What that means.
    pub meaning: Meaning,
    /// What it is about.
    pub class: Class,
    /// How often.
    pub count: u64,
    /// The first and the last event.
    pub first: usize,
    /// The last event.
    pub last: usize,
    /// When it failed first.
    pub first_ns: u64,
    /// When it failed last.
    pub last_ns: u64,
    /// When it failed first in the process that it failed in last.
    pub own_first_ns: u64,
    /// How long the longest took.
    pub longest_ns: u64,
    /// The process that it failed in last.
    pub tgid: u32,
    /// The thread that it failed in last.
    pub tid: u32,
    /// Whether it was had later.
    pub recovered: bool,
    /// How ordinary it is.
    pub noise: Noise,
    /// Healthy runs had all of it as well, about as often.
    pub healthy: Option<Learned>,
    /// The first of its events, up to [`EARLIER`], each with its thread and when it failed.
    pub earlier: Vec<(usize, u32, u64)>,
    /// How likely it is the cause.
    pub weighed: Weighed,
}

impl Group {
    /// When the culprit's first failure of it began: what got no answer may be given up behind what is said of that.
    pub(crate) fn began_ns(&self) -> u64 {
        match self.meaning {
            Meaning::NoAnswer => self.own_first_ns.saturating_sub(self.longest_ns),
            _ => self.own_first_ns,
        }
    }

    fn of(failure: &Failure, noise: Noise, healthy: Option<Learned>) -> Self {
        let Failure { index, at_ns, duration_ns, tgid, tid, errno, recovered, .. } = *failure;
        Self {
            name: failure.name.clone(),
            subject: failure.subject.clone(),
            to: failure.to.clone(),
            errno,
            refused: failure.refused,
            meaning: failure.meaning(),
            class: Class::of(failure),
            count: 0,
            first: index,
            last: index,
            first_ns: at_ns,
            last_ns: at_ns,
            own_first_ns: at_ns,
            longest_ns: duration_ns,
            tgid,
            tid,
            recovered,
            noise,
            healthy,
            earlier: Vec::new(),
            weighed: Weighed::default(),
        }
    }

    fn add(&mut self, failure: &Failure, noise: Noise, healthy: Option<Learned>) {
        self.count += 1;
        self.healthy = self.healthy.take().zip(healthy).map(|(all, one)| all.and(one));
        if self.earlier.len() < EARLIER {
            self.earlier.push((failure.index, failure.tid, failure.at_ns));
        }
        self.longest_ns = self.longest_ns.max(failure.duration_ns);
        self.noise = self.noise.min(noise);
        if failure.at_ns >= self.last_ns {
            (self.name, self.meaning, self.class) = (failure.name.clone(), failure.meaning(), Class::of(failure));
            (self.last, self.last_ns) = (failure.index, failure.at_ns);
            self.to.clone_from(&failure.to);
            if self.tgid != failure.tgid {
                self.own_first_ns = failure.at_ns;
            }
            (self.tgid, self.tid, self.recovered) = (failure.tgid, failure.tid, failure.recovered);
        }
    }
}

/// What groups are told apart by: what failed, or where that is not known, which call.
fn key(failure: &Failure) -> (Subject, Cow<'static, str>, u16, bool) {
    let name =
        if failure.subject == Subject::Nothing || failure.refused.is_some() { failure.name.clone() } else { "".into() };
    (failure.subject.clone(), name, failure.errno, failure.refused.is_some())
}

/// All groups, not weighed yet.
pub(crate) fn of(facts: &Facts<'_>) -> Vec<Group> {
    let mut groups = BTreeMap::<_, Group>::new();
    let mut known = Known::of(facts);
    // Of a runtime that never ran the program, the step that failed tells.
    let runtime = facts.never_began().map(|(tgid, _)| tgid);
    for failure in facts.failures.iter().filter(|failure| Some(failure.tgid) != runtime) {
        let healthy = known.learned(failure);
        let noise = match noise(&failure.name, &failure.subject, failure.errno) {
            Noise::None if failure.is_look && failure.meaning() == Meaning::Missing => Noise::Probe(LOOK),
            Noise::None if known.is_built_in(failure) => Noise::Probe("healthy runs of the same runtime have it too"),
            noise => noise,
        };
        groups
            .entry(key(failure))
            .or_insert_with(|| Group::of(failure, noise, healthy.clone()))
            .add(failure, noise, healthy);
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    for group in &mut groups {
        group.healthy = group.healthy.take().filter(|healthy| healthy.allows(group.count));
    }
    groups
}
