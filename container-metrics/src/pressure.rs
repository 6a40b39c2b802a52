//! Pressure stall information of a cgroup, as of a host ([`rewind_host_metrics::pressure`]). Of v2 alone, and where the
//! kernel was told to (`psi=1`, `cgroup.pressure`).

use crate::reading::{Hierarchy, Reading};
use rewind_host_metrics::pressure::{Pressure, parse};

/// What is waited for.
const RESOURCES: [&str; 3] = ["cpu", "memory", "io"];

pub(crate) fn read(reading: &mut Reading<'_>) -> Vec<Pressure> {
    let of = |resource| reading.maybe(Hierarchy::V2, &format!("{resource}.pressure"), |text| parse(resource, text));
    RESOURCES.into_iter().filter_map(of).flatten().collect()
}
