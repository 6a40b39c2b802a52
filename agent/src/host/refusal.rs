//! Why nothing can be recorded on a host: the closed list, and which of its entries the facts show. Pure.

use super::capability::{Capability, listed};
use super::cgroup::Layout;
use super::facts::{Btf, Facts, Lockdown};
use super::needs::{Need, needs};
use thiserror::Error;

/// Why nothing can be recorded on this host. None passes by itself. As text: one line, what is
/// missing and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}; {}", self.what(), self.remedy())]
pub(crate) enum Refusal {
    /// There is no syscall table for it.
    Architecture {
        /// `uname -m`.
        machine: String,
        /// What this program was built for.
        built_for: &'static str,
    },
    /// The process may not load BPF programs.
    Capabilities {
        /// Those that it lacks.
        missing: Vec<Capability>,
        /// Its effective user.
        euid: Option<u32>,
    },
    /// It has them only within a user namespace.
    UserNamespace,
    /// The kernel does not let BPF programs read its memory.
    Lockdown,
    /// The kernel was built without BTF.
    NoBtf,
    /// The kernel lacks something that has no substitute.
    KernelLacks {
        /// What.
        what: String,
    },
    /// Only cgroup v1 is there.
    CgroupV1Only,
    /// No cgroups are there.
    NoCgroups,
}

impl Refusal {
    /// The part of the host.
    #[must_use]
    pub(crate) const fn subject(&self) -> &'static str {
        match self {
            Self::Architecture { .. } => "architecture",
            Self::Capabilities { .. } | Self::UserNamespace => "rights",
            Self::Lockdown => "lockdown",
            Self::NoBtf => "BTF",
            Self::KernelLacks { .. } => "kernel",
            Self::CgroupV1Only | Self::NoCgroups => "cgroups",
        }
    }

    /// What is missing; no full stop.
    #[must_use]
    pub(crate) fn what(&self) -> String {
        match self {
            Self::Architecture { machine, built_for } => {
                format!(
                    "Rewind knows the system calls of x86-64 and arm64, and this is {machine} (with a program built for {built_for})"
                )
            }
            Self::Capabilities { missing, euid: Some(0) } => format!("Rewind runs as root without {}", listed(missing)),
            Self::Capabilities { missing, euid: Some(euid) } => {
                format!("Rewind runs as user {euid}, not as root, and lacks {}", listed(missing))
            }
            Self::Capabilities { missing, euid: None } => format!("Rewind lacks {}", listed(missing)),
            Self::UserNamespace => "Rewind runs in a user namespace, where no capability allows BPF".to_owned(),
            Self::Lockdown => {
                "the kernel is locked down (confidentiality), so BPF programs may not read its memory".to_owned()
            }
            Self::NoBtf => "the kernel has no BTF (/sys/kernel/btf/vmlinux is not there)".to_owned(),
            Self::KernelLacks { what } => format!("the kernel lacks {what}"),
            Self::CgroupV1Only => {
                "this host has cgroup v1 alone, and containers are told apart by their v2 cgroups".to_owned()
            }
            Self::NoCgroups => {
                "no cgroup hierarchy is mounted here, and containers are told apart by their cgroups".to_owned()
            }
        }
    }

    /// What to do; no full stop.
    #[must_use]
    pub(crate) fn remedy(&self) -> String {
        match self {
            Self::Architecture { .. } => "use a host and a build of one of these two",
            Self::Capabilities { missing, .. } if missing.contains(&Capability::SysAdmin) => {
                "run it as root, or give it that capability"
            }
            Self::Capabilities { .. } => "run it as root, or give it CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN)",
            Self::UserNamespace => "run it outside of rootless containers",
            Self::Lockdown => "boot with lockdown=integrity or without lockdown",
            Self::NoBtf => "use a kernel that was built with CONFIG_DEBUG_INFO_BTF=y",
            Self::KernelLacks { .. } => "use a kernel that has it",
            Self::CgroupV1Only => "boot with systemd.unified_cgroup_hierarchy=1, or with a hybrid layout",
            Self::NoCgroups => "mount the host's cgroup2 hierarchy at /sys/fs/cgroup",
        }
        .to_owned()
    }
}

/// The first reason for which nothing can be recorded here, or `None`.
#[must_use]
pub(crate) fn refusal(facts: &Facts) -> Option<Refusal> {
    refusals(facts).into_iter().next()
}

/// All reasons for which nothing can be recorded here, what must be put right first in front.
#[must_use]
pub(crate) fn refusals(facts: &Facts) -> Vec<Refusal> {
    let mut all = Vec::new();
    if !architecture_is_known(&facts.machine, facts.built_for) {
        all.push(Refusal::Architecture { machine: facts.machine.clone(), built_for: facts.built_for });
    }
    let last = facts.last_capability.known().copied();
    let missing = facts.capabilities.known().map(|held| held.missing_for_bpf(last)).unwrap_or_default();
    if !missing.is_empty() {
        all.push(Refusal::Capabilities { missing, euid: facts.euid.known().copied() });
    }
    if facts.first_user_namespace.is(&false) {
        all.push(Refusal::UserNamespace);
    }
    if facts.lockdown.is(&Lockdown::Confidentiality) {
        all.push(Refusal::Lockdown);
    }
    if facts.btf.is(&Btf::Absent) {
        all.push(Refusal::NoBtf);
    }
    all.extend(
        lacking(facts).filter(|need| need.costs().is_none()).map(|need| Refusal::KernelLacks { what: need.what() }),
    );
    match facts.cgroups.known() {
        Some(Layout::V1Only) => all.push(Refusal::CgroupV1Only),
        Some(Layout::None) => all.push(Refusal::NoCgroups),
        Some(Layout::V2 { .. }) | None => {}
    }
    all
}

fn architecture_is_known(machine: &str, built_for: &str) -> bool {
    // personality(2) PER_LINUX32 makes uname name the 32-bit relative.
    let relatives: &[&str] = match built_for {
        "x86_64" => &["x86_64", "i386", "i486", "i586", "i686"],
        "aarch64" => &["aarch64", "arm64", "armv8l", "armv8b", "armv7l"],
        _ => &[],
    };
    relatives.contains(&machine)
}

/// Those of the needs that are known to be missing.
pub(super) fn lacking(facts: &Facts) -> impl Iterator<Item = Need> {
    let held = match facts.btf.known() {
        Some(Btf::Holds(names)) => Some(names),
        Some(Btf::Absent) | None => None,
    };
    needs().filter(move |need| held.is_some_and(|names| !names.contains(need.name())))
}
