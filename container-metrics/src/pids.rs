//! Threads (`cgroup-v2.rst`, "PID"): what the kernel numbers with a pid, so each thread counts.

use crate::hierarchies::Controller;
use crate::reading::{Reading, limit, number};
use crate::subject::Subject;
use rewind_otlp::metric::sheet::{Sheet, whole};

/// Threads of all its processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pids {
    /// How many there are.
    pub current: Option<u64>,
    /// How many there may be; `None`: as many as the host lets there be.
    pub limit: Option<u64>,
}

pub(crate) fn read(reading: &mut Reading<'_>) -> Pids {
    let at = reading.home(Controller::Pids);
    let current = reading.maybe(at, "pids.current", number);
    Pids { current, limit: reading.maybe(at, "pids.max", limit).flatten() }
}

pub(crate) fn metrics(pids: Pids, of: Subject, sheet: &mut Sheet<'_>) {
    for (name, description, number) in
        [("threads", "Threads", pids.current), ("threads.limit", "Threads that there may be", pids.limit)]
    {
        let name = format!("{}.{name}", of.own());
        sheet.up_down(&name, "{thread}", description, number.map(whole).unwrap_or_default());
    }
}
