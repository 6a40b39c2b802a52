//! The capabilities that matter here (`capabilities(7)`, `include/uapi/linux/capability.h`).

/// A capability, by the number of its bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Capability {
    /// Past the permissions of files, for reading.
    DacReadSearch = 2,
    /// Facts of other users' processes in `/proc`.
    SysPtrace = 19,
    /// Includes the two below; also mounts.
    SysAdmin = 21,
    /// Past `RLIMIT_MEMLOCK`.
    SysResource = 24,
    /// Tracing programs, and reading the kernel's memory from them.
    Perfmon = 38,
    /// Loading programs and making maps.
    Bpf = 39,
}

impl Capability {
    /// As the kernel spells it.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::DacReadSearch => "CAP_DAC_READ_SEARCH",
            Self::SysPtrace => "CAP_SYS_PTRACE",
            Self::SysAdmin => "CAP_SYS_ADMIN",
            Self::SysResource => "CAP_SYS_RESOURCE",
            Self::Perfmon => "CAP_PERFMON",
            Self::Bpf => "CAP_BPF",
        }
    }
}

/// A set of capabilities, as `/proc/self/status` shows it (`CapEff`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Capabilities(pub u64);

impl Capabilities {
    /// Whether the capability is in the set.
    #[must_use]
    pub(crate) const fn has(self, capability: Capability) -> bool {
        self.0 & (1 << capability as u8) != 0
    }

    /// What is missing for loading tracing programs: nothing with `CAP_SYS_ADMIN`, else `CAP_BPF` and
    /// `CAP_PERFMON` (`bpf_token_capable`, `perfmon_capable`). A kernel whose last capability is an
    /// older one knows only `CAP_SYS_ADMIN`.
    #[must_use]
    pub(crate) fn missing_for_bpf(self, last_known: Option<u8>) -> Vec<Capability> {
        if self.has(Capability::SysAdmin) {
            return Vec::new();
        }
        if last_known.is_some_and(|last| last < Capability::Bpf as u8) {
            return vec![Capability::SysAdmin];
        }
        [Capability::Bpf, Capability::Perfmon].into_iter().filter(|wanted| !self.has(*wanted)).collect()
    }
}

/// `CAP_BPF and CAP_PERFMON`.
#[must_use]
pub(crate) fn listed(capabilities: &[Capability]) -> String {
    capabilities.iter().map(|capability| capability.name()).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sys_admin_includes_what_bpf_needs() {
        assert_eq!(Capabilities(1 << 21).missing_for_bpf(Some(40)), []);
        assert_eq!(Capabilities(1 << 39 | 1 << 38).missing_for_bpf(Some(40)), []);
    }

    #[test]
    fn what_is_missing_is_named_as_the_kernel_knows_it() {
        assert_eq!(listed(&Capabilities(0).missing_for_bpf(Some(40))), "CAP_BPF and CAP_PERFMON");
        assert_eq!(listed(&Capabilities(1 << 39).missing_for_bpf(None)), "CAP_PERFMON");
        assert_eq!(listed(&Capabilities(0).missing_for_bpf(Some(37))), "CAP_SYS_ADMIN");
    }
}
