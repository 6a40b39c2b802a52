//! What one run did that another did not: from two recordings to the differences, the most telling first.
//!
//! ```text
//! records -> facts, acts in general form -> courses -> order ------.
//!            run, act                       course     order       compare -> sentence, differences
//! ```
//!
//! Two healthy runs of one program differ in nothing, or in how long they took: what is another in each run though the
//! program does the same has a general form.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`difference`] | what a comparison tells |
//! | [`act`] | what a program did to what |
//! | [`course`] | what a program did, in order |
//! | [`run`] | one run, counted |
//! | [`environment`] | how large an environment each program was given |
//! | [`order`] | where the courses of two runs part |
//! | [`compare`] | what one did that the other did not |
//! | [`sentence`] | the most telling difference in one sentence |

mod act;
mod compare;
mod course;
mod difference;
mod environment;
#[cfg(test)]
mod environment_tests;
mod order;
mod run;
mod sentence;
#[cfg(test)]
mod tests;

pub use difference::{Diff, Difference, Kind, Parting, RunText, Side, Slower};

use compare::Compared;
use rewind_recording::header::Header;
use rewind_recording::render::container_name;
use rewind_recording::render::units::counted;
use run::Run;
use std::collections::BTreeMap;

/// Most differences of one kind that are told.
const MAX_OF_KIND: usize = 12;
/// Most slow calls.
const MAX_SLOWER: usize = 5;

/// Compares two runs, each a header and its records.
#[must_use]
pub fn diff(a: (&Header, &[u8]), b: (&Header, &[u8])) -> Diff {
    let (a, b) = (Run::new(a.0, a.1), Run::new(b.0, b.1));
    let failed = match [&a, &b].map(|run| run.facts.ended_badly()) {
        [true, false] => Some(Side::A),
        [false, true] => Some(Side::B),
        _ => None,
    };
    // Of two that failed, or did not, the second is the one that is asked about.
    let side = failed.unwrap_or(Side::B);
    let culprit = if side == Side::A { a.culprit() } else { b.culprit() };
    let order = order::order(&a, &b, culprit.as_deref());
    let compared = Compared { a: &a, b: &b, order: &order, failed: side };
    let mut differences = compared.differences();
    let ends = [&a, &b].map(sentence::how);
    let differs = ends[0] != ends[1] || differences.iter().any(|difference| difference.sure);
    let answer = if differs || differences.is_empty() {
        sentence::sentence(&compared, &differences)
    } else {
        sentence::unsure(&differences)
    };
    let left_out = bound(&mut differences);
    let mut slower = compared.slower();
    slower.truncate(MAX_SLOWER);
    let runs = vec![text(&a), text(&b)];
    Diff {
        answer,
        differs,
        failed,
        runs,
        parting: order.parting.clone(),
        differences,
        left_out,
        slower,
        caveats: caveats(&a, &b, order.left_out),
    }
}

fn text(run: &Run<'_>) -> RunText {
    let coverage = &run.facts.header.coverage;
    RunText {
        container: container_name(&run.facts.header.container),
        ended: sentence::how(run),
        ran_ns: sentence::ran_ns(run),
        calls_held: coverage.calls_held,
        calls_overwritten: coverage.calls_overwritten,
    }
}

/// Keeps the first of each kind; how many go.
fn bound(differences: &mut Vec<Difference>) -> u64 {
    let before = differences.len();
    let mut kept = BTreeMap::<Kind, usize>::new();
    differences.retain(|difference| {
        let kept = kept.entry(difference.kind).or_default();
        *kept += 1;
        *kept <= MAX_OF_KIND
    });
    (before - differences.len()) as u64
}

/// What makes it less certain.
fn caveats(a: &Run<'_>, b: &Run<'_>, not_compared: usize) -> Vec<String> {
    let mut caveats = Vec::new();
    for (side, run) in [(Side::A, a), (Side::B, b)] {
        let letter = side.letter();
        let overwritten = run.facts.header.coverage.calls_overwritten;
        if overwritten > 0 {
            let gone = counted(overwritten, "call");
            caveats.push(format!("{gone} of {letter} overwritten: how often calls were made is not compared"));
        }
        if !run.held.decisive {
            caveats.push(format!(
                "not all of {letter} is held: it may have done what only {} shows",
                side.other().letter()
            ));
        }
        if let Some(malformed) = run.facts.timeline.malformed() {
            caveats.push(format!("records of {letter} behind some point cannot be read: {malformed}"));
        }
        if run.facts.timeline.is_empty() {
            caveats.push(format!("the recording of {letter} holds no records"));
        }
    }
    if a.facts.arch != b.facts.arch {
        caveats.push("they ran on processors of different kinds".to_owned());
    }
    if not_compared > 0 {
        caveats.push(format!("the order of {} was not compared", counted(not_compared as u64, "step")));
    }
    caveats
}
