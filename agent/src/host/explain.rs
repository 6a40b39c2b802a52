//! Why the kernel refused something of BPF: one sentence, from the error and the facts.
//!
//! The causes are those in `bpf(2)` and in `kernel/bpf/syscall.c`; where several fit, the facts
//! decide, and where they do not, the sentence names the candidates.

use super::facts::{Btf, Facts, Lockdown};
use super::refusal::{Refusal, refusals};
use super::rules;
use rustix::io::Errno;
use std::fmt;
use std::io;
use std::path::Path;

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation<'a> {
    /// `BPF_BTF_LOAD`, or reading the kernel's.
    LoadBtf,
    /// `BPF_MAP_CREATE`.
    CreateMap {
        /// Its name.
        name: &'a str,
        /// The memory that it takes, if that is known.
        bytes: Option<u64>,
    },
    /// `BPF_PROG_LOAD`.
    LoadProgram {
        /// Its name.
        name: &'a str,
    },
    /// `BPF_RAW_TRACEPOINT_OPEN`, `BPF_LINK_CREATE`.
    Attach {
        /// The program's name.
        name: &'a str,
        /// What it was to be attached to.
        hook: &'a str,
    },
    /// `BPF_OBJ_PIN`, `BPF_OBJ_GET`.
    Pin {
        /// Where.
        path: &'a Path,
    },
}

impl fmt::Display for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LoadBtf => f.write_str("load type information (BTF)"),
            Self::CreateMap { name, bytes: None } => write!(f, "make the BPF map {name}"),
            Self::CreateMap { name, bytes: Some(bytes) } => {
                write!(f, "make the BPF map {name} of {} KiB", bytes.div_ceil(1024))
            }
            Self::LoadProgram { name } => write!(f, "load the BPF program {name}"),
            Self::Attach { name, hook } => write!(f, "attach the BPF program {name} to {hook}"),
            Self::Pin { path } => write!(f, "pin to {}", path.display()),
        }
    }
}

/// Kernel-internal, but `bpf()` lets it out (`include/linux/errno.h`).
const ENOTSUPP: i32 = 524;

/// One sentence: what could not be done, why, and what to do where that is known.
#[must_use]
pub fn explain(operation: Operation<'_>, error: &io::Error, facts: &Facts) -> String {
    match cause(operation, error, facts) {
        Some(cause) => format!("Rewind could not {operation}: {cause} ({error})."),
        None => format!("Rewind could not {operation}: {error}."),
    }
}

fn cause(operation: Operation<'_>, error: &io::Error, facts: &Facts) -> Option<String> {
    if error.raw_os_error() == Some(ENOTSUPP) {
        return Some(unsupported(operation));
    }
    let program = matches!(operation, Operation::LoadProgram { .. });
    let map = matches!(operation, Operation::CreateMap { .. });
    Some(match Errno::from_io_error(error)? {
        Errno::PERM => not_permitted(operation, facts),
        Errno::ACCESS if program => "the kernel's verifier did not accept it; its log says where".to_owned(),
        Errno::ACCESS => not_permitted(operation, facts),
        Errno::INVAL | Errno::OPNOTSUPP => unsupported(operation),
        Errno::NOSYS => "the kernel was built without BPF".to_owned(),
        Errno::TOOBIG if map => "the map is larger than the kernel allows; choose a smaller budget".to_owned(),
        Errno::TOOBIG if program => {
            "the program is too complex for this kernel's verifier, or was given a field it does not know".to_owned()
        }
        Errno::TOOBIG => "the kernel does not know a field that was handed to it".to_owned(),
        Errno::NOMEM => {
            "there is not enough memory: the node's is used up, or the memory limit of Rewind's own cgroup is \
                         smaller than the budget for rings; choose a smaller budget or raise that limit"
                .to_owned()
        }
        Errno::NOENT => not_there(operation, facts),
        Errno::SRCH if program => "the kernel's type information lacks the hook that it is for".to_owned(),
        Errno::EXIST => "something is there already; is another agent running?".to_owned(),
        Errno::BUSY => "something else holds it".to_owned(),
        Errno::NOSPC if program => "the verifier's log did not fit".to_owned(),
        Errno::NOSPC | Errno::MFILE | Errno::NFILE => "a limit of the system is reached".to_owned(),
        _ => return None,
    })
}

/// `EPERM`: the rules know most causes; the rest cannot be told apart from here.
fn not_permitted(operation: Operation<'_>, facts: &Facts) -> String {
    if let Operation::Pin { .. } = operation {
        return "the place is not writable for Rewind, or is not in a bpffs".to_owned();
    }
    if let Some(refusal) =
        refusals(facts).into_iter().find(|refusal| matches!(refusal.subject(), "rights" | "lockdown"))
    {
        return refusal.to_string();
    }
    let memlock = rules::findings(facts).into_iter().find(|finding| finding.what.contains("RLIMIT_MEMLOCK"));
    if let (Operation::CreateMap { .. }, Some(finding)) = (operation, memlock) {
        return format!("{} {}", finding.what, finding.remedy.trim_end_matches('.'));
    }
    if facts.seccomp_filter.is(&true) {
        return "the seccomp filter on this process refuses bpf(); run Rewind unconfined".to_owned();
    }
    let locked = if matches!(facts.lockdown.known(), Some(Lockdown::None)) { "" } else { ", the kernel's lockdown" };
    format!("a security module{locked} or the container that Rewind runs in does not allow it")
}

/// `EINVAL`, `EOPNOTSUPP`, `ENOTSUPP`: the kernel does not know what it was asked for.
fn unsupported(operation: Operation<'_>) -> String {
    match operation {
        Operation::LoadBtf => "the kernel does not know a kind of type in it".to_owned(),
        Operation::CreateMap { .. } => "the kernel lacks this kind of map or one of its flags".to_owned(),
        Operation::LoadProgram { .. } => {
            "the kernel lacks a helper, an instruction or a hook that it uses; the verifier's log says which".to_owned()
        }
        Operation::Attach { hook, .. } => format!("the kernel cannot attach programs of this kind to {hook}"),
        Operation::Pin { .. } => "the place is not in a bpffs".to_owned(),
    }
}

fn not_there(operation: Operation<'_>, facts: &Facts) -> String {
    match operation {
        Operation::Attach { hook, .. } => format!("the kernel has no hook {hook}"),
        Operation::Pin { path } => match facts.bpffs.known() {
            Some(None) => "bpffs is not mounted; mount -t bpf bpf /sys/fs/bpf".to_owned(),
            _ => format!("the directory of {} is not there", path.display()),
        },
        Operation::LoadBtf if facts.btf.is(&Btf::Absent) => Refusal::NoBtf.to_string(),
        Operation::LoadBtf | Operation::LoadProgram { .. } | Operation::CreateMap { .. } => {
            "the kernel lacks something that it refers to".to_owned()
        }
    }
}
