//! What one run did that the other did not: each kind of difference, the most telling first.

use super::act::{Act, Verb};
use super::difference::{Difference, Kind, Side, Slower};
use super::environment;
use super::order::Order;
use super::run::{Held, Run, Tally, longest, signal_text};
use crate::calls::{self, bits};
use crate::facts::Subject;
use rewind_recording::peer::beside;
use rewind_recording::render::units::counted;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Longer texts are cut: commands may be whole scripts.
const MAX_TEXT: usize = 300;
/// So many paths of one directory are told as one difference.
const MANY: usize = 3;
/// A call has to be made so much more often, and so many times more, to be told.
const MORE_OFTEN: u64 = 2;
const MORE_CALLS: u64 = 10;
/// A call has to take so much longer, and so long, to be told.
const LONGER: u64 = 3;
const LONG_NS: u64 = 100_000_000;
/// Whether such a call is made may be chance: where memory lies, who comes first, how long it takes.
const CHANCE: u64 = bits::MEMORY | bits::SIGNAL | bits::CLOCK | bits::IDLES | bits::WAITS_THREAD | bits::RESTORES;

/// Two runs that are compared.
pub(super) struct Compared<'r, 'a> {
    pub(super) a: &'r Run<'a>,
    pub(super) b: &'r Run<'a>,
    pub(super) order: &'r Order,
    /// Which of them is looked at for what went wrong: what happened late in it comes first.
    pub(super) failed: Side,
}

/// A difference, and what its place among its like goes by.
struct Found {
    difference: Difference,
    rank: Rank,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_unsure: bool,
    is_ordinary: bool,
    /// Of the run that did not fail.
    is_other: bool,
    is_elsewhere: bool,
    late: Reverse<u64>,
}

impl<'a> Compared<'_, 'a> {
    fn of(&self, side: Side) -> &Run<'a> {
        match side {
            Side::A => self.a,
            Side::B => self.b,
        }
    }

    /// What differs, in the order of kinds, the most telling of each first.
    pub(super) fn differences(&self) -> Vec<Difference> {
        let mut found = Vec::new();
        for side in [Side::A, Side::B] {
            self.outcomes(side, &mut found);
            self.errors(side, &mut found);
            self.signals(side, &mut found);
            self.ends(side, &mut found);
            self.commands(side, &mut found);
            self.acts(side, &mut found);
        }
        self.environment(&mut found);
        self.counts(&mut found);
        // Failures of an ordinary kind come behind all that is not.
        found.sort_by_key(|found| (found.rank.is_ordinary, found.difference.kind, found.rank));
        found.into_iter().map(|found| found.difference).collect()
    }

    /// A difference that one run alone has.
    fn found(&self, kind: Kind, side: Side, text: &str, tally: &Tally, lacks: impl Fn(Held) -> bool) -> Found {
        let counts = match side {
            Side::A => [tally.count, 0],
            Side::B => [0, tally.count],
        };
        let sure = !lacks(self.of(side.other()).held);
        let ordinary = tally.ordinary;
        let text = cut(&beside(text, &self.of(side).facts.header.peers));
        let rank = Rank {
            is_unsure: !sure,
            is_ordinary: ordinary,
            is_other: side != self.failed,
            is_elsewhere: false,
            late: Reverse(tally.last_ns),
        };
        let ktime_ns = Some(tally.first_ns);
        Found { difference: Difference { kind, side, text, counts, ktime_ns, ordinary, sure }, rank }
    }

    /// What both did and failed in `side` alone.
    fn outcomes(&self, side: Side, found: &mut Vec<Found>) {
        for (act, tally) in self.of(side).acts.iter().filter(|(_, tally)| tally.failures > 0) {
            let Some(other) = self.of(side.other()).acts.get(act).filter(|other| other.failures == 0) else { continue };
            let text = act.failed(tally.errno);
            // Ordinary or not: the other run had it.
            let tally = &Tally { ordinary: false, ..*tally };
            let mut outcome = self.found(Kind::Outcome, side, &text, tally, |held| !is_known(act, held));
            outcome.difference.counts = match side {
                Side::A => [tally.failures, other.count],
                Side::B => [other.count, tally.failures],
            };
            outcome.rank.is_elsewhere = !self.order.in_place.contains(act);
            found.push(outcome);
        }
    }

    fn errors(&self, side: Side, found: &mut Vec<Found>) {
        let other = self.of(side.other());
        for ((act, errno), tally) in &self.of(side).failures {
            let is_told = other.acts.get(act).is_some_and(|other| other.failures == 0);
            if !is_told && !other.failures.contains_key(&(act.clone(), *errno)) {
                found.push(self.found(Kind::Error, side, &act.failed(*errno), tally, |held| !held.decisive));
            }
        }
    }

    fn signals(&self, side: Side, found: &mut Vec<Found>) {
        let other = &self.of(side.other()).signals;
        for ((signal, program), tally) in self.of(side).signals.iter().filter(|(key, _)| !other.contains_key(key)) {
            let text = format!("{program} got {}", signal_text(*signal));
            found.push(self.found(Kind::Signal, side, &text, tally, |held| !held.decisive));
        }
    }

    fn ends(&self, side: Side, found: &mut Vec<Found>) {
        let other = &self.of(side.other()).ends;
        for ((what, how), tally) in self.of(side).ends.iter().filter(|(key, _)| !other.contains_key(key)) {
            found.push(self.found(Kind::End, side, &format!("{what} {how}"), tally, |held| !held.decisive));
        }
    }

    fn commands(&self, side: Side, found: &mut Vec<Found>) {
        let other = &self.of(side.other()).commands;
        for (command, tally) in self.of(side).commands.iter().filter(|(key, _)| !other.contains_key(*key)) {
            found.push(self.found(Kind::Program, side, &format!("ran {command}"), tally, |held| !held.decisive));
        }
    }

    /// Peers and paths that one run alone had to do with, and what went well at them; what failed is told as an error.
    fn acts(&self, side: Side, found: &mut Vec<Found>) {
        let other = self.of(side.other());
        let done = |run: &Run<'_>| -> BTreeSet<(Verb, Subject)> {
            run.acts.keys().map(|act| (act.verb(), act.subject.clone())).collect()
        };
        let others = done(other);
        let mut alone = BTreeMap::<(Verb, Subject), Tally>::new();
        for (act, tally) in &self.of(side).acts {
            let what = (act.verb(), act.subject.clone());
            // What a program that the other did not run has done says no more than that.
            let is_told = act.has(bits::RUNS) || !other.courses.contains_key(&act.program);
            if tally.failures < tally.count && !is_told && !others.contains(&what) {
                alone.entry(what).or_default().and(tally);
            }
        }
        let mut dirs = BTreeMap::<(Verb, String), Vec<(String, Tally)>>::new();
        for ((verb, subject), tally) in alone {
            let text = format!("{} {}", verb.words(), subject.text().unwrap_or_default());
            match &subject {
                Subject::Path(path) => {
                    let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
                    dirs.entry((verb, dir.to_owned())).or_default().push((text, tally));
                }
                _ => found.push(self.found(Kind::Peer, side, &text, &tally, |held| !held.decisive)),
            }
        }
        for ((verb, dir), of_dir) in dirs {
            let lacks = |held: Held| if verb == Verb::Opened { !held.decisive } else { !held.calls };
            if of_dir.len() > MANY {
                let mut together = Tally::default();
                of_dir.iter().for_each(|(_, tally)| together.and(tally));
                let text = format!("{} {} in {dir}", verb.words(), counted(of_dir.len() as u64, "file"));
                found.push(self.found(Kind::Path, side, &text, &together, lacks));
            } else {
                let each = of_dir.iter().map(|(text, tally)| self.found(Kind::Path, side, text, tally, lacks));
                found.extend(each);
            }
        }
    }

    fn environment(&self, found: &mut Vec<Found>) {
        let Some(larger) = environment::larger(self.a, self.b) else { return };
        let [a, b] = larger.bytes;
        let (side, at_ns) = if a > b { (Side::A, larger.at_ns[0]) } else { (Side::B, larger.at_ns[1]) };
        let tally = Tally { first_ns: at_ns, last_ns: at_ns, ..Tally::default() };
        let text = format!("ran {} with a far larger environment", larger.program);
        let mut environment = self.found(Kind::Environment, side, &text, &tally, |held| !held.decisive);
        environment.difference.counts = larger.bytes.map(u64::from);
        found.push(environment);
    }

    /// Calls that one run made far more often; nothing is said where some are not held.
    fn counts(&self, found: &mut Vec<Found>) {
        if !self.a.held.calls || !self.b.held.calls {
            return;
        }
        let (of_a, of_b) = (&self.a.facts.sums, &self.b.facts.sums);
        for name in of_a.keys().chain(of_b.keys().filter(|name| !of_a.contains_key(*name))) {
            let counts = [of_a, of_b].map(|sums| sums.get(name).map_or(0, |sums| sums.calls));
            let [a, b] = counts;
            let (more, fewer) = (a.max(b), a.min(b));
            // What calls of the first kinds were made on is told as paths and peers.
            let is_chance = calls::has(name, bits::FILE | bits::CONNECTS | bits::BINDS | CHANCE);
            let is_new = fewer == 0 && !is_chance;
            let is_internal = calls::has(name, bits::MEMORY | bits::WAITS_THREAD | bits::RESTORES);
            if is_internal || !is_new && (more / MORE_OFTEN < fewer.max(1) || more - fewer < MORE_CALLS) {
                continue;
            }
            let side = if a > b { Side::A } else { Side::B };
            let text = if fewer == 0 { format!("called {name}") } else { format!("called {name} more often") };
            let mut calls = self.found(Kind::Calls, side, &text, &Tally::default(), |_| false);
            calls.difference.counts = counts;
            calls.difference.ktime_ns = None;
            calls.rank.late = Reverse(more - fewer);
            found.push(calls);
        }
    }

    /// Calls whose longest took far longer in one run, the longest first.
    pub(super) fn slower(&self) -> Vec<Slower> {
        let (of_a, of_b) = (longest(&self.a.facts), longest(&self.b.facts));
        let both = of_a.into_iter().filter_map(|(call, a)| {
            let b = of_b.get(&call)?;
            let (longer, shorter) = (a.0.max(b.0), a.0.min(b.0));
            let subject = if a.0 > b.0 { &a.1 } else { &b.1 };
            let subject = subject.text().map(str::to_owned);
            let is_far = longer >= LONG_NS && longer / LONGER >= shorter;
            is_far.then_some(Slower { call, subject, longest_ns: [a.0, b.0] })
        });
        let mut slower: Vec<_> = both.collect();
        slower.sort_by_key(|slower| Reverse(slower.longest_ns.into_iter().max()));
        slower
    }

    /// The outcome that tells most: what went well in one run and failed in the other; the act, its errno, and whether
    /// both did it at the same point.
    pub(super) fn changed(&self) -> Option<(&Act, u16, bool)> {
        let failed = self.of(self.failed).acts.iter().filter(|(_, tally)| tally.failures > 0);
        let other = self.of(self.failed.other());
        let went_well = |act: &Act| other.acts.get(act).is_some_and(|other| other.failures == 0);
        let changed = failed.filter(|(act, _)| went_well(act) && is_known(act, other.held));
        let in_place = |act: &Act| self.order.in_place.contains(act);
        let best = changed.max_by_key(|(act, tally)| (!tally.ordinary, in_place(act), tally.last_ns));
        best.map(|(act, tally)| (act, tally.errno, in_place(act)))
    }
}

/// Whether what went well in a run of which that is held went well at the very same: a placeholder stands for many.
fn is_known(act: &Act, held: Held) -> bool {
    held.decisive || act.subject.text().is_none_or(|text| !text.contains('<'))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
