//! Which names the running kernel's own type information (BTF) holds.
//!
//! All names of types, members and enumerators stand in one section of `/sys/kernel/btf/vmlinux`, so
//! a tracepoint that is built in shows as `btf_trace_<name>`, and a kind of map as
//! `BPF_MAP_TYPE_<NAME>` (`include/uapi/linux/btf.h`, `Documentation/bpf/btf.rst`).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use thiserror::Error;

/// Where the kernel shows its own BTF (`kernel/bpf/sysfs_btf.c`).
pub const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

const MAGIC: u16 = 0xeb9f;

/// Why the names could not be had. Asking again does not help.
#[derive(Debug, Error)]
pub enum BtfError {
    /// The file could not be read. `NotFound`: the kernel was built without `CONFIG_DEBUG_INFO_BTF`.
    #[error("{VMLINUX} cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// The file is not what it should be.
    #[error("{VMLINUX} is not BTF")]
    Malformed,
}

/// Something of the kernel's that Rewind uses, known by a name in BTF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The name whose presence shows it.
    pub name: &'static str,
    /// What it is, as the end of "the kernel lacks …".
    pub what: &'static str,
    /// `None`: nothing can be recorded without it. Else what is lost.
    pub costs: Option<&'static str>,
}

/// What the kernel side uses, as its plan of hooks has it. A `tp_btf` program of tracepoint X needs `btf_trace_X`.
pub const NEEDS: [Need; 12] = [
    Need { name: "btf_trace_sys_enter", what: "the tracepoint sys_enter (CONFIG_FTRACE_SYSCALLS)", costs: None },
    Need { name: "btf_trace_sys_exit", what: "the tracepoint sys_exit (CONFIG_FTRACE_SYSCALLS)", costs: None },
    Need { name: "btf_trace_cgroup_mkdir", what: "the tracepoint cgroup_mkdir (CONFIG_CGROUPS)", costs: None },
    Need { name: "btf_trace_cgroup_rmdir", what: "the tracepoint cgroup_rmdir (CONFIG_CGROUPS)", costs: None },
    Need { name: "btf_trace_sched_process_exit", what: "the tracepoint sched_process_exit", costs: None },
    Need {
        name: "btf_trace_signal_deliver",
        what: "the tracepoint signal_deliver",
        costs: Some("Signals are not recorded."),
    },
    Need {
        name: "btf_trace_signal_generate",
        what: "the tracepoint signal_generate",
        costs: Some("Senders of signals are not recorded."),
    },
    Need {
        name: "btf_trace_mark_victim",
        what: "the tracepoint mark_victim",
        costs: Some("Kills by the OOM killer are not recorded."),
    },
    Need {
        name: "btf_trace_sched_process_fork",
        what: "the tracepoint sched_process_fork",
        costs: Some("Forks are not recorded as events."),
    },
    Need {
        name: "btf_trace_sched_process_exec",
        what: "the tracepoint sched_process_exec",
        costs: Some("Execs are not recorded as events."),
    },
    Need { name: "BPF_MAP_TYPE_TASK_STORAGE", what: "BPF task storage", costs: None },
    Need {
        name: "bpf_iter_task",
        what: "the BPF iterator over tasks",
        costs: Some("Calls that a thread is blocked in are not shown."),
    },
];

/// A name that is there only where BPF memory is counted against `RLIMIT_MEMLOCK`; later kernels
/// count it in the memory cgroup and dropped this struct (`include/linux/bpf.h`).
pub const MEMLOCK_ACCOUNTING: &str = "bpf_map_memory";

/// Those of `wanted` that the running kernel's BTF holds.
///
/// # Errors
/// See [`BtfError`].
pub fn in_running_kernel(wanted: &[&'static str]) -> Result<BTreeSet<&'static str>, BtfError> {
    names(&fs::read(Path::new(VMLINUX))?, wanted)
}

/// Those of `wanted` that the BTF holds as names.
///
/// # Errors
/// [`BtfError::Malformed`] if the bytes are no BTF of this machine's byte order.
pub fn names(btf: &[u8], wanted: &[&'static str]) -> Result<BTreeSet<&'static str>, BtfError> {
    let section = strings(btf).ok_or(BtfError::Malformed)?;
    let wanted: BTreeSet<&'static str> = wanted.iter().copied().collect();
    let held = section.split(|byte| *byte == 0).filter_map(|name| std::str::from_utf8(name).ok());
    Ok(held.filter_map(|name| wanted.get(name).copied()).collect())
}

/// The string section: `btf_header` says where it is, counted from the header's end.
fn strings(btf: &[u8]) -> Option<&[u8]> {
    if u16::from_ne_bytes(btf.get(..2)?.try_into().ok()?) != MAGIC {
        return None;
    }
    let header_len = word(btf, 4)?;
    let start = header_len.checked_add(word(btf, 16)?)?;
    btf.get(start..start.checked_add(word(btf, 20)?)?)
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_ne_bytes(word.try_into().ok()?)).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use super::*;
    use proptest::prelude::*;

    fn btf(strings: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_ne_bytes().to_vec();
        bytes.extend([1, 0]);
        for word in [24, 0, 4, 4, u32::try_from(strings.len()).expect("short")] {
            bytes.extend(u32::to_ne_bytes(word));
        }
        bytes.extend([0; 4]);
        bytes.extend(strings);
        bytes
    }

    #[test]
    fn only_whole_names_count() {
        let found = names(
            &btf(b"\0btf_trace_sys_enter\0xbtf_trace_sys_exit\0"),
            &["btf_trace_sys_enter", "btf_trace_sys_exit"],
        );
        assert_eq!(found.expect("BTF"), BTreeSet::from(["btf_trace_sys_enter"]));
    }

    #[test]
    fn a_cut_file_is_named_as_such() {
        let whole = btf(b"\0int\0");
        for len in 0..whole.len() {
            assert!(matches!(names(whole.get(..len).expect("within"), &["int"]), Err(BtfError::Malformed)), "{len}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = names(&bytes, &["int"]);
            bytes.splice(0..0, MAGIC.to_ne_bytes());
            let _ = names(&bytes, &["int"]);
        }
    }
}
