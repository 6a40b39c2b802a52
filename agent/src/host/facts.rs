//! Facts on this host, read once, as plain data.

use super::btf::Error as BtfError;
use super::capability::Capabilities;
use super::cgroup::{self, Layout};
use super::needs;
use procfs::process::{LimitValue, MountInfo, Process, Status};
use procfs::{Current, Meminfo};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

/// A fact, or why it could not be learnt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact<T> {
    /// So it is.
    Known(T),
    /// It could not be learnt; the reason.
    Unknown(String),
}

impl<T> Fact<T> {
    /// The value, if it is known.
    pub(crate) const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// Whether it is known to be this.
    pub(crate) fn is(&self, value: &T) -> bool
    where
        T: PartialEq,
    {
        self.known() == Some(value)
    }

    fn map<U>(self, change: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(change(value)),
            Self::Unknown(reason) => Fact::Unknown(reason),
        }
    }
}

impl<T, E: Display> From<Result<T, E>> for Fact<T> {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(error) => Self::Unknown(error.to_string()),
        }
    }
}

/// What the kernel keeps from root (`kernel_lockdown(7)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lockdown {
    /// Nothing.
    None,
    /// Changing the running kernel.
    Integrity,
    /// Also reading its memory, which BPF programs do.
    Confidentiality,
}

/// The kernel's BTF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Btf {
    /// It is there, and meets the needs of these names ([`needs::in_running_kernel`]).
    Holds(BTreeSet<&'static str>),
    /// The kernel was built without it.
    Absent,
}

/// Everything that [`super::rules`] looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// `uname -m`.
    pub machine: String,
    /// `uname -r`.
    pub kernel_release: String,
    /// What this program was built for.
    pub built_for: &'static str,
    /// Effective user id.
    pub euid: Fact<u32>,
    /// Effective capabilities.
    pub capabilities: Fact<Capabilities>,
    /// The last capability that the kernel knows.
    pub last_capability: Fact<u8>,
    /// The process lives in the first user namespace; capabilities in another one do not count for BPF.
    pub first_user_namespace: Fact<bool>,
    /// Whether `/proc` has the numbers that the kernel side gives threads.
    pub first_pid_namespace: Fact<bool>,
    /// A seccomp filter is on this process; runtimes' default ones refuse `bpf()`.
    pub seccomp_filter: Fact<bool>,
    /// Lockdown.
    pub lockdown: Fact<Lockdown>,
    /// The kernel's BTF.
    pub btf: Fact<Btf>,
    /// The cgroup hierarchies.
    pub cgroups: Fact<Layout>,
    /// Where bpffs is mounted, if it is.
    pub bpffs: Fact<Option<PathBuf>>,
    /// Where tracefs is mounted, if it is.
    pub tracefs: Fact<Option<PathBuf>>,
    /// `kernel.unprivileged_bpf_disabled`.
    pub unprivileged_bpf_disabled: Fact<i64>,
    /// `kernel.perf_event_paranoid`.
    pub perf_event_paranoid: Fact<i64>,
    /// `net.core.bpf_jit_enable`.
    pub jit: Fact<i64>,
    /// `net.core.bpf_jit_harden`.
    pub jit_harden: Fact<i64>,
    /// `kernel.bpf_stats_enabled`.
    pub bpf_stats: Fact<bool>,
    /// `RLIMIT_MEMLOCK`, soft, bytes; `None`: no limit.
    pub memlock_bytes: Fact<Option<u64>>,
    /// CPUs that the kernel prepares per-CPU memory for.
    pub possible_cpus: Fact<u32>,
    /// The host's memory, bytes.
    pub memory_bytes: Fact<u64>,
}

impl Facts {
    /// Reads them. Takes a few milliseconds; needs no rights.
    #[must_use]
    pub(crate) fn gather() -> Self {
        let uname = rustix::system::uname();
        let me = Process::myself().map_err(|error| error.to_string());
        let status: Fact<Status> = each(&me, Process::status);
        let mounts: Fact<Vec<MountInfo>> = each(&me, Process::mountinfo).map(|mounts| mounts.0);
        Self {
            machine: uname.machine().to_string_lossy().into_owned(),
            kernel_release: uname.release().to_string_lossy().into_owned(),
            built_for: std::env::consts::ARCH,
            euid: status.clone().map(|status| status.euid),
            capabilities: status.clone().map(|status| Capabilities(status.capeff)),
            last_capability: number("/proc/sys/kernel/cap_last_cap"),
            first_user_namespace: is_first("user", FIRST_USER_NAMESPACE),
            first_pid_namespace: first_pid_namespace(),
            // SECCOMP_MODE_FILTER (`proc_pid_status(5)`).
            seccomp_filter: status.map(|status| status.seccomp == Some(2)),
            lockdown: lockdown(&mounts),
            btf: kernel_btf(),
            cgroups: cgroups(&mounts),
            bpffs: mounted(&mounts, "bpf"),
            tracefs: mounted(&mounts, "tracefs"),
            unprivileged_bpf_disabled: number("/proc/sys/kernel/unprivileged_bpf_disabled"),
            perf_event_paranoid: number("/proc/sys/kernel/perf_event_paranoid"),
            jit: number("/proc/sys/net/core/bpf_jit_enable"),
            jit_harden: number("/proc/sys/net/core/bpf_jit_harden"),
            bpf_stats: number::<i64>("/proc/sys/kernel/bpf_stats_enabled").map(|value| value != 0),
            memlock_bytes: each(&me, Process::limits).map(|limits| match limits.max_locked_memory.soft_limit {
                LimitValue::Unlimited => None,
                LimitValue::Value(bytes) => Some(bytes),
            }),
            possible_cpus: possible_cpus(),
            memory_bytes: Fact::from(Meminfo::current()).map(|memory| memory.mem_total),
        }
    }
}

/// Inode numbers of the first namespaces (`include/linux/proc_ns.h`).
const FIRST_USER_NAMESPACE: u64 = 0xEFFF_FFFD;
const FIRST_PID_NAMESPACE: u64 = 0xEFFF_FFFC;
const FIRST_CGROUP_NAMESPACE: u64 = 0xEFFF_FFFB;

/// Whether this process numbers processes as the kernel does; in a container without the host's PID
/// namespace, or in a node that is a container itself, it does not.
#[must_use]
pub(crate) fn first_pid_namespace() -> Fact<bool> {
    is_first("pid", FIRST_PID_NAMESPACE)
}

fn each<T>(me: &Result<Process, String>, ask: impl FnOnce(&Process) -> procfs::ProcResult<T>) -> Fact<T> {
    match me {
        Ok(me) => ask(me).into(),
        Err(reason) => Fact::Unknown(reason.clone()),
    }
}

/// `/proc/self/ns/<kind>` reads `<kind>:[<inode>]` (`namespaces(7)`).
fn is_first(kind: &str, first: u64) -> Fact<bool> {
    let path = format!("/proc/self/ns/{kind}");
    match fs::read_link(&path) {
        Ok(link) => Fact::Known(link.to_string_lossy() == format!("{kind}:[{first}]")),
        Err(error) => Fact::Unknown(format!("{path}: {error}")),
    }
}

fn number<T: std::str::FromStr>(path: &str) -> Fact<T> {
    match fs::read_to_string(path) {
        Ok(text) => text.trim().parse().map_err(|_| format!("{path} holds no number")).into(),
        Err(error) => Fact::Unknown(format!("{path}: {error}")),
    }
}

fn mounted(mounts: &Fact<Vec<MountInfo>>, fs_type: &str) -> Fact<Option<PathBuf>> {
    mounts.clone().map(|all| all.into_iter().find(|mount| mount.fs_type == fs_type).map(|mount| mount.mount_point))
}

fn cgroups(mounts: &Fact<Vec<MountInfo>>) -> Fact<Layout> {
    // A kernel without cgroup namespaces has only the first.
    let in_namespace = is_first("cgroup", FIRST_CGROUP_NAMESPACE).is(&false);
    mounts.clone().map(|all| cgroup::layout(all.iter(), in_namespace))
}

fn kernel_btf() -> Fact<Btf> {
    match needs::in_running_kernel() {
        Ok(names) => Fact::Known(Btf::Holds(names)),
        Err(BtfError::Read(error)) if error.kind() == ErrorKind::NotFound => Fact::Known(Btf::Absent),
        Err(error) => Fact::Unknown(error.to_string()),
    }
}

/// The file marks the mode with brackets: `none [integrity] confidentiality`. Where securityfs is
/// mounted and the file is not there, the kernel has no lockdown.
fn lockdown(mounts: &Fact<Vec<MountInfo>>) -> Fact<Lockdown> {
    let securityfs = match mounted(mounts, "securityfs") {
        Fact::Known(Some(mount)) => mount,
        Fact::Known(None) => return Fact::Unknown("securityfs is not mounted".to_owned()),
        Fact::Unknown(reason) => return Fact::Unknown(reason),
    };
    match fs::read_to_string(securityfs.join("lockdown")) {
        Ok(text) => lockdown_in(&text),
        Err(error) if error.kind() == ErrorKind::NotFound => Fact::Known(Lockdown::None),
        Err(error) => Fact::Unknown(format!("{}: {error}", securityfs.join("lockdown").display())),
    }
}

fn lockdown_in(text: &str) -> Fact<Lockdown> {
    match text.split_whitespace().find(|word| word.starts_with('[')) {
        Some("[none]") => Fact::Known(Lockdown::None),
        Some("[integrity]") => Fact::Known(Lockdown::Integrity),
        Some("[confidentiality]") => Fact::Known(Lockdown::Confidentiality),
        _ => Fact::Unknown("the kernel names a lockdown mode that Rewind does not know".to_owned()),
    }
}

/// `0-3,8-11` (`Documentation/admin-guide/cputopology.rst`).
fn possible_cpus() -> Fact<u32> {
    const PATH: &str = "/sys/devices/system/cpu/possible";
    match fs::read_to_string(PATH) {
        Ok(text) => cpus_in(text.trim()).ok_or_else(|| format!("{PATH} holds no list of CPUs")).into(),
        Err(error) => Fact::Unknown(format!("{PATH}: {error}")),
    }
}

fn cpus_in(list: &str) -> Option<u32> {
    list.split(',').try_fold(0_u32, |count, range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        count.checked_add(last.checked_sub(first)?.checked_add(1)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_in_brackets_is_the_one_in_force() {
        assert_eq!(lockdown_in("none [integrity] confidentiality\n"), Fact::Known(Lockdown::Integrity));
        assert_eq!(lockdown_in("[none] integrity confidentiality\n"), Fact::Known(Lockdown::None));
        assert!(lockdown_in("").known().is_none());
    }

    #[test]
    fn ranges_of_cpus_are_counted() {
        assert_eq!(cpus_in("0-1"), Some(2));
        assert_eq!(cpus_in("0,2-3,8-11"), Some(7));
        for bad in ["", "a", "3-1", "0-4294967295,0-4294967295"] {
            assert_eq!(cpus_in(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_every_linux_shows_is_known_here() {
        let facts = Facts::gather();
        assert!(facts.euid.known().is_some(), "{facts:?}");
        assert!(facts.capabilities.known().is_some(), "{facts:?}");
        assert!(facts.cgroups.known().is_some(), "{facts:?}");
        assert!(facts.possible_cpus.known().is_some_and(|count| *count > 0), "{facts:?}");
        assert!(facts.memory_bytes.known().is_some_and(|bytes| *bytes > 0), "{facts:?}");
        assert!(!facts.kernel_release.is_empty() && !facts.machine.is_empty(), "{facts:?}");
    }
}
