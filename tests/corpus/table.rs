//! The table of a run, and what is asked of the whole.

use crate::trial::{Outcome, Verdict};
use anyhow::{Result, ensure};
use std::collections::BTreeMap;

/// Of a hundred programs, so many are right at least.
const RIGHT_OF_100: usize = 95;

fn count(outcomes: &[&Outcome], verdict: Verdict) -> usize {
    outcomes.iter().filter(|outcome| outcome.verdict == verdict).count()
}

/// By class, and the list of those that are not right, with what `why` said.
pub(crate) fn print(outcomes: &[Outcome]) {
    let mut classes: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        classes.entry(outcome.class).or_default().push(outcome);
        classes.entry("~").or_default().push(outcome);
    }
    println!("{:<10} {:>5} {:>5} {:>5} {:>12}", "CLASS", "RIGHT", "NONE", "WRONG", "TWIN'S CAUSE");
    for (class, of_it) in &classes {
        let [right, none, wrong] = [Verdict::Right, Verdict::None, Verdict::Wrong].map(|verdict| count(of_it, verdict));
        let twins = of_it.iter().filter(|outcome| outcome.twin.is_some()).count();
        let class = if *class == "~" { "all" } else { class };
        println!("{class:<10} {right:>5} {none:>5} {wrong:>5} {twins:>12}");
    }
    for outcome in outcomes.iter().filter(|outcome| outcome.verdict != Verdict::Right) {
        println!("\n{:?} {} ({}): {}", outcome.verdict, outcome.name, outcome.class, outcome.answer);
    }
    for (outcome, answer) in outcomes.iter().filter_map(|outcome| Some((outcome, outcome.twin.as_ref()?))) {
        println!("\nTwin {} ({}): {answer}", outcome.name, outcome.class);
    }
}

/// Holds the whole to its share of right answers.
pub(crate) fn hold(outcomes: &[Outcome], run: usize) -> Result<()> {
    let right = count(&outcomes.iter().collect::<Vec<_>>(), Verdict::Right);
    ensure!(right * 100 >= run * RIGHT_OF_100, "{right} of {run} are right: fewer than {RIGHT_OF_100} of 100");
    Ok(())
}
