//! Which cgroups the events of a recording name.

use super::MAX_ORIGINS;
use crate::record::all;
use std::collections::BTreeSet;

/// The cgroups that records name besides their own, [`MAX_ORIGINS`] at most.
#[must_use]
pub fn named(records: &[u8], own: u64) -> BTreeSet<u64> {
    let events = all(records).map_while(Result::ok);
    let named = events.filter_map(|record| record.as_event()?.other_cgroup());
    named.filter(|id| *id != own && *id != 0).collect::<BTreeSet<_>>().into_iter().take(MAX_ORIGINS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::build;

    #[test]
    fn only_cgroups_of_others_are_to_be_explained() {
        let mut records = Vec::new();
        for cgroup in [7, 8, 0, 8] {
            build::sent(&mut records, 1, (5, 5), 9, (3, cgroup, "kill"));
        }
        assert_eq!(named(&records, 7).into_iter().collect::<Vec<_>>(), [8]);
    }
}
