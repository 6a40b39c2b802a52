//! What the kernel says of a living container's threads: whether they run, sleep, wait for a disk or are stopped, and
//! whether their cgroup is frozen, and how often its limit of CPU time has stopped it. Read when somebody asks for the recording, and never else.

use crate::clock;
use crate::host::facts::first_pid_namespace;
use procfs::process::{MountInfo, Process, Stat};
use rewind_container_metrics::Hierarchies;
use rewind_container_metrics::cpu::Cpu;
use rewind_recording::header::{CpuLimit, Living, ThreadState};
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
    let mut first = None;
    for tid in numbers {
        if living.threads.len() == Living::MAX_THREADS {
            living.left_out += 1;
        } else if let Some((state, began)) = state(tid, ticks_per_second) {
            first = first.into_iter().chain([began]).min();
            living.threads.push(state);
        }
    }
    let ticks = first.map(|first: u64| clock::boot_ticks(clock::now_ns()).saturating_sub(first));
    living.age_ms = ticks.and_then(|ticks| ticks.saturating_mul(1000).checked_div(ticks_per_second));
    Some(living)
}

/// The limit of CPU time of the cgroup of that path. One above it need not have stopped this one, nor in its life.
pub(crate) fn cpu_limit(hierarchies: &Hierarchies, path: &Path) -> Option<CpuLimit> {
    let Cpu { limit, periods, throttled_periods, throttled_ns, .. } = Cpu::read(hierarchies, path).ok()?;
    Some(CpuLimit {
        millicpus: (limit? * 1000.0).round() as u64,
        periods: periods?,
        throttled_periods: throttled_periods?,
        throttled_ns: throttled_ns?,
    })
}

/// A thread, and when it began, in ticks since the host's start. `None`: it has ended, or may not be asked.
fn state(tid: i32, ticks_per_second: u64) -> Option<(ThreadState, u64)> {
    let thread = Process::new(tid).ok()?;
    let tgid = thread.status().ok()?.tgid;
    let Stat { state, utime, stime, starttime, .. } =
        Process::new_with_root(format!("/proc/{tgid}/task/{tid}").into()).ok()?.stat().ok()?;
    let cpu_ms = utime.saturating_add(stime).saturating_mul(1000).checked_div(ticks_per_second)?;
    let (tgid, tid) = (u32::try_from(tgid).ok()?, u32::try_from(tid).ok()?);
    Some((ThreadState { tgid, tid, state, cpu_ms }, starttime))
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
        let found = found.map(|(found, _)| (found.tgid, found.tid, "RSD".contains(found.state)));
        assert_eq!(found, Some((std::process::id(), std::process::id(), true)));
    }

    #[test]
    fn a_limit_of_cpu_time_is_that_of_the_cgroup_and_of_none_above() {
        let dir = tempfile::tempdir().unwrap();
        let hierarchies = Hierarchies::default().with_unified(dir.path());
        let put = |path: &str, max: &str, stat: &str| {
            fs::create_dir_all(dir.path().join(path)).unwrap();
            fs::write(dir.path().join(path).join("cpu.max"), max).unwrap();
            fs::write(dir.path().join(path).join("cpu.stat"), format!("usage_usec 500\n{stat}")).unwrap();
        };
        let limit = || cpu_limit(&hierarchies, Path::new("/pod/app"));
        put("pod", "150000 100000", "nr_periods 40\nnr_throttled 30\nthrottled_usec 2000\nnr_bursts 0\n");
        for unread in ["max 100000", "max", "5000", "5000 0", "-1 100000", ""] {
            put("pod/app", unread, "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n");
            assert_eq!(limit(), None, "{unread}");
        }
        put("pod/app", "5000 100000\n", "nr_periods 21\nnr_throttled 20\nthrottled_usec 1\n");
        let own = CpuLimit { millicpus: 50, periods: 21, throttled_periods: 20, throttled_ns: 1_000 };
        assert_eq!(limit(), Some(own));
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
