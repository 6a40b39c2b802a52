//! Scenario 4: descriptors run out.

use super::{Finding, phrase};
use crate::case::Case;
use rewind_recording::render::units::{counted, grouped};

/// `ENFILE`, `EMFILE`.
const FULL: [u16; 2] = [23, 24];

/// One finding for all calls that met the limit, told by the one that met it first: what fails
/// behind it, while the program looks for the words of its message, is no cause.
pub(super) fn rule(case: &Case<'_>) -> Vec<Finding> {
    let groups = || case.groups.iter().filter(|group| FULL.contains(&group.errno));
    let weight = groups().map(|group| group.weighed.weight).max().unwrap_or_default();
    let own = |tgid| case.culprit.is_none_or(|culprit| culprit == tgid);
    let Some(first) = groups().min_by_key(|group| (!own(group.tgid), group.first_ns)) else { return Vec::new() };
    let mut finding = Finding { weight, ..phrase::finding(case, "descriptors", first) };
    let others: u64 = groups().filter(|group| group.first != first.first).map(|group| group.count).sum();
    if others > 0 {
        finding.text += &format!(", and {} after it", counted(others, "more call"));
    }
    if let Some((what, count)) = most(case, first.tgid).filter(|(_, count)| *count > 1) {
        finding.text += &format!("; {} of those open are {what}", grouped(count));
    }
    vec![finding]
}

/// What most of the known descriptors of a process are.
fn most(case: &Case<'_>, tgid: u32) -> Option<(String, u64)> {
    crate::sections::kinds(case.descriptors(tgid)?).into_iter().next()
}
