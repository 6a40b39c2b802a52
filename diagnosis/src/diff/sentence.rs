//! The most telling difference of two runs as one sentence.

use super::act::failure;
use super::compare::Compared;
use super::difference::{Difference, Kind, Side};
use super::run::Run;
use crate::facts::Subject;
use rewind_recording::peer::beside;
use rewind_recording::render::units::{counted, duration, grouped};

/// What a run is called beside the other: "this one" is the one that failed.
struct Names {
    this: &'static str,
    other: &'static str,
}

impl Names {
    /// Runs of one container are called by their order.
    fn of(failed: &Run<'_>, other: &Run<'_>) -> Self {
        let (of_failed, of_other) = (failed.facts.header, other.facts.header);
        let is_one_container = of_failed.container.identity() == of_other.container.identity();
        let unix_ns = |header: &rewind_recording::header::Header| {
            header.born_ns.cast_signed().saturating_add(header.host.unix_offset_ns)
        };
        let other = match unix_ns(of_other).cmp(&unix_ns(of_failed)) {
            std::cmp::Ordering::Less if is_one_container => "the run before this one",
            std::cmp::Ordering::Greater if is_one_container => "the run after this one",
            _ => "the other run",
        };
        Self { this: "this one", other }
    }
}

/// The sentence.
pub(super) fn sentence(compared: &Compared<'_, '_>, differences: &[Difference]) -> String {
    let (failed, other) = match compared.failed {
        Side::A => (compared.a, compared.b),
        Side::B => (compared.b, compared.a),
    };
    let names = Names::of(failed, other);
    let said = changed(compared, &names)
        .or_else(|| first(compared.failed, &names, differences))
        .or_else(|| ends(failed, other, &names))
        .or_else(|| environment(compared.failed, &names, differences))
        .unwrap_or_else(|| if differences.is_empty() { same(compared) } else { others(differences) });
    capital(&beside(&said, &failed.facts.header.peers))
}

/// What went well in the other run, and failed in this one.
fn changed(compared: &Compared<'_, '_>, names: &Names) -> Option<String> {
    let (act, errno, is_in_place) = compared.changed()?;
    let at = if is_in_place { " at this point" } else { "" };
    let Names { this, other } = names;
    Some(match act.subject {
        Subject::Path(_) | Subject::Peer(_) => format!("{other} {}{at}; {this} {}.", act.past(), failure(errno)),
        _ => format!("{} went well in {other}; {this} {}.", act.name(), failure(errno)),
    })
}

/// The first difference, where it is not of an ordinary kind, nor an error of the run that did not fail.
fn first(failed: Side, names: &Names, differences: &[Difference]) -> Option<String> {
    let is_error = |kind| matches!(kind, Kind::Outcome | Kind::Error);
    let tells = |found: &&Difference| {
        !found.ordinary && found.kind < Kind::Environment && (found.side == failed || !is_error(found.kind))
    };
    let first = differences.iter().find(tells)?;
    let Names { this, other } = names;
    let (who, whom) = if first.side == failed { (this, other) } else { (other, this) };
    let text = &first.text;
    let held = if first.sure { "" } else { ", as far as its calls are held" };
    Some(match first.kind {
        Kind::Outcome | Kind::Error | Kind::Signal | Kind::End => format!("in {who} {text}; not in {whom}{held}."),
        _ => format!("{who} {text}; {whom} did not{held}."),
    })
}

/// They ended in different ways, and no more is known.
fn ends(failed: &Run<'_>, other: &Run<'_>, names: &Names) -> Option<String> {
    let [of_this, of_other] = [failed, other].map(|run| how(run).unwrap_or_else(|| "lives".to_owned()));
    let Names { this, other } = names;
    (of_this != of_other).then(|| format!("{other} {of_other}, {this} {of_this}; they did the same as far as is held."))
}

/// They did the same, and were not given the same.
fn environment(failed: Side, names: &Names, differences: &[Difference]) -> Option<String> {
    let found = differences.iter().find(|found| found.kind == Kind::Environment)?;
    let [a, b] = found.counts;
    let (larger, smaller) = (grouped(a.max(b)), grouped(a.min(b)));
    let Names { this, other } = names;
    let (who, whom) = if found.side == failed { (this, other) } else { (other, this) };
    Some(format!("{who} {}: {larger} bytes; {whom} with {smaller}.", found.text))
}

/// How a run ended, if it has.
pub(super) fn how(run: &Run<'_>) -> Option<String> {
    let ending = run.facts.ending.map(|ending| ending.words());
    ending.or_else(|| run.facts.header.died_ns.map(|_| "ended".to_owned()))
}

/// Nothing of what differs tells much.
fn others(differences: &[Difference]) -> String {
    format!("the runs differ in {} of little weight.", counted(differences.len() as u64, "thing"))
}

/// Each of them may only be one of what is held.
pub(super) fn unsure(differences: &[Difference]) -> String {
    let number = counted(differences.len() as u64, "thing");
    format!(
        "The runs may have done the same: {number} that one alone shows may be missing from what is held of the other."
    )
}

fn same(compared: &Compared<'_, '_>) -> String {
    let held = [compared.a, compared.b].map(|run| run.facts.header.coverage.calls_held);
    let took = [compared.a, compared.b].map(ran_ns);
    let calls =
        if held[0] == held[1] { counted(held[0], "call") } else { format!("{} and {} calls", held[0], held[1]) };
    match took {
        [Some(a), Some(b)] => {
            format!("the runs did the same: {calls} are held, in {} and {}.", duration(a), duration(b))
        }
        _ => format!("the runs did the same, as far as is held: {calls}."),
    }
}

/// How long a run took until its end, or until it was read.
pub(super) fn ran_ns(run: &Run<'_>) -> Option<u64> {
    let facts = &run.facts;
    let until_ns = facts.ending.map(|ending| ending.at_ns).or(facts.header.died_ns).unwrap_or(facts.header.read_ns);
    run.began_ns().map(|began_ns| until_ns.saturating_sub(began_ns))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
