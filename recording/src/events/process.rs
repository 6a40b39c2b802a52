//! Another process that an event names, in words.

use super::kind::Context;
use crate::task::{Pids, comm};
use std::fmt::Write as _;

/// Appends a process by name, number (the host's, and the container's or 0) and place: `kill[1234] in container web`.
pub(super) fn write_process(
    out: &mut String,
    name: &[u8; 16],
    (tgid, ns_tgid): (u32, u32),
    cgroup_id: u64,
    context: &Context<'_>,
) {
    let number = if context.pids == Pids::Container && ns_tgid != 0 { ns_tgid } else { tgid };
    let _ = write!(out, "{}[{number}]", comm(name));
    if let Some(place) = context.origins.place(cgroup_id).words() {
        let _ = write!(out, " {place}");
    }
}
