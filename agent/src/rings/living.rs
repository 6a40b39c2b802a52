//! What the kernel says of a living container's threads: whether they run, sleep, wait for a disk or are stopped, and
//! whether their cgroup is frozen. Read when somebody asks for the recording, and never else.

use crate::host::facts::first_pid_namespace;
use procfs::process::{MountInfo, Process, Stat};
use rewind_recording::header::{Living, ThreadState};
use std::fs;
use std::path::Path;

/// What `/proc` says of the threads of a cgroup. `None`: it numbers processes otherwise than the records do, or has
/// nothing of them.
pub(crate) fn living(cgroup: &Path) -> Option<Living> {
    if !first_pid_namespace().is(&true) {
        return None;
    }
    let threads = fs::read_to_string(cgroup.join("cgroup.threads")).ok()?;
    let numbers: Vec<i32> = threads.lines().filter_map(|line| line.parse().ok()).collect();
    let by_v1 = || numbers.first().and_then(|tid| frozen_by_v1(*tid));
    let frozen = by_v1().filter(|frozen| *frozen).or_else(|| frozen(cgroup));
    let mut living = Living { frozen, ..Living::default() };
    let ticks_per_second = procfs::ticks_per_second();
    for tid in numbers {
        if living.threads.len() == Living::MAX_THREADS {
            living.left_out += 1;
        } else if let Some(state) = state(tid, ticks_per_second) {
            living.threads.push(state);
        }
    }
    Some(living)
}

/// `None`: it has ended, or may not be asked.
fn state(tid: i32, ticks_per_second: u64) -> Option<ThreadState> {
    let thread = Process::new(tid).ok()?;
    let tgid = thread.status().ok()?.tgid;
    let Stat { state, utime, stime, .. } =
        Process::new_with_root(format!("/proc/{tgid}/task/{tid}").into()).ok()?.stat().ok()?;
    let cpu_ms = utime.saturating_add(stime).saturating_mul(1000).checked_div(ticks_per_second)?;
    Some(ThreadState { tgid: u32::try_from(tgid).ok()?, tid: u32::try_from(tid).ok()?, state, cpu_ms })
}

/// Whether a thread is frozen by cgroup v1 (`Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst`), where it has
/// that controller.
fn frozen_by_v1(tid: i32) -> Option<bool> {
    const FREEZER: &str = "freezer";
    let groups = Process::new(tid).ok()?.cgroups().ok()?;
    let group = groups.into_iter().find(|group| group.controllers.iter().any(|name| name == FREEZER))?;
    let mounts = Process::myself().ok()?.mountinfo().ok()?;
    let is_its = |mount: &MountInfo| mount.fs_type == "cgroup" && mount.super_options.contains_key(FREEZER);
    let mount = mounts.into_iter().find(is_its)?;
    let dir = mount.mount_point.join(group.pathname.trim_start_matches('/'));
    Some(fs::read_to_string(dir.join("freezer.state")).ok()?.trim() == "FROZEN")
}

/// Whether a cgroup is frozen (`cgroup.freeze`, its own or that of one above).
pub(super) fn frozen(cgroup: &Path) -> Option<bool> {
    let events = fs::read_to_string(cgroup.join("cgroup.events")).ok()?;
    events.lines().find_map(|line| line.strip_prefix("frozen ")).map(|frozen| frozen == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_told_with_its_process_and_that_it_runs() {
        let tid = procfs::process::Process::myself().map(|process| process.pid());
        let found = tid.ok().and_then(|tid| state(tid, procfs::ticks_per_second()));
        let found = found.map(|found| (found.tgid, found.tid, "RSD".contains(found.state)));
        assert_eq!(found, Some((std::process::id(), std::process::id(), true)));
    }

    #[test]
    fn whether_a_cgroup_is_frozen_is_read_off_its_events() {
        let dir = std::env::temp_dir().join(format!("rewind-living-{}", std::process::id()));
        let events = dir.join("cgroup.events");
        fs::create_dir_all(&dir).unwrap();
        assert_eq!(frozen(&dir), None);
        for (text, is) in [("populated 1\nfrozen 1\n", true), ("populated 1\nfrozen 0\n", false)] {
            fs::write(&events, text).unwrap();
            assert_eq!(frozen(&dir), Some(is));
        }
        fs::remove_dir_all(&dir).unwrap();
    }
}
