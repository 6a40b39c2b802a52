//! What Rewind needs of the kernel, as the kernel's own type information (BTF) shows it: the hooks, and what
//! the kernel side uses beside them. Never a version.

use super::btf::{Btf, Error};
use super::hooks::{Hook, hooks};
use std::collections::BTreeSet;

/// Something of the kernel's that Rewind uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A hook.
    Hook(&'static Hook),
    /// A kind of map, which has an enumerator in `enum bpf_map_type` (`include/uapi/linux/bpf.h`).
    Map {
        /// The enumerator.
        name: &'static str,
        /// The kind, as the end of "the kernel lacks …".
        what: &'static str,
    },
    /// An iterator, which has a function (`DEFINE_BPF_ITER_FUNC` in `include/linux/bpf.h`).
    Iterator {
        /// The function.
        name: &'static str,
        /// The iterator, as the end of "the kernel lacks …".
        what: &'static str,
    },
}

const TASK_STORAGE: Need = Need::Map { name: "BPF_MAP_TYPE_TASK_STORAGE", what: "BPF task storage" };
const TASKS: Need = Need::Iterator { name: "bpf_iter_task", what: "the BPF iterator over tasks" };

/// Everything that the kernel side uses.
pub(crate) fn needs() -> impl Iterator<Item = Need> {
    hooks().map(Need::Hook).chain([TASK_STORAGE, TASKS])
}

impl Need {
    /// A name that no other need has.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hook(hook) => hook.name,
            Self::Map { name, .. } | Self::Iterator { name, .. } => name,
        }
    }

    /// What it is, as the end of "the kernel lacks …".
    #[must_use]
    pub(crate) fn what(self) -> String {
        match self {
            Self::Hook(Hook { name, option: Some(option), .. }) => format!("the tracepoint {name} ({option})"),
            Self::Hook(Hook { name, option: None, .. }) => format!("the tracepoint {name}"),
            Self::Map { what, .. } | Self::Iterator { what, .. } => what.to_owned(),
        }
    }

    /// What is lost without it: a sentence. `None`: nothing can be recorded.
    #[must_use]
    pub(crate) const fn costs(self) -> Option<&'static str> {
        match self {
            Self::Hook(hook) => hook.without,
            Self::Map { .. } | Self::Iterator { .. } => None,
        }
    }

    fn is_in(self, btf: &Btf) -> bool {
        match self {
            Self::Hook(hook) => btf.has_tracepoint(hook.name),
            Self::Map { name, .. } => btf.enumerator("bpf_map_type", name).is_some(),
            Self::Iterator { name, .. } => btf.has_function(name),
        }
    }
}

/// A struct that is there only where BPF memory is counted against `RLIMIT_MEMLOCK`; later kernels
/// count it in the memory cgroup and dropped it (`include/linux/bpf.h`).
pub(crate) const MEMLOCK_ACCOUNTING: &str = "bpf_map_memory";

/// The names of the needs that the running kernel meets, and [`MEMLOCK_ACCOUNTING`] where it counts so.
///
/// # Errors
/// [`Error::Read`], [`Error::Malformed`]; both final.
pub(crate) fn in_running_kernel() -> Result<BTreeSet<&'static str>, Error> {
    Ok(held(&Btf::of_running_kernel()?))
}

fn held(btf: &Btf) -> BTreeSet<&'static str> {
    let met = needs().filter(|need| need.is_in(btf)).map(Need::name);
    met.chain(btf.size(MEMLOCK_ACCOUNTING).is_ok().then_some(MEMLOCK_ACCOUNTING)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_need_has_a_name_of_its_own() {
        let names: BTreeSet<_> = needs().map(Need::name).collect();
        assert_eq!(names.len(), needs().count());
        assert!(!names.contains(MEMLOCK_ACCOUNTING));
    }

    #[test]
    #[cfg_attr(not(has_btf), ignore = "this kernel shows no BTF")]
    fn what_every_kernel_with_containers_has_is_found_in_the_running_one() {
        let held = in_running_kernel().unwrap();
        for name in ["sys_enter", "sys_exit", "sched_process_exit", "cgroup_mkdir", "bpf_iter_task"] {
            assert!(held.contains(name), "{name} is not among {held:?}");
        }
    }

    #[test]
    fn what_the_kernel_lacks_is_said_with_the_option_that_it_takes() {
        let what = |name: &str| needs().find(|need| need.name() == name).map(Need::what);
        assert_eq!(what("sys_exit").as_deref(), Some("the tracepoint sys_exit (CONFIG_FTRACE_SYSCALLS)"));
        assert_eq!(what("mark_victim").as_deref(), Some("the tracepoint mark_victim"));
    }
}
