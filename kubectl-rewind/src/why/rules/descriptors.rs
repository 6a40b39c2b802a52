//! Scenario 4: descriptors run out.

use super::{Finding, phrase};
use crate::why::case::Case;
use rewind_recording::render::units::grouped;

/// `ENFILE`, `EMFILE`.
const FULL: [u16; 2] = [23, 24];

/// One finding for all calls that met the limit: which of them came first says nothing.
pub(super) fn rule(case: &Case<'_>) -> Vec<Finding> {
    let mut groups = case.groups.iter().filter(|group| FULL.contains(&group.errno));
    let Some(heaviest) = groups.next() else { return Vec::new() };
    let mut finding = phrase::finding(case, "descriptors", heaviest);
    let others: u64 = groups.map(|group| group.count).sum();
    if others > 0 {
        finding.text += &format!(", and {} more calls", grouped(others));
    }
    if let Some((what, count)) = most(case, heaviest.tgid).filter(|(_, count)| *count > 1) {
        finding.text += &format!("; {} of those open are {what}", grouped(count));
    }
    vec![finding]
}

/// What most of the known descriptors of a process are.
fn most(case: &Case<'_>, tgid: u32) -> Option<(String, u64)> {
    super::super::sections::kinds(case.descriptors(tgid)?).into_iter().next()
}
