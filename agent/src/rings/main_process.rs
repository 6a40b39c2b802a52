//! Which process is the main one of a container that was there before the recorder.

use crate::host::facts::first_pid_namespace;
use procfs::process::Process;
use rewind_common::ring::UNKNOWN_MAIN;
use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// The main process of the cgroup with this directory: of those whose parent is in another, the one that
/// began first. 0: none is in it; [`UNKNOWN_MAIN`]: `/proc` does not tell.
pub(super) fn of(dir: &Path) -> u32 {
    let processes = fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default();
    let processes: HashSet<i32> = processes.lines().filter_map(|line| line.parse().ok()).collect();
    if processes.is_empty() {
        // Those that live below it are not looked through.
        let events = fs::read_to_string(dir.join("cgroup.events")).unwrap_or_default();
        return if events.contains("populated 1") { UNKNOWN_MAIN } else { 0 };
    }
    if !first_pid_namespace().is(&true) {
        return UNKNOWN_MAIN;
    }
    let stats = processes.iter().filter_map(|tgid| Process::new(*tgid).ok()?.stat().ok());
    let entered = stats.filter(|stat| !processes.contains(&stat.ppid));
    let first = entered.min_by_key(|stat| (stat.starttime, stat.pid));
    first.and_then(|stat| u32::try_from(stat.pid).ok()).unwrap_or(UNKNOWN_MAIN)
}
